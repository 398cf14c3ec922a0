import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { fileLedger, type LedgerIntent, type LedgerOutcome } from '../src/index.ts';
import { intentOf } from './calls.ts';

const CLAIMS = fileURLToPath(new URL('./claim-runs.ts', import.meta.url));
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-ledger-'));
  folders.push(folder);
  return join(folder, 'ledger');
}

const done: LedgerOutcome = {
  status: 'succeeded',
  finishedAt: new Date().toISOString(),
  result: 'sha256:00',
  receipt: 'v4.public.x',
  told: { output: { kind: 'text', text: 'done' } },
};

async function fileIn(folder: string): Promise<string> {
  const name = (await readdir(folder)).find((each) => each.endsWith('.jsonl'));
  return join(folder, name ?? '');
}

test('a run that was begun is refused after a restart too, and so is its grant for another run', async () => {
  const folder = await newFolder();
  const first = fileLedger(folder);
  const intent = intentOf();
  expect(await first.begin(intent)).toBe(true);
  await first.end(intent.run, done);
  const again = fileLedger(folder);
  expect(await again.begin(intent)).toBe(false);
  expect(await again.begin({ ...intent, run: 'another' })).toBe(false);
  expect(await again.begin({ ...intent, grant: 'another' })).toBe(false);
  expect(await again.find(intent.run)).toMatchObject({ ...done, handler: 'over' });
  expect((await stat(await fileIn(folder))).mode & 0o777).toBe(0o600);
});

