import { closeSync, linkSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { processBirth } from '../postgres-server/process-birth.mjs';

/**
 * Does the work while no other process does work under the same lock. Waits for a living holder as long as it takes;
 * takes the lock over from a dead one.
 *
 * @template T
 * @param {object} options
 * @param {string} options.file the lock
 * @param {(holder: number) => void} options.onWait called once when another process holds the lock
 * @param {() => Promise<T>} options.work
 * @returns {Promise<T>}
 */
export async function withLock({ file, onWait, work }) {
  const mine = `${process.pid} ${processBirth(process.pid)}\n`;
  let told = false;
  while (!take(file, mine)) {
    const holder = holderOf(file);
    if (holder === 'dead') removeDead(file);
    else {
      if (!told && holder !== 'none') onWait(holder);
      told ||= holder !== 'none';
      await sleep(100);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/**
 * A link appears with its content or not at all: nobody ever sees a lock without its holder.
 *
 * @param {string} file
 * @param {string} mine
 */
function take(file, mine) {
  const candidate = `${file}.${process.pid}`;
  writeFileSync(candidate, mine);
  try {
    linkSync(candidate, file);
    return true;
  } catch (error) {
    if (isCode(error, 'EEXIST')) return false;
    throw error;
  } finally {
    rmSync(candidate, { force: true });
  }
}

/** @param {string} file @returns {number | 'dead' | 'none'} */
function holderOf(file) {
  try {
    const [pid = '', birth] = readFileSync(file, 'utf8').trim().split(' ');
    return processBirth(Number(pid)) === birth ? Number(pid) : 'dead';
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'none';
    throw error;
  }
}

/**
 * Removes the lock of a dead holder. Two processes may find it dead at once, and the slower one must not remove the
 * lock that the quicker one has taken since: so they look again, one at a time.
 *
 * @param {string} file
 */
function removeDead(file) {
  const turn = `${file}.takeover`;
  try {
    closeSync(openSync(turn, 'wx'));
  } catch (error) {
    if (!isCode(error, 'EEXIST')) throw error;
    // A turn takes less than a millisecond; one that is ten seconds old has lost its process.
    const age = Date.now() - (statSync(turn, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 10_000) rmSync(turn, { force: true });
    return;
  }
  try {
    if (holderOf(file) === 'dead') rmSync(file, { force: true });
  } finally {
    rmSync(turn, { force: true });
  }
}

/** @param {unknown} error @param {string} code */
function isCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
