import { readFile } from 'node:fs/promises';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dumpSchema, SCHEMA_HEAD } from '../src/db/dump-schema.ts';
import { knownMigrations, type Migration, migrate } from '../src/db/index.ts';

let database: TestDatabase;
let client: pg.Client;
beforeEach(async () => {
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  await client.end();
  await database.drop();
});

const migration = (number: number, { breaking = false, sql = `create table t${number} (x int)` } = {}): Migration => ({
  number,
  name: `${String(number).padStart(4, '0')}-test.sql`,
  breaking,
  sql,
  checksum: sql,
});
const tables = async (): Promise<string[]> =>
  (
    await client.query<{ name: string }>(`select tablename as name from pg_tables where schemaname = 'public' order by 1`)
  ).rows.map(({ name }) => name);

test('schema.sql is what the migrations make; node gateway/renew-schema.ts writes it anew', async () => {
  await migrate(database.url);
  const committed = await readFile(new URL('../schema.sql', import.meta.url), 'utf8');
  expect(committed, 'schema.sql is stale: run node gateway/renew-schema.ts').toBe(SCHEMA_HEAD + (await dumpSchema(client)));
});

test('the dump tells of every kind of change', async () => {
  await migrate(database.url);
  const before = await dumpSchema(client);
  for (const change of [
    'alter table tokens add column extra text',
    'alter table tokens alter column name drop not null',
    `alter table tokens alter column name set default 'x'`,
    'alter table tokens add constraint named check (length(name) > 0)',
    'create index extra on tokens (name)',
    'create table extra (x int)',
    'drop trigger audit_events_append_only on audit_events',
    `create function extra() returns int language sql as 'select 1'`,
  ]) {
    await client.query('begin');
    await client.query(change);
    expect(await dumpSchema(client), change).not.toBe(before);
    await client.query('rollback');
  }
  expect(await dumpSchema(client)).toBe(before);
});

test('gateways that start at once migrate once, and all come up', async () => {
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(database.url)));
  const all = (await knownMigrations()).map(({ name }) => name);
  expect(applied.filter((names) => names.length > 0)).toEqual([all]);
  const { rows } = await client.query('select name from migrations order by number');
  expect(rows.map(({ name }) => name)).toEqual(all);
});

test('the committed migrations are numbered without a gap', async () => {
  expect((await knownMigrations()).map(({ number }) => number)).toEqual((await knownMigrations()).map((_, index) => index + 1));
});

test('an older gateway refuses a schema that a newer one has broken', async () => {
  await migrate(database.url, [migration(1), migration(2, { breaking: true })]);
  await expect(migrate(database.url, [migration(1)])).rejects.toMatchObject({
    code: 'schema.too_new',
    message: expect.stringContaining('0002-test.sql'),
    remedy: expect.stringContaining('newer'),
  });
});

test('an older gateway works on with a schema that a newer one has only added to', async () => {
  await migrate(database.url, [migration(1), migration(2)]);
  expect(await migrate(database.url, [migration(1)])).toEqual([]);
});

test('a migration that was edited after it had been applied is refused', async () => {
  await migrate(database.url, [migration(1)]);
  await expect(migrate(database.url, [migration(1, { sql: 'create table other (x int)' })])).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringContaining('0001-test.sql'),
    remedy: expect.stringContaining('add a new one'),
  });
});

test('a migration that fails leaves nothing of itself, and those before it stay', async () => {
  const broken = migration(2, { sql: 'create table half (x int); select 1 / 0' });
  await expect(migrate(database.url, [migration(1), broken])).rejects.toThrow('division by zero');
  expect(await tables()).toEqual(['migrations', 't1']);
  expect(await migrate(database.url, [migration(1), migration(2)])).toEqual(['0002-test.sql']);
});

test('a database that is not there, or not for us, is refused with its address and without its password', async () => {
  const url = new URL(database.url);
  const at = (change: Partial<URL>): string => Object.assign(new URL(database.url), change).href;
  const password = url.password;
  for (const [wrong, code] of [
    [at({ port: '1' }), 'database.unavailable'],
    [at({ pathname: '/nowhere' }), 'config.invalid'],
    [at({ password: 'wrong' }), 'config.invalid'],
    [at({ username: 'nobody' }), 'config.invalid'],
  ] as const) {
    const error = await migrate(wrong).catch((caught: unknown) => caught);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining(url.hostname),
      remedy: expect.stringContaining('GUICHET_DATABASE_URL'),
    });
    expect(String((error as Error).message)).not.toContain(password);
  }
});

test('a user who may not make tables is told what it takes', async () => {
  await client.query(`drop role if exists guichet_test_reader`);
  await client.query(`create role guichet_test_reader login password 'reader'`);
  try {
    const url = Object.assign(new URL(database.url), { username: 'guichet_test_reader', password: 'reader' }).href;
    await expect(migrate(url)).rejects.toMatchObject({ code: 'config.invalid', remedy: expect.stringContaining('owner') });
  } finally {
    await client.query('drop role guichet_test_reader');
  }
});

