import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root folder of the project. */
export const PROJECT = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

/** Folder of what set-up makes: the Node that is brought along, the lock, the stamp. Ignored by git. */
export const RUNTIME = join(PROJECT, '.runtime');

const BROUGHT_NODE = join(RUNTIME, 'node/bin/node');

/** Older ones cannot run the sources: they hold `await using`, and types to be stripped (docs/adr/0006). */
export const OLDEST_MAJOR = 24;

/** @param {string} version e.g. `20.11.1` */
export function isRecentEnough(version) {
  return Number.parseInt(version, 10) >= OLDEST_MAJOR;
}

/** The Node that runs the project: the one brought along when it is there, else the current one. */
export function projectNode() {
  return existsSync(BROUGHT_NODE) ? BROUGHT_NODE : process.execPath;
}
