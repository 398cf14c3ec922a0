import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Bus, type Database, statement } from '../src/db/index.ts';
import { type LifeEvent, lockResource, type Outbox, type RequestRow } from '../src/requests/index.ts';
import { lockNext, whatIsDue } from '../src/runner/store.ts';
import { Transitions } from '../src/runner/transitions.ts';
import { type StoredRequests, storedRequests } from './support/stored.ts';

let stored: StoredRequests;
let db: Database;
let bus: Bus;
let transitions: Transitions;
const silent: Outbox = { enqueue: async () => {}, expireLater: async () => {}, remindLater: async () => {} };
beforeAll(async () => {
  stored = await storedRequests();
  ({ db } = stored);
  bus = new Bus({ url: stored.url, database: db, onError: () => {} });
  await bus.start();
  transitions = new Transitions({ db, bus, outbox: silent, onNews: () => {} });
});
afterAll(async () => {
  await bus.close();
  await stored[Symbol.asyncDispose]();
});

const LOSE: LifeEvent = { type: 'lose', message: 'gone', startWindowMs: 60_000 };
const DISPATCH: LifeEvent = { type: 'dispatch', timeoutMs: 60_000 };
const SETTLE: LifeEvent = {
  type: 'settle',
  observation: { status: 'succeeded', output: { kind: 'text', text: 'done' } },
  grantMs: 70_000,
  startWindowMs: 60_000,
  againMs: 1000,
};

/** Each test has a resource of its own. */
let resources = 0;
const fresh = () => ({ resourceId: `thing-${++resources}` });

async function claimed(row: RequestRow): Promise<RequestRow> {
  const event: LifeEvent = { type: 'claim', runId: crypto.randomUUID(), worker: 'worker-1', leaseMs: 60_000 };
  await transitions.commit(row, event, () => true);
  return stored.read(row.number);
}

async function dispatched(row: RequestRow): Promise<RequestRow> {
  const running = await claimed(row);
  expect(await transitions.once(running, DISPATCH)).toBe('running');
  return stored.read(row.number);
}

async function lostOn(resource: { resourceId: string }): Promise<RequestRow> {
  const row = await dispatched(await stored.file(resource));
  expect(await transitions.once(row, LOSE)).toBe('unknown');
  return stored.read(row.number);
}

const claimable = (): Promise<string[]> => db.transaction(async (tx) => (await lockNext(tx, 100)).map(({ number }) => number));

const WAITING = statement(
  'test-waiting',
  `select count(*)::int as count from pg_locks where locktype = 'advisory' and not granted
   and database = (select oid from pg_database where datname = current_database())`,
);
/** Comes back when somebody waits for the lock of a resource. Bounded by the time limit of the test. */
async function untilSomebodyWaits(): Promise<void> {
  while (((await db.query<{ count: number }>(WAITING))[0]?.count ?? 0) === 0) await new Promise((done) => setTimeout(done, 10));
}

describe('a resource with a run whose outcome is unknown', () => {
  test('lets no other run be claimed, and says for what they wait', async () => {
    const resource = fresh();
    const unknown = await lostOn(resource);
    const waits = await stored.file(resource);
    expect(waits.waitsFor).toBe(unknown.number);
    expect(await claimable()).not.toContain(waits.number);
    expect(await whatIsDue()(db)).toMatchObject({ queued: false });
  });

  test('holds up nobody on another resource, in another environment or of another type', async () => {
    const resource = fresh();
    await lostOn(resource);
    const others = [
      await stored.file(fresh()),
      await stored.file({ ...resource, environment: 'production' }),
      await stored.file({ ...resource, resourceType: 'other' }),
    ];
    expect(await claimable()).toEqual(expect.arrayContaining(others.map(({ number }) => number)));
    for (const { number } of others) await transitions.commit(await stored.read(number), cancel, () => true);
  });

  test('is free when the outcome is settled, and whoever claims is woken', async () => {
    const resource = fresh();
    const unknown = await lostOn(resource);
    const waits = await stored.file(resource);
    let rang = 0;
    const unsubscribe = bus.subscribe('queue', () => rang++);
    expect(await transitions.once(unknown, SETTLE)).toBe('succeeded');
    unsubscribe();
    expect(rang).toBe(1);
    expect((await stored.read(waits.number)).waitsFor).toBeNull();
    expect(await claimable()).toContain(waits.number);
  });

  test('puts back, unsent, what was claimed before it was lost', async () => {
    const resource = fresh();
    const running = await claimed(await stored.file(resource));
    await lostOn(resource);
    expect(await transitions.once(running, DISPATCH)).toBe('queued');
    expect(await stored.read(running.number)).toMatchObject({ dispatchedAt: null, expiresAt: running.expiresAt });
  });

  test('keeps nobody beyond the start window', async () => {
    const resource = fresh();
    await lostOn(resource);
    const late = await stored.file({ ...resource, window: { ms: -1000, from: new Date(0) } });
    expect(await claimable()).toContain(late.number);
    expect(await transitions.once(late, { type: 'expire' })).toBe('expired');
    const told = await db.query<{ data: unknown }>(EXPIRED, [late.number]);
    expect(told).toEqual([{ data: { was: 'queued', waitsFor: expect.stringMatching(/^REQ-/) } }]);
  });
});

const cancel: LifeEvent = { type: 'request_cancel', by: { id: 'user:nadia', name: 'Nadia' }, comment: '' };
const EXPIRED = statement('test-expired', `select data from request_events where request = $1 and type = 'request.expired'`);

describe('a dispatch and a loss on one resource at the same time', () => {
  test('a dispatch that waited for the loss has seen it, and sends nothing', async () => {
    const resource = fresh();
    const lost = await dispatched(await stored.file(resource));
    const next = await claimed(await stored.file(resource));
    const raced = await db.transaction(async (tx) => {
      await lockResource(tx, lost, 'alone');
      await transitions.apply(tx, lost, { event: LOSE });
      const dispatch = transitions.once(next, DISPATCH);
      await untilSomebodyWaits();
      return { dispatch }; // in an object, so that the transaction does not wait for it
    });
    expect(await raced.dispatch).toBe('queued');
  });

  test('a loss waits for the dispatches before it', async () => {
    const resource = fresh();
    const lost = await dispatched(await stored.file(resource));
    const next = await claimed(await stored.file(resource));
    const raced = await db.transaction(async (tx) => {
      await lockResource(tx, next, 'shared');
      const loss = transitions.once(lost, LOSE);
      await untilSomebodyWaits();
      expect(await transitions.apply(tx, next, { event: DISPATCH })).toBe('running');
      return { loss };
    });
    expect(await raced.loss).toBe('unknown');
    expect((await stored.read(next.number)).dispatchedAt).not.toBeNull();
  });

  test('two dispatches do not wait for each other', async () => {
    const resource = fresh();
    const one = await claimed(await stored.file(resource));
    const two = await claimed(await stored.file(resource));
    await db.transaction(async (tx) => {
      await lockResource(tx, one, 'shared');
      expect(await transitions.once(two, DISPATCH)).toBe('running');
    });
  });
});
