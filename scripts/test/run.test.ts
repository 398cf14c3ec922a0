import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { processBirth } from '@guichet/postgres-server/process-birth';
import { afterEach, expect, test } from 'vitest';
import { PROJECT } from '../runtime.mjs';

const RUN = join(PROJECT, 'scripts/run.mjs');
const STUBBORN = join(PROJECT, 'scripts/test/fixtures/stubborn.mjs');

interface Running {
  readonly runner: ChildProcess;
  readonly exit: Promise<number | null>;
  /** The program and its child. */
  readonly pids: readonly number[];
  /** Lines of the program behind the first. */
  readonly lines: string[];
}

const started: number[] = [];
afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // Gone, as it should be.
    }
  }
});

/** Starts the program through a command whose last part is `run.mjs`, and waits until it stands. */
async function start(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const { npm_lifecycle_event: _, ...own } = process.env; // under npm test it is set
  const runner = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...own, ...env } });
  // The third pipe of stdio is typed as absent when stdio is a list of strings.
  const output: Interface = createInterface({ input: runner.stdout as NonNullable<typeof runner.stdout> });
  const lines: string[] = [];
  const [first] = (await once(output, 'line')) as [string]; // the fixture's first line
  output.on('line', (line) => lines.push(line));
  const pids = JSON.parse(first) as number[]; // two pids, by the fixture
  started.push(...pids, ...(runner.pid === undefined ? [] : [runner.pid]));
  return { runner, exit: once(runner, 'close').then(([code]) => code as number | null), pids, lines };
}

async function untilGone(pids: readonly number[]): Promise<void> {
  while (pids.some((pid) => processBirth(pid) !== undefined)) await sleep(20);
}

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  'passes %s on, once, gives the exit code, and leaves nothing',
  async (signal) => {
    const { runner, exit, pids, lines } = await start(process.execPath, [RUN, STUBBORN]);
    runner.kill(signal);
    runner.kill(signal); // Ctrl-C comes from the terminal and again from npm
    expect(await exit).toBe(5);
    expect(lines).toEqual([signal]);
    await untilGone(pids);
  },
);

test('takes everything down when it is killed with SIGKILL', async () => {
  const { runner, pids } = await start(process.execPath, [RUN, STUBBORN]);
  runner.kill('SIGKILL');
  await untilGone(pids);
});

test('takes everything down when it is killed with SIGKILL and the program does not hear SIGTERM', async () => {
  const { runner, pids } = await start(process.execPath, [RUN, STUBBORN, '--deaf']);
  runner.kill('SIGKILL');
  await untilGone(pids);
});

test('takes everything down when the npm that started it is killed with SIGKILL', async () => {
  // A process that waits for run.mjs, as npm does.
  const script = `require('node:child_process').spawn(process.execPath, ${JSON.stringify([RUN, STUBBORN])}, { stdio: 'inherit' })`;
  const { runner, pids } = await start(process.execPath, ['-e', script], { npm_lifecycle_event: 'start' });
  runner.kill('SIGKILL');
  await untilGone(pids);
});

test('goes on when the shell that started it without npm goes away', async () => {
  const script = `const child = require('node:child_process').spawn(process.execPath, ${JSON.stringify([RUN, STUBBORN])}, { stdio: 'inherit' }); setInterval(() => process.send?.(child.pid), 1000)`;
  const { runner, pids } = await start(process.execPath, ['-e', script]);
  runner.kill('SIGKILL');
  await once(runner, 'exit');
  await sleep(1_500); // three looks of the watch that must not be there
  expect(pids.map((pid) => processBirth(pid))).not.toContain(undefined);
});

test('ends what a program leaves in its group', async () => {
  const { exit, pids } = await start(process.execPath, [RUN, STUBBORN, '--leave']);
  expect(await exit).toBe(7);
  await untilGone(pids);
});

test('gives 128 and the number of the signal that a program died of', async () => {
  const { exit, pids } = await start(process.execPath, [RUN, STUBBORN]);
  process.kill(pids[0] ?? 0, 'SIGKILL');
  expect(await exit).toBe(137);
  await untilGone(pids);
});
