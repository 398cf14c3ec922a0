import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/**
 * @typedef {object} Guard
 * @property {() => void} release Ends the guard; what it guards lives on.
 * @property {() => Promise<void>} end Ends what it guards, and comes back when that is done.
 */

/**
 * Lets a process, or a whole process group, be ended when this process dies in any way, SIGKILL included.
 * The signals are sent in their order, each given five seconds.
 *
 * Plain JavaScript: `scripts/run.mjs` uses it on whatever Node the machine has.
 *
 * @param {object} options
 * @param {number} options.target a pid, or the negative of a process group's
 * @param {NodeJS.Signals[]} options.signals
 * @param {number} [options.uid] runs the guard as another account
 * @param {number} [options.gid]
 * @returns {Guard}
 */
export function guardProcess({ target, signals, ...account }) {
  // Handed over as text: another account may not be able to read the file.
  const script = readFileSync(new URL('guard.sh', import.meta.url), 'utf8');
  const names = signals.map((signal) => signal.slice('SIG'.length));
  const guard = spawn('/bin/sh', ['-c', script, 'guichet-guard', String(target), ...names], {
    ...account,
    cwd: '/',
    detached: true, // its own session: Ctrl-C is for us, not for the guard
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = Promise.race([once(guard, 'exit'), once(guard, 'error')]).catch(() => undefined);
  guard.stdin.on('error', () => undefined); // it may be gone when it is released
  guard.unref();
  // A pipe to a child is a socket and can be unreferenced; the type says only Writable.
  if ('unref' in guard.stdin && typeof guard.stdin.unref === 'function') guard.stdin.unref();
  return {
    release: () => guard.stdin.end('release\n'),
    end: async () => {
      guard.ref();
      guard.stdin.end();
      await gone;
    },
  };
}
