import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} LockEntry one package of a lock file of npm
 * @property {string} [version]
 * @property {string} [integrity]
 * @property {boolean} [link]
 * @property {boolean} [optional]
 * @property {string[]} [os]
 * @property {string[]} [cpu]
 * @property {string[]} [libc]
 */

/** @param {string} file @returns {Map<string, LockEntry>} by their places, e.g. `node_modules/zod` */
function readLock(file) {
  const { packages } = JSON.parse(readFileSync(file, 'utf8'));
  return new Map(Object.entries(packages).filter(([place]) => place.includes('node_modules/')));
}

/**
 * Whether node_modules holds what package-lock.json says. npm notes there what it has installed, after it has finished.
 *
 * @param {string} project
 */
export function isInstalled(project) {
  const note = join(project, 'node_modules/.package-lock.json');
  if (!existsSync(note)) return false;
  const installed = readLock(note);
  const wanted = readLock(join(project, 'package-lock.json'));
  // Binaries for a platform that the lock was not made on are found by npm alone, and are not in the lock.
  for (const [place, { optional }] of installed) if (!wanted.has(place) && !optional) return false;
  for (const [place, entry] of wanted) {
    const present = installed.get(place);
    if (present === undefined ? !entry.optional : present.version !== entry.version || present.integrity !== entry.integrity)
      return false;
  }
  return missingPackages(project).length === 0;
}

/**
 * Packages for this very machine that are not there. npm calls it a success when one that is optional could not be
 * fetched; binaries for each platform are optional packages, and without its own nothing works.
 *
 * @param {string} project
 */
export function missingPackages(project) {
  const fits = (/** @type {LockEntry} */ entry) =>
    entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && !entry.libc;
  const optional = [...readLock(join(project, 'package-lock.json'))].filter(([, entry]) => entry.optional && fits(entry));
  return optional.map(([place]) => place).filter((place) => !existsSync(join(project, place, 'package.json')));
}
