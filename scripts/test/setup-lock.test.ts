import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processBirth } from '@guichet/postgres-server/process-birth';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PROJECT } from '../runtime.mjs';
import { withLock } from '../setup-lock.mjs';

let folder: string;
let file: string;
let log: string;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-lock-'));
  file = join(folder, 'setup.lock');
  log = join(folder, 'log');
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await rm(folder, { recursive: true });
});

function hold(...mode: string[]): ChildProcess & { stdout: NonNullable<ChildProcess['stdout']> } {
  const fixture = join(PROJECT, 'scripts/test/fixtures/hold-lock.mjs');
  const child = spawn(process.execPath, [fixture, file, log, ...mode], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

async function said(child: { stdout: NonNullable<ChildProcess['stdout']> }): Promise<string> {
  return String((await once(child.stdout, 'data'))[0]);
}

test('lets one process in at a time, however many come', async () => {
  const processes = [1, 2, 3, 4, 5, 6].map(() => hold());
  await Promise.all(processes.map((child) => once(child, 'exit')));
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  expect(lines).toHaveLength(12);
  for (let line = 0; line < lines.length; line += 2) expect(lines[line + 1]).toBe(lines[line]?.replace('in', 'out'));
  expect(await readdir(folder)).toEqual(['log']);
});

test('says whom it waits for, and goes in when that one is killed', async () => {
  const first = hold('--forever');
  expect(await said(first)).toBe('holds\n');
  const second = hold();
  expect(await said(second)).toBe(`waits for ${first.pid}\n`);
  first.kill('SIGKILL');
  expect(await said(second)).toBe('holds\n');
});

test('takes over from a dead process even when many try at once', async () => {
  await writeFile(file, '2147483646 1\n');
  const processes = [1, 2, 3, 4].map(() => hold());
  await Promise.all(processes.map((child) => once(child, 'exit')));
  const lines = (await readFile(log, 'utf8')).trim().split('\n');
  for (let line = 0; line < lines.length; line += 2) expect(lines[line + 1]).toBe(lines[line]?.replace('in', 'out'));
  expect(lines).toHaveLength(8);
});

test('is not fooled by another process that has the pid of a dead holder', async () => {
  await writeFile(file, `${process.pid} ${Number(processBirth(process.pid)) - 1}\n`);
  expect(await withLock({ file, onWait: () => undefined, work: async () => 'done' })).toBe('done');
});

test('lets go when the work fails', async () => {
  const broken = withLock({ file, onWait: () => undefined, work: () => Promise.reject(new Error('no network')) });
  await expect(broken).rejects.toThrow('no network');
  expect(await readdir(folder)).toEqual([]);
});