test('of many that begin a run at once, in several processes, one gets it', async () => {
  const folder = await newFolder();
  fileLedger(folder);
  const runs = Array.from({ length: 50 }, (_, index) => `run-${index}`);
  const claim = async () => {
    const child = spawn(process.execPath, [CLAIMS], {
      env: { ...process.env, DATA: folder, RUNS: runs.join(',') },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await lines.next();
    return { child, won: async (): Promise<string[]> => JSON.parse((await lines.next()).value ?? '[]') };
  };
  const claims = await Promise.all([claim(), claim(), claim()]);
  for (const { child } of claims) child.stdin.write('go\n');
  const won = (await Promise.all(claims.map((each) => each.won()))).flat();
  expect(won.toSorted()).toEqual(runs.toSorted());
  const listed = await fileLedger(folder).list?.({ since: '2020-01-01T00:00:00Z', limit: '1000' });
  expect(listed?.entries.map(({ run }) => run).toSorted()).toEqual(runs.toSorted());
});

test('what a process that died had half written spoils no line but its own', async () => {
  const folder = await newFolder();
  const torn = fileLedger(folder);
  const [first, second] = [intentOf(), intentOf()];
  await torn.begin(first);
  await appendFile(await fileIn(folder), '\n{"t":"begin","id":"x","intent":{"gra');
  const ledger = fileLedger(folder);
  expect(await ledger.begin(first)).toBe(false);
  expect(await ledger.begin(second)).toBe(true);
  const page = await fileLedger(folder).list?.({ since: '2020-01-01T00:00:00Z' });
  expect(page).toMatchObject({ entries: [{ run: first.run }, { run: second.run }], damaged: 1 });
});

test('a ledger that was cut off while it was in use admits nothing any more', async () => {
  const folder = await newFolder();
  const ledger = fileLedger(folder);
  expect(await ledger.begin(intentOf())).toBe(true);
  await truncate(await fileIn(folder), 10);
  await expect(ledger.begin(intentOf())).rejects.toThrow(/cut it off/);
});

test('grants that are older than the ledger are refused: another one may have held them', async () => {
  const folder = await newFolder();
  const ledger = fileLedger(folder);
  expect(await ledger.begin(intentOf({ issuedAt: new Date(Date.now() - 1000) }))).toBe(false);
  await writeFile(join(folder, 'made-at'), 'yesterday\n');
  expect(() => fileLedger(folder)).toThrow(/made-at/);
});

test('a run that was closed never begins, and one that was begun cannot be closed', async () => {
  const ledger = fileLedger(await newFolder());
  const [begun, closed] = [intentOf(), intentOf()];
  await ledger.begin(begun);
  expect(await ledger.close(begun.run)).toBe(false);
  expect(await ledger.close(closed.run)).toBe(true);
  expect(await ledger.begin(closed)).toBe(false);
  const [one, other] = await Promise.all([ledger.begin(intentOf({ run: 'race' })), ledger.close('race')]);
  expect([one, other].filter(Boolean).length).toBeLessThanOrEqual(1);
});

test('a grant that lives across midnight is claimed once, whatever the clocks say', async () => {
  const folder = await newFolder();
  let time = Date.parse('2026-11-21T23:59:40Z');
  const ledger = fileLedger(folder, { now: () => time });
  const before = intentOf({ run: 'r', issuedAt: new Date('2026-11-21T23:59:59Z') });
  const after = intentOf({ run: 'r', issuedAt: new Date('2026-11-22T00:00:01Z') });
  time = Date.parse('2026-11-22T00:00:02Z');
  const both = await Promise.all([ledger.begin(before), ledger.begin(after)]);
  expect(both.filter(Boolean).length).toBeLessThanOrEqual(1);
  expect(await ledger.begin(after)).toBe(false);
  expect(await ledger.begin(before)).toBe(false);
});

test('lists page by page, and keeps files for as many days as it is told', async () => {
  const folder = await newFolder();
  let time = Date.parse('2026-08-01T12:00:00Z');
  const ledger = fileLedger(folder, { now: () => time, keepDays: 30 });
  const begin = () => ledger.begin(intentOf({ issuedAt: new Date(time) }));
  for (let day = 0; day < 3; day += 1, time += 86_400_000) for (let run = 0; run < 3; run += 1) await begin();
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.list?.({ since: '2026-08-01T00:00:00Z', limit: '2', ...(cursor !== undefined && { cursor }) });
    found.push(...(page?.entries ?? []).map(({ run }) => run));
    cursor = page?.next ?? undefined;
  } while (cursor !== undefined);
  expect(new Set(found).size).toBe(9);
  const second = { since: '2026-08-02T00:00:00Z', until: '2026-08-03T00:00:00Z' };
  expect((await ledger.list?.(second))?.entries).toHaveLength(3);
  time += 31 * 86_400_000;
  await begin();
  expect((await ledger.list?.({ since: '2026-08-01T00:00:00Z' }))?.entries).toHaveLength(1);
});

test('files of days that are over are read once to look for runs that are not there', async () => {
  const folder = await newFolder();
  let time = Date.parse('2026-08-01T12:00:00Z');
  const ledger = fileLedger(folder, { now: () => time });
  const intents: LedgerIntent[] = [];
  for (let day = 0; day < 5; day += 1, time += 86_400_000) {
    const intent = intentOf({ issuedAt: new Date(time) });
    expect(await ledger.begin(intent)).toBe(true);
    intents.push(intent);
  }
  time += 5 * 86_400_000;
  expect(await ledger.find('never')).toBeUndefined();
  for (const { run } of intents) expect(await ledger.find(run)).toMatchObject({ run });
  // Whoever reads it now cannot.
  const last = join(folder, '2026-08-05.jsonl');
  await rm(last);
  await mkdir(last);
  expect(await ledger.find('nor this')).toBeUndefined();
  expect(await ledger.find(intents[0]?.run ?? '')).toMatchObject({ run: intents[0]?.run });
});

describe('of a run that has no end in it, the ledger says', () => {
  const later = () => Date.now() + 3_600_000;

  test('that it runs as long as its process lives, whatever the time, and then that it is over', async () => {
    const folder = await newFolder();
    fileLedger(folder);
    const child = spawn(process.execPath, [CLAIMS], {
      env: { ...process.env, DATA: folder, RUNS: 'theirs', STAY: 'yes' },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    await lines.next();
    child.stdin.write('go\n');
    await lines.next();
    expect(await fileLedger(folder).find('theirs')).toMatchObject({ status: 'started', handler: 'running' });
    expect(await fileLedger(folder, { now: later }).find('theirs')).toMatchObject({ handler: 'running' });
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await fileLedger(folder).find('theirs')).toMatchObject({ handler: 'over' });
  });

  const elsewhere = { boot: 'another', space: 'pid:[1]', at: '1' };
  test.each<[string, object]>([
    ['in another container, with the same name and number', { born: elsewhere }],
    ['on another machine', { host: 'another', born: elsewhere }],
    ['of which nothing but its name and number is known', { born: undefined }],
  ])('nothing, when its time is over and its process was one %s', async (_where, by) => {
    const { folder, run } = await begunBy(by);
    expect(await fileLedger(folder).find(run)).toMatchObject({ handler: 'running' });
    expect(await fileLedger(folder, { now: later }).find(run)).toMatchObject({ handler: 'unknown' });
  });

  test.runIf(process.platform === 'linux')('that it is over when another process has its number now', async () => {
    const line = (await begunBy({})).line as { by: { born: object } };
    const { folder, run } = await begunBy({ born: { ...line.by.born, at: '1' } });
    expect(await fileLedger(folder).find(run)).toMatchObject({ handler: 'over' });
  });

  test('that it is over when this process could not write its end down', async () => {
    const folder = await newFolder();
    const ledger = fileLedger(folder);
    const intent = intentOf();
    const { run } = intent;
    await ledger.begin(intent);
    const path = await fileIn(folder);
    const text = await readFile(path);
    await truncate(path, 10);
    await expect(ledger.end(run, done)).rejects.toThrow(/cut it off/);
    await writeFile(path, text);
    expect(await fileLedger(folder).find(run)).toMatchObject({ status: 'started', handler: 'over' });
  });

  /** A run that a process with the number of this one has begun. */
  async function begunBy(by: object) {
    const folder = await newFolder();
    const ledger = fileLedger(folder);
    const intent = intentOf();
    expect(await ledger.begin(intent)).toBe(true);
    const path = await fileIn(folder);
    const line = JSON.parse(await readFile(path, 'utf8'));
    await writeFile(path, `\n${JSON.stringify({ ...line, by: { ...line.by, process: 'another', ...by } })}\n`);
    return { folder, run: intent.run, line: line as unknown };
  }
});
