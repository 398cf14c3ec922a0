import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openCursor, SettledReader } from '../src/audit/index.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

let log: TestLog;
let reader: SettledReader;
beforeEach(async () => {
  log = await testLog();
  reader = new SettledReader({ db: log.db, name: 'sink:test', holder: 'test', leaseSeconds: 60 });
});
afterEach(() => log.close());

const EVENT = `insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`;

/** Ids of what is taken, batch by batch, until nothing comes any more. */
async function takenIds(limit = 100): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const batch = await reader.take(limit);
    await batch?.advance();
    if (batch === undefined || batch.events.length === 0) return ids;
    ids.push(...batch.events.map(({ id }) => id));
  }
}

test('a reader that begins now is told of an event that had its id before, and is committed later', async () => {
  await log.write(2);
  const late: pg.PoolClient = await log.db.pool.connect();
  await late.query('begin');
  await late.query(EVENT);
  await openCursor(log.db, 'sink:test', 'now');
  await log.sql(EVENT);
  expect(await takenIds()).toEqual([]);
  await late.query('commit');
  late.release();
  expect(await takenIds()).toEqual(['3', '4']);
});

test('a reader that begins now is not told of what is there, after a restore into another cluster either', async () => {
  await log.write(3);
  await openCursor(log.db, 'sink:test', 'now');
  await log.sql(`update audit_cursors set system = 'another' where name = 'sink:test'; ${EVENT}`);
  expect(await reader.take(100)).toMatchObject({ events: [] }); // it looks where to go on
  expect(await takenIds()).toEqual(['4']);
});

test('events are read by their ids over holes that are wider than a batch', async () => {
  await log.write(3);
  await log.sql(`select setval('audit_events_id_seq', 1000000); ${EVENT}; ${EVENT}`);
  await openCursor(log.db, 'sink:test', 'beginning');
  await log.sql(`update audit_cursors set system = 'another' where name = 'sink:test'`);
  expect(await reader.take(2)).toMatchObject({ events: [] });
  expect(await takenIds(2)).toEqual(['1', '2', '3', '1000001', '1000002']);
});
