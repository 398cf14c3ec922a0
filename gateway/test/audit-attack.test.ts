import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { HeadFile, HeadOutput } from '../src/audit/destinations.ts';
import { HeadPublisher } from '../src/audit/publisher.ts';
import { headsAfter } from '../src/audit/sealed-log.ts';
import { verifyLog } from '../src/audit/verify-log.ts';
import type { Queryable, Statement } from '../src/db/index.ts';
import { type TestLog, testLog } from './support/sealed-log.ts';

/** What a superuser of the database tries, who holds no key. */
let log: TestLog;
let folder: string;
beforeEach(async () => {
  log = await testLog();
  folder = await mkdtemp(join(tmpdir(), 'guichet-attack-'));
});
afterEach(async () => {
  await log.close();
  await rm(folder, { recursive: true, force: true });
});

const CUT = `delete from audit_events where id > 4; delete from audit_heads where number > 2;
  update audit_tiles set hashes = substr(hashes, 1, 128)`;

test('a setting that says that old events are in an archive hides no edit of them', async () => {
  for (const count of [3, 3, 1]) await log.write(count);
  await log.tamper(`update audit_events set outcome = 'denied' where id = 2; delete from audit_events where id = 5;
    insert into audit_settings (name, value) values ('archived_to', '2')`);
  expect((await log.verify()).findings).toMatchObject([
    { kind: 'edited', ids: ['2'] },
    { kind: 'deleted', ids: ['5'] },
  ]);
});

test('an event that says to be of a transaction of the future is found, and does not keep the sealer busy', async () => {
  for (const count of [2, 2]) await log.write(count);
  await log.sql(`insert into audit_events (xid, at, type, actor_id, actor_name, outcome)
    values ('9000000000000000000', now() - interval '3 days', 'test.event', 'user:b', 'B', 'ok'),
      ('9000000000000000000', now(), 'test.event', 'user:b', 'B', 'ok')`);
  await log.sealer.seal();
  expect(await log.sealer.hasNews()).toBe(false);
  expect((await log.verify()).findings).toMatchObject([
    { kind: 'inserted', ids: ['5'] },
    { kind: 'inserted', ids: ['6'] },
  ]);
});

test('what is not sealed yet is not taken for a forgery', async () => {
  await log.write(2);
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
  expect((await log.verify()).findings).toEqual([]);
});

test('an end that is cut off while the sealer lives is not sealed over', async () => {
  for (const count of [2, 2, 2]) await log.write(count);
  await log.tamper(CUT);
  await expect(log.write(1)).rejects.toThrow('head 3, which was written here, is gone');
  await expect(log.write(1)).rejects.toThrow('head 3, which was written here, is gone');
  expect(await headsAfter(log.db, 0, 10)).toHaveLength(2);
});

test('a file that is ahead of a log that was cut and sealed on says so, and is left as it is', async () => {
  for (const count of [2, 2, 2]) await log.write(count);
  const path = join(folder, 'heads.jsonl');
  const file = new HeadFile(path);
  await file.append(await headsAfter(log.db, 0, 10));
  const before = await readFile(path, 'utf8');
  await log.tamper(CUT);
  const other = await log.anotherSealer();
  for (let count = 0; count < 3; count++) {
    await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
    await other.seal();
  }
  const errors: string[] = [];
  const publisher = new HeadPublisher({ ...log, destinations: [file], onError: (error) => errors.push(String(error)) });
  publisher.wake();
  await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 10_000 });
  expect(publisher.late).toMatchObject([{ destination: file.name, seconds: expect.toSatisfy((late: number) => late > 0) }]);
  await publisher.stop();
  expect(errors[0]).toContain('has head 3 of the audit log');
  expect(publisher.problem).toContain('has head 3 of the audit log');
  expect(await readFile(path, 'utf8')).toBe(before);
});

