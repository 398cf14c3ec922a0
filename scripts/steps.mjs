import { spawn } from 'node:child_process';

/** What went wrong, and what to do next; shown without a stack trace. */
export class SetupError extends Error {
  /** @param {string} message @param {string} remedy */
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

/** @param {string} text */
export function say(text) {
  process.stderr.write(`guichet: ${text}\n`);
}

const QUIET_MS = 600;
const REMINDER_MS = 15_000;

/**
 * Does a step of the set-up, and tells of it when it takes longer than an instant.
 *
 * @template T
 * @param {string} title e.g. `installing packages`
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function step(title, work) {
  const started = Date.now();
  const seconds = () => ((Date.now() - started) / 1000).toFixed(1);
  let told = false;
  const tell = () => {
    say(told ? `still ${title} (${seconds()} s)` : `${title} ...`);
    told = true;
    timer = setTimeout(tell, REMINDER_MS);
  };
  let timer = setTimeout(tell, QUIET_MS);
  try {
    const result = await work();
    if (told) say(`${title}: done in ${seconds()} s`);
    return result;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Runs a program to its end, and gives what it wrote to standard output.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {Promise<{ code: number | null, stdout: string, stderr: string }>}
 */
export function runToEnd(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    const said = { stdout: '', stderr: '' };
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      child[name]?.setEncoding('utf8').on('data', (text) => {
        said[name] += text;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...said }));
  });
}
