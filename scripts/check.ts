/**
 * `npm test`: types, style, rules of import, then every test, then those in a browser; its last lines say again what failed, and
 * count. `npm test -- PATH` runs the tests of that path alone. One failed step does not stop the next.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { browserSpecs, runBrowserTests } from './browser-tests.ts';
import { chosenTests } from './chosen-tests.ts';
import { readHouse, sourceFiles } from './imports/read-house.ts';
import { violationsOf } from './imports/rules.ts';
import { longFiles } from './long-files.ts';
import { addResults, type Failure, formatResults, NO_RESULTS, type Results } from './results.ts';
import { PROJECT } from './runtime.mjs';
import { type VitestReport, vitestResults } from './vitest-results.ts';

const words = process.argv.slice(2);

/** Runs a program of node_modules on this Node, its output shown. Gives the exit code. */
async function runProgram(file: string, args: readonly string[], env: Record<string, string> = {}): Promise<number> {
  const command = [join(PROJECT, 'node_modules', file), ...args];
  const child = spawn(process.execPath, command, { cwd: PROJECT, stdio: 'inherit', env: { ...process.env, ...env } });
  // The group gets Ctrl-C as a whole; the program ends by itself, and then so do we.
  const [code] = (await once(child, 'exit')) as [number | null]; // null for a signal
  return code ?? 1;
}

function report(problems: readonly string[]): boolean {
  for (const problem of problems) process.stdout.write(`  ${problem}\n`);
  return problems.length === 0;
}

const STATIC_CHECKS: readonly (readonly [title: string, check: () => Promise<boolean> | boolean])[] = [
  ['types (tsc)', async () => (await runProgram('typescript/bin/tsc', ['-b'])) === 0],
  ['style (biome)', async () => (await runProgram('@biomejs/biome/bin/biome', ['check', '--error-on-warnings'])) === 0],
  ['imports', () => report(violationsOf(readHouse(PROJECT)).map(({ file, line, message }) => `${file}:${line} ${message}`))],
  ['length of files', () => report(longFiles(PROJECT, sourceFiles(PROJECT)))],
];

async function runTests(filters: readonly string[]): Promise<Results> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-report-'));
  const file = join(folder, 'vitest.json');
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const code = await runProgram('vitest/vitest.mjs', ['run', ...reporters, ...filters]);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    // The format of Vitest's JSON reporter.
    return vitestResults(text === undefined ? undefined : (JSON.parse(text) as VitestReport), code, PROJECT);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Does one step under a heading, and says how it went and how long it took. */
async function timed<T>(title: string, work: () => Promise<T> | T, passed: (result: T) => boolean): Promise<T> {
  const started = performance.now();
  process.stdout.write(`\n== ${title}\n`);
  const result = await work();
  process.stdout.write(
    `== ${title}: ${passed(result) ? 'ok' : 'FAILED'} in ${((performance.now() - started) / 1000).toFixed(1)} s\n`,
  );
  return result;
}

const noneFailed = ({ failures }: Results): boolean => failures.length === 0;

const brokenChecks: Failure[] = [];
if (words.length === 0) {
  for (const [title, check] of STATIC_CHECKS) if (!(await timed(title, check, Boolean))) brokenChecks.push({ title });
}
const { vitest, browser } = chosenTests(words, await browserSpecs());
if (vitest === undefined && browser === undefined) brokenChecks.push({ title: `no test is in ${words.join(', ')}` });

let results: Results = { ...NO_RESULTS, failures: brokenChecks };
if (vitest !== undefined) {
  results = addResults(results, await timed('tests (vitest)', () => runTests(vitest), noneFailed));
}
if (browser !== undefined) {
  results = addResults(results, await timed('pages (playwright)', () => runBrowserTests(browser, runProgram), noneFailed));
}
process.stdout.write(`\n${formatResults(results)}\n`);
process.exitCode = noneFailed(results) ? 0 : 1;
