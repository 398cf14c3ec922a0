import type { RequestEvent } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Bus, type Database, statement } from '../src/db/index.ts';
import { applyChanges, type LifeEvent, type Outbox, type RequestRow } from '../src/requests/index.ts';
import { appendLines, leasesOver, lockLost, lockNext, renewLeases, renewObservations, takeUnknown } from '../src/runner/store.ts';
import { Transitions } from '../src/runner/transitions.ts';
import { type StoredRequests, storedRequests, takeAway } from './support/stored.ts';

let stored: StoredRequests;
let db: Database;
let transitions: Transitions;
let bus: Bus;
const news: string[] = [];
const silent: Outbox = { enqueue: async () => {}, expireLater: async () => {}, remindLater: async () => {} };
beforeAll(async () => {
  stored = await storedRequests();
  ({ db } = stored);
  bus = new Bus({ url: stored.url, database: db, onError: () => {} });
  await bus.start();
  transitions = new Transitions({ db, bus, outbox: silent, onNews: (message) => news.push(message) });
});
afterAll(async () => {
  await bus.close();
  await stored[Symbol.asyncDispose]();
});

const EVENTS = statement('test-events', 'select type from request_events where request = $1 order by number');
const typesOf = async (number: string): Promise<RequestEvent['type'][]> =>
  (await db.query<{ type: RequestEvent['type'] }>(EVENTS, [number])).map(({ type }) => type);

/** A request that this test's worker has claimed and dispatched. */
async function held(worker = 'worker-1'): Promise<RequestRow> {
  const { number } = await stored.file();
  await db.transaction(async (tx) => {
    for (const row of await lockNext(tx, 100)) {
      const event: LifeEvent = { type: 'claim', runId: crypto.randomUUID(), worker, leaseMs: 60_000 };
      await transitions.apply(tx, row, { event, fence: true });
    }
  });
  await transitions.once(await stored.read(number), { type: 'dispatch', timeoutMs: 1000 });
  return stored.read(number);
}

test('every claim raises the fencing token', async () => {
  const row = await held();
  expect(row).toMatchObject({ state: 'running', fencingToken: '1', worker: 'worker-1' });
});

test('the end that a stale worker reports matches no row, whatever it is', async () => {
  const row = await held();
  await takeAway(db, row.number);
  const failure = { code: 'run.failed', message: 'no', retryable: false };
  const ends: LifeEvent[] = [
    { type: 'succeed', output: { kind: 'text', text: 'done' } },
    { type: 'fail', failure },
    { type: 'lose', message: 'gone', startWindowMs: 1000 },
    { type: 'requeue', failure, delayMs: 0, startWindowMs: 1000, unsent: true },
  ];
  for (const event of ends) expect(await transitions.commit(row, event, () => true)).toBeUndefined();
  expect(news.at(-1)).toContain("'requeue' came too late");
  expect(await stored.read(row.number)).toMatchObject({ state: 'running', output: null, failure: null });
  expect(await typesOf(row.number)).toEqual(['request.submitted', 'request.started', 'request.dispatched']);
});

test('a statement with a stale token changes nothing and tells nothing', async () => {
  const row = await held();
  await takeAway(db, row.number);
  const told = [{ type: 'request.failed', data: {} }] as const;
  expect(await applyChanges(db, { row, changes: { state: 'failed' }, told })).toBe(false);
  expect(await typesOf(row.number)).not.toContain('request.failed');
});

test('what a stale worker hears is not written', async () => {
  const row = await held();
  const line = { type: 'run.log', at: new Date(), data: { level: 'info', message: 'here' } } as const;
  expect(await appendLines(db, row, [line])).toBe(true);
  await takeAway(db, row.number);
  expect(await appendLines(db, row, [line])).toBe(false);
  expect((await typesOf(row.number)).filter((type) => type === 'run.log')).toHaveLength(1);
});

test('a worker renews its own leases alone, and learns which are no longer its own', async () => {
  const mine = await held('worker-1');
  const others = await held('worker-2');
  const renewed = await renewLeases(db, { numbers: [mine.number, others.number], worker: 'worker-1', seconds: 60 });
  expect(renewed.map(({ number }) => number)).toEqual([mine.number]);
});

test('two workers that claim at once get different requests, and none waits for the other', async () => {
  const filed = await Promise.all(Array.from({ length: 6 }, () => stored.file()));
  await db.transaction(async (one) => {
    const first = await lockNext(one, 3);
    await db.transaction(async (two) => {
      const second = await lockNext(two, 100);
      const numbers = [...first, ...second].map(({ number }) => number);
      expect(first).toHaveLength(3);
      expect([...numbers].sort()).toEqual(filed.map(({ number }) => number).sort());
    });
  });
});

test('only a lease that is over can be found lost', async () => {
  const row = await held();
  const over = async (): Promise<string[]> => (await leasesOver(db, 100)).map(({ number }) => number);
  const locked = () => db.transaction(async (tx) => (await lockLost(tx, row.number))?.number);
  expect([await over(), await locked()]).toEqual([expect.not.arrayContaining([row.number]), undefined]);
  await renewLeases(db, { numbers: [row.number], worker: 'worker-1', seconds: -1 });
  expect([await over(), await locked()]).toEqual([expect.arrayContaining([row.number]), row.number]);
});

test("an observation is one observer's alone as long as it is renewed, and then another's", async () => {
  const row = await held();
  await transitions.once(row, { type: 'lose', message: 'gone', startWindowMs: 1000 });
  const take = async (): Promise<RequestRow | undefined> =>
    (await takeUnknown(db, 100, 60)).find(({ number }) => number === row.number);
  const first = await take();
  expect(await take()).toBeUndefined();
  if (first === undefined) throw new Error('nobody may observe it');
  await renewObservations(db, [first], -1); // as if its observer had died a lease ago
  const second = await take();
  expect(Number(second?.fencingToken)).toBe(Number(first.fencingToken) + 1);
  await renewObservations(db, [first], -1); // the one before holds nothing any more
  expect(await take()).toBeUndefined();
});
