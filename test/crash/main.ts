/** `npm run test:crash`: the long storm. `-- --help` lists its options. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { isClean, type StormReport, storm } from './storm.ts';

const HELP = `Kills gateways and a provider under load, again and again, and judges what is left.

  npm run test:crash
  npm run test:crash -- --kills 200 --seed 7

  --kills N     how many processes are killed; 1000
  --seed N      of all that is random here; a random one, which is printed. Processes are not clockwork: the same seed
                gives the same order of kills, faults and calls, not the same microseconds
  --clients N   how many clients file requests at a time; 6
  --report FILE where the report is written, as JSON; .data/crash-report.json
`;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
    clients: { type: 'string', default: '6' },
    report: { type: 'string', default: '.data/crash-report.json' },
    help: { type: 'boolean', default: false },
  },
});

/** A run of so many kills that misses a named point has failed: the failpoints, or the load, no longer come to it. */
const ENOUGH_FOR_ALL = 1000;

/** What went wrong in this process. It goes on: what the others did is judged all the same, and this is told beside it. */
const mishaps: string[] = [];
const onMishap = (error: unknown): void => {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (mishaps.length < 50) mishaps.push(text);
  process.stderr.write(`in the harness itself: ${text}\n`);
};

async function main(): Promise<void> {
  if (values.help) return void process.stdout.write(HELP);
  const [kills, seed, clients] = [values.kills, values.seed, values.clients].map(Number);
  if (!kills || seed === undefined || Number.isNaN(seed) || !clients)
    throw new Error('--kills, --seed and --clients are whole numbers');
  process.on('uncaughtException', onMishap).on('unhandledRejection', onMishap);
  process.stdout.write(`seed ${seed}, ${kills} kills\n`);
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({ dataDir, settings: { max_connections: '200' } });
  try {
    const database = await createDatabase(server.url);
    const report = await storm({
      databaseUrl: database.url,
      seed,
      kills,
      clients,
      pauseMs: 1200,
      settleMs: 15_000,
      toTheEnd: kills > 100,
      mishaps,
      onProgress: (line) => process.stdout.write(`${line}\n`),
    });
    await mkdir(dirname(values.report), { recursive: true });
    await writeFile(values.report, `${JSON.stringify(report, null, 2)}\n`);
    process.stdout.write(`${inWords(report)}\nThe whole report: ${values.report}\n`);
    const missed = kills >= ENOUGH_FOR_ALL ? notHit(report) : [];
    if (missed.length > 0) process.stdout.write(`FAILED: nobody died at ${missed.join('; ')}\n`);
    if (!isClean(report) || missed.length > 0) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

const notHit = ({ coverage }: StormReport): string[] =>
  Object.entries(coverage).flatMap(([point, count]) => (count === 0 ? [point] : []));

function inWords(report: StormReport): string {
  const { findings, killsOf, requests, coverage } = report;
  const list = (counts: Readonly<Record<string, number>>): string =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  const named = Object.entries(coverage);
  return [
    '',
    'kills  named point',
    ...named.map(([point, count]) => `${String(count).padStart(5)}  ${point}`),
    `${named.length - notHit(report).length} of ${named.length} named points were killed at`,
    '',
    `${report.kills} kills in ${report.seconds} s: ${list(killsOf)}; ${report.atRandom} at random, ${report.kills - report.atRandom} at points`,
    `faults of the link: ${list(report.linkFaults)}; sessions of the database cut: ${report.sessionsCut}`,
    `requests: ${list(requests)}; effects ${report.effects}; calls sent again: ${list(report.repeats)}`,
    `said by a person what became of them: ${report.resolved}; undone: ${report.undone}; times of schedules: ${list(report.firings)}`,
    `at rest after: ${report.restedAfterMs === null ? 'NEVER' : `${report.restedAfterMs} ms`}`,
    ...Object.entries(findings).flatMap(([what, found]) => [
      `${what}: ${found.length}`,
      ...found.slice(0, 10).map((line: string) => `  ${line}`),
    ]),
  ].join('\n');
}

await main();
process.exit(); // whatever is left open
