/**
 * Makes a clone ready to run: a Node that is recent enough, the packages, what has to be built. Runs before `npm start`
 * and `npm test`, on any Node from 20 on, so: plain JavaScript, and nothing but Node's own modules. When all is done
 * already it costs some milliseconds.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bringNode } from './bring-node.mjs';
import { npm } from './npm.mjs';
import { isInstalled, missingPackages } from './packages.mjs';
import { PROJECT, projectNode, RUNTIME } from './runtime.mjs';
import { withLock } from './setup-lock.mjs';
import { SetupError, say, step } from './steps.mjs';

/** What is built, of which sources. */
const BUILDS = [
  {
    title: 'building the command line',
    workspace: 'cli',
    stamp: 'built',
    result: 'cli/dist/guichet.cjs',
    sources: ['package-lock.json', 'cli', 'client', 'contract'],
  },
  {
    title: 'building the console',
    workspace: 'portal',
    stamp: 'built-console',
    result: 'portal/dist/index.html',
    sources: ['package-lock.json', 'portal', 'client', 'contract'],
  },
];

async function setUp() {
  mkdirSync(RUNTIME, { recursive: true });
  await withLock({
    file: join(RUNTIME, 'setup.lock'),
    onWait: (holder) => say(`waiting for process ${holder}, which is setting up this folder`),
    work: async () => {
      await bringNode();
      if (!isInstalled(PROJECT)) await step('installing packages', install);
      for (const build of BUILDS) await buildWhenChanged(build);
    },
  });
}

/**
 * Not `npm ci`: it removes node_modules under whoever runs from it, and refuses a lock that was made where the registry
 * lacks the binaries of some platform. What it is good for, that nothing differs from the lock, is looked at afterwards.
 */
async function install() {
  // No install scripts: nothing here needs one, and a package that is taken over must not run code on set-up.
  const options = [
    '--no-save',
    '--ignore-scripts',
    '--include=dev',
    '--include=optional',
    '--prefer-offline',
    '--loglevel=error',
  ];
  await npm(projectNode(), ['install', ...options]);
  const missing = missingPackages(PROJECT);
  if (missing.length > 0)
    throw new SetupError(`npm left out ${missing.join(', ')}.`, 'Usually the network failed: run it again.');
  if (isInstalled(PROJECT)) return;
  throw new SetupError(
    'What npm has installed is not what package-lock.json says.',
    'After a change of dependencies run npm install and commit package-lock.json; otherwise remove node_modules and run it again.',
  );
}

/** @param {typeof BUILDS[number]} build */
async function buildWhenChanged({ title, workspace, stamp, result, sources }) {
  const file = join(RUNTIME, stamp);
  const hash = hashOf(sources);
  if (existsSync(join(PROJECT, result)) && existsSync(file) && readFileSync(file, 'utf8') === hash) return;
  await step(title, () => npm(projectNode(), ['run', 'build', '--workspace', workspace]));
  writeFileSync(file, hash);
}

/** @param {string[]} places files and folders, relative to the project */
function hashOf(places) {
  const hash = createHash('sha256').update(process.versions.node);
  for (const place of places)
    for (const file of filesIn(place)) hash.update(`\0${file}\0`).update(readFileSync(join(PROJECT, file)));
  return hash.digest('hex');
}

/** @param {string} place @returns {string[]} its files, sorted; those that are made of others or prove them left out */
function filesIn(place) {
  const entries = place.includes('.') ? undefined : readdirSync(join(PROJECT, place), { withFileTypes: true });
  if (entries === undefined) return [place];
  const kept = entries.filter(({ name }) => !['node_modules', 'dist', 'test'].includes(name));
  return kept.flatMap((entry) => (entry.isDirectory() ? filesIn(`${place}/${entry.name}`) : [`${place}/${entry.name}`])).sort();
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  say(error.message);
  say(error.remedy);
  process.exitCode = 78; // the exit code of the contract for what has to be set up first
}