test('a clock that goes back by hours makes no honest event look put in, and is told of', async () => {
  await log.write(2);
  await log.sql(`create schema ahead;
    create function ahead.clock_timestamp() returns timestamptz language sql volatile
      as $$ select pg_catalog.clock_timestamp() + interval '3 hours' $$;
    do $$ begin execute format('alter database %I set search_path = ahead, public, pg_catalog', current_database()); end $$`);
  const ahead = await log.anotherSealer();
  await log.sql(`insert into audit_events (at, type, actor_id, actor_name, outcome)
    values (now() + interval '3 hours', 'test.event', 'user:b', 'B', 'ok')`);
  await ahead.seal();
  await log.write(2);
  await log.write(1);
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome) values ('test.event', 'user:b', 'B', 'ok')`);
  const { findings, notes, events } = await log.verify();
  expect(findings).toEqual([]);
  expect(events).toBe(6);
  expect(notes).toMatchObject([expect.stringMatching(/^The clock of the database went back: head 3 /)]);
  // What is older by far than even the new time was put in.
  await log.sql(`insert into audit_events (at, type, actor_id, actor_name, outcome)
    values (now() - interval '2 hours', 'test.event', 'user:b', 'B', 'ok')`);
  await log.sealer.seal();
  expect((await log.verify()).findings).toMatchObject([{ kind: 'inserted', ids: ['8'] }]);
});

test('standard output is told every head once, whoever seals', async () => {
  for (const count of [1, 1]) await log.write(count);
  const told: number[] = [];
  const publish = async (size: number): Promise<void> => {
    const output = new HeadOutput(log.db, (line) => void told.push(JSON.parse(line).number));
    const publisher = new HeadPublisher({
      ...log,
      destinations: [output],
      onError: (error) => told.push(String(error).length),
    });
    publisher.wake();
    await vi.waitFor(() => expect(told).toHaveLength(size), { timeout: 10_000 });
    await publisher.stop();
  };
  await publish(2);
  await log.write(1);
  await publish(3);
  expect(told).toEqual([1, 2, 3]);
});

test('a line that is no head, at the end of a file, does not end its being told', async () => {
  await log.write(1);
  const path = join(folder, 'heads.jsonl');
  const file = new HeadFile(path);
  await file.append(await headsAfter(log.db, 0, 10));
  await appendFile(path, 'not a head\n');
  await log.write(1);
  const publisher = new HeadPublisher({ ...log, destinations: [file], onError: () => {} });
  publisher.wake();
  await vi.waitFor(async () => expect((await file.last())?.number).toBe(2), { timeout: 10_000 });
  await publisher.stop();
});

test('what is sealed while the log is checked is left for the next time, and is no finding', async () => {
  for (const count of [2, 2]) await log.write(count);
  let isFirst = true;
  const db: Queryable = {
    query: async <Row extends object>(statement: Statement, values: readonly unknown[] = []) => {
      const rows = await log.db.query<Row>(statement, values);
      if (isFirst && statement.name === 'audit-heads-after') {
        isFirst = false;
        await log.write(3);
      }
      return rows;
    },
  };
  expect(await verifyLog(db)).toMatchObject({ heads: 2, events: 4, findings: [] });
  expect(await log.verify()).toMatchObject({ heads: 3, events: 7, findings: [] });
});

test('an event that says to be of a time between two pages of events, or has an id that none has, is found', async () => {
  await log.write(2);
  await log.sql(`insert into audit_events (type, actor_id, actor_name, outcome, at)
    select 'test.event', 'user:b', 'B', 'ok', clock_timestamp() - make_interval(secs => n * 0.0001) from generate_series(1, 5000) n`);
  await log.sealer.seal();
  await log.write(1);
  await log.tamper(`insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
    select -7, '1', max(at) - interval '1 microsecond', 'test.event', 'user:b', 'B', 'ok' from audit_events`);
  expect((await log.verify()).findings).toMatchObject([{ kind: 'unreadable' }]);
  await log.tamper(`delete from audit_events where id = -7; insert into audit_events (id, xid, at, type, actor_id, actor_name, outcome)
    select 9000, '1', max(at) - interval '1 microsecond', 'test.event', 'user:b', 'B', 'ok' from audit_events`);
  expect((await log.verify()).findings).toMatchObject([{ kind: 'inserted', ids: ['9000'] }]);
});

test('a file without a head says what to do, and half a first line is gone on with', async () => {
  const path = join(folder, 'heads.jsonl');
  const file = new HeadFile(path);
  await writeFile(path, 'not of this log\n');
  await expect(file.last()).rejects.toMatchObject({ remedy: expect.stringContaining('move it away') });
  await writeFile(path, '{"v":1,"log":"4f');
  expect(await file.last()).toBeUndefined();
  await log.write(2);
  const heads = await headsAfter(log.db, 0, 10);
  await file.append(heads);
  expect(await file.last()).toEqual(heads.at(-1));
});
