import { expect, test } from 'vitest';
import { Bus, statement } from '../src/db/index.ts';
import type { Outbox } from '../src/requests/index.ts';
import { Observer } from '../src/runner/observer.ts';
import { lockNext } from '../src/runner/store.ts';
import { Transitions } from '../src/runner/transitions.ts';
import { storedRequests } from './support/stored.ts';

const DUE = statement('test-due', `select number from requests where state = 'unknown' and observe_at <= clock_timestamp()`);
const silent: Outbox = { enqueue: async () => {}, expireLater: async () => {}, remindLater: async () => {} };

test('whatever waits to be observed is taken up one after the other, however much it is', async () => {
  await using stored = await storedRequests();
  const { db } = stored;
  const bus = new Bus({ url: stored.url, database: db, onError: () => {} });
  const transitions = new Transitions({ db, bus, outbox: silent, onNews: () => {} });
  for (let count = 0; count < 25; count++) await stored.file({ resourceId: `thing-${count}` });
  const claimed = await db.transaction(async (tx) => {
    const rows = await lockNext(tx, 25);
    for (const row of rows) {
      const event = { type: 'claim', runId: crypto.randomUUID(), worker: 'one', leaseMs: 60_000 } as const;
      await transitions.apply(tx, row, { event, fence: true });
    }
    return rows;
  });
  for (const { number } of claimed) {
    await transitions.once(await stored.read(number), { type: 'dispatch', timeoutMs: 1000 });
    await transitions.once(await stored.read(number), { type: 'lose', message: 'gone', startWindowMs: 1000 });
  }
  const due = async (): Promise<number> => (await db.query(DUE)).length;
  expect(await due()).toBe(25);

  // Its action has gone from the catalogue: the answer is to ask again later.
  const world = { db, bus, transitions, catalog: { find: () => undefined }, windows: { startMs: 1000 }, leaseSeconds: 60 };
  const options = { ...world, onError: () => {} } as unknown as ConstructorParameters<typeof Observer>[0]; // all that it then uses
  const observer = new Observer(options);
  await observer.observeDue();
  await expect.poll(due).toBe(0);
  await observer.stop();
  await bus.close();
});
