import { spawn } from 'node:child_process';
import { isatty } from 'node:tty';
import { guardProcess } from '../postgres-server/guard.mjs';

/**
 * @typedef {object} Tree a program with everything that it starts in its process group
 * @property {number | undefined} pid
 * @property {(signal: NodeJS.Signals) => void} signal sends a signal to the whole group, as a terminal does
 * @property {Promise<number>} ended the exit code (128 + number for a signal), when nothing of the group runs any more
 */

/**
 * Starts a program in a process group of its own that does not outlive this process: not even when this one is
 * killed with SIGKILL. What the program leaves in its group when it ends is ended too.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} [options]
 * @returns {Tree}
 */
export function startTree(command, args, options = {}) {
  const child = spawn(command, args, {
    // A group that is not the terminal's may write to it, but not read from it.
    stdio: [isatty(0) ? 'ignore' : 'inherit', 'inherit', 'inherit'],
    ...options,
    detached: true,
  });
  const { pid } = child;
  if (pid === undefined) return { pid, signal: () => undefined, ended: failed(child) };
  const guard = guardProcess({ target: -pid, signals: ['SIGTERM', 'SIGKILL'] });
  const ended = new Promise((resolve) => {
    child.once('exit', async (code, signal) => {
      await guard.end();
      resolve(code ?? 128 + (SIGNAL_NUMBERS.get(signal ?? 'SIGTERM') ?? 0));
    });
  });
  return { pid, signal: (signal) => send(pid, signal), ended };
}

const SIGNAL_NUMBERS = new Map([
  ['SIGHUP', 1],
  ['SIGINT', 2],
  ['SIGQUIT', 3],
  ['SIGABRT', 6],
  ['SIGKILL', 9],
  ['SIGSEGV', 11],
  ['SIGTERM', 15],
]);

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<number>} */
function failed(child) {
  return new Promise((_, reject) => child.once('error', reject));
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function send(pid, signal) {
  try {
    process.kill(-pid, signal);
  } catch {
    // Gone already, which is what the signal is for.
  }
}