test('a migration waits shortly for a table that somebody holds, lets others go on meanwhile, and comes when it is free', async () => {
  await migrate(database.url, [migration(1)]);
  const holder = new pg.Client({ connectionString: database.url });
  await holder.connect();
  await holder.query('begin');
  await holder.query('insert into t1 values (1)');
  const patience = { lockMs: 50, pauseMs: 20, allMs: 60_000 };
  const known = [migration(1), migration(2, { sql: 'alter table t1 add column y int' })];
  const migrating = migrate(database.url, known, patience);
  // Whoever comes behind the migration waits no longer than it does.
  for (let round = 0; round < 5; round++) await client.query('insert into t1 values (2)');
  await holder.query('commit');
  await holder.end();
  expect(await migrating).toEqual(['0002-test.sql']);
});

test('a migration that never gets its lock ends with an error that says so, and has changed nothing', async () => {
  await migrate(database.url, [migration(1)]);
  await client.query('begin');
  await client.query('insert into t1 values (1)');
  const known = [migration(1), migration(2, { sql: 'create table before (x int); alter table t1 add column y int' })];
  const migrating = migrate(database.url, known, { lockMs: 20, pauseMs: 5, allMs: 100 });
  await expect(migrating).rejects.toMatchObject({
    code: 'database.unavailable',
    message: expect.stringContaining('0002-test.sql'),
  });
  await client.query('commit');
  expect(await tables()).toEqual(['migrations', 't1']);
});

test('two migrations with the same number are refused, and named', async () => {
  const known = [migration(1), { ...migration(1, { sql: 'create table other (x int)' }), name: '0001-other.sql' }];
  await expect(migrate(database.url, known)).rejects.toMatchObject({
    code: 'config.invalid',
    message: expect.stringMatching(/0001-test\.sql and 0001-other\.sql/),
    remedy: expect.stringContaining('next free number'),
  });
  expect(await tables()).toEqual([]);
});

const STEPS = `-- breaking: false
-- step when select from t1
create index concurrently t1_x on t1 (x);
-- step when select where false
create table never (x int);
-- step
create table last (x int);`;

test('a migration in steps makes an index while others write, leaves out what is not for it, and begins anew when it ended half way', async () => {
  await migrate(database.url, [migration(1)]);
  await client.query('insert into t1 values (1)');
  const broken = migration(2, { sql: STEPS.replace('create table last (x int)', 'select 1 / 0') });
  await expect(migrate(database.url, [migration(1), broken])).rejects.toThrow('division by zero');
  expect(await tables()).toEqual(['migrations', 't1']);
  const index = async () =>
    (await client.query(`select indisvalid as valid from pg_index where indexrelid = to_regclass('t1_x')`)).rows;
  expect(await index()).toEqual([{ valid: true }]);
  await client.query(`update pg_index set indisvalid = false where indexrelid = 't1_x'::regclass`); // as one that was left half made
  expect(await migrate(database.url, [migration(1), migration(2, { sql: STEPS })])).toEqual(['0002-test.sql']);
  expect(await index()).toEqual([{ valid: true }]);
  expect(await tables()).toEqual(['last', 'migrations', 't1']);
});

test('whether a step is left out is asked for one row, and not for all that its query would give', async () => {
  await migrate(database.url, [migration(1)]);
  await client.query('insert into t1 select generate_series(1, 10)');
  const query = 'select from t1 where 1 / (10 - x) is not null'; // of the last row it would fail
  const sql = `-- breaking: false\n-- step when ${query}\ncreate table made (x int);\n-- step\ncreate table last (x int);`;
  expect(await migrate(database.url, [migration(1), migration(2, { sql })])).toEqual(['0002-test.sql']);
  expect(await tables()).toEqual(['last', 'made', 'migrations', 't1']);
});

test('a log with rows gets its parts with the indexes that were made before', async () => {
  const all = await knownMigrations();
  await migrate(database.url, all.slice(0, 11));
  const event = `insert into audit_events (type, actor_id, actor_name, outcome) select 'test.event', 'user:a', 'A', 'ok' from generate_series(1, 5)`;
  await client.query(event);
  await migrate(database.url, all);
  const { rows } = await client.query<{ name: string; part: string | null }>(
    `select indexrelid::regclass::text as name, inhparent::regclass::text as part from pg_index left join pg_inherits on inhrelid = indexrelid
     where indrelid = 'audit_events_first'::regclass order by 1`,
  );
  expect(rows).toEqual(
    ['actor', 'denied', 'id', 'pkey', 'request', 'xid'].map((name) => ({
      name: `audit_events_first_${name}`,
      part: `audit_events_${name}`,
    })),
  );
  await client.query(event);
  expect((await client.query('select count(*)::int as count, max(id)::int as last from audit_events')).rows).toEqual([
    { count: 10, last: 10 },
  ]);
});
