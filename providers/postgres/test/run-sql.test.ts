import type { TableOutput } from '@guichet/contract';
import { harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';

const ask = (sql: string, more: Record<string, unknown> = {}) => ({ instance: 'pg1', database: 'shop', sql, ...more });

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(`
      create table parcels (id int primary key, note text, weight numeric, sent boolean, at timestamptz default now());
      insert into parcels select n, 'note ' || n, n / 4.0, n % 2 = 0 from generate_series(1, 500) n;
      create view light as select id, note from parcels where weight < 10;
      create function nightly() returns int language plpgsql stable as $$ begin perform set_config('role', 'none', false); return 1; end $$;
      create view sneaky as select id, nightly() as n from light;
      create view sleepy as select pg_sleep(600) is null as slept from parcels;
      create function heavy(parcels) returns int language sql as 'select 1';
      create operator === (leftarg = int, rightarg = int, function = int4eq);
      create domain positive as int check (value > 0 and nightly() = 1);
      create sequence tickets;
      create table "Sales ""é""" (id int, secret_of text);
      insert into "Sales ""é""" values (1, 'mine');
      alter table "Sales ""é""" enable row level security;
      analyze`);
    const superuser = await lab.open('setup', { database: 'shop', superuser: true });
    await superuser.client.query('create view hashes as select passwd from pg_shadow; grant select on hashes to public');
    await lab.quiet();
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  const rowsOf = async (sql: string, more: Record<string, unknown> = {}) => {
    const { output, failure } = await lab.postgres.run('run-sql', ask(sql, more));
    if (output?.kind !== 'table') throw new Error(JSON.stringify(failure));
    return output as TableOutput;
  };
  const refusal = (sql: string) =>
    lab.postgres.plan('run-sql', ask(sql)).then(
      ({ summary }) => `planned: ${summary}`,
      (error: unknown) => (error as Error).message, // what the harness rejects with
    );

  test('plans with the whole statement, its limits and what the planner expects', async () => {
    const sql = "select note from parcels where note <> 'canary' -- all";
    const plan = await lab.postgres.plan('run-sql', ask(sql, { limit: 10 }));
    expect(plan.summary).toBe("Run a read-only statement in 'shop' on 'pg1': at most 10 rows, 30 s");
    expect(plan.effects).toEqual([
      `The statement: ${sql}`,
      expect.stringContaining('with the rights of pg_read_all_data'),
      expect.stringMatching(/^The planner expects about \d+ rows, of which the first 10 are shown, at a cost of \d+\.$/),
      "Read from the first row to the last: 'parcels'.",
      expect.stringContaining('The statement stays in the audit log'),
    ]);
    expect(plan.warnings).toEqual([]);
    expect(plan.resource).toEqual({ type: 'postgres.database', id: 'pg1/shop', owner: 'payments' });
  });

  test('warns of a statement that is expected to be much work', async () => {
    const plan = await lab.postgres.plan('run-sql', ask('select count(*) from parcels a, parcels b, parcels c'));
    expect(plan.warnings).toEqual([expect.stringContaining('The planner expects much work')]);
  });

  test('gives rows as a table that is confidential, numbers and booleans as what they are', async () => {
    const output = await rowsOf(
      'select id, note, weight, sent, null as nothing, 1.50 as exact, 9007199254740993 as big from parcels order by id limit 2',
    );
    expect(output).toMatchObject({ kind: 'table', confidential: true, notes: ['2 rows'] });
    expect(output.rows[0]).toEqual({
      id: 1,
      note: 'note 1',
      weight: '0.25000000000000000000',
      sent: false,
      nothing: null,
      exact: '1.50',
      big: '9007199254740993',
    });
    expect(output.columns.map(({ type }) => type)).toEqual(['number', 'code', 'number', 'boolean', 'code', 'number', 'number']);
  });

  test('keeps the order, tells more rows from enough, and tells columns of one name apart', async () => {
    const output = await rowsOf('select id, id, -id as "Minus é" from parcels order by id desc', { limit: 3 });
    expect(output.rows).toEqual([
      { id: 500, id_2: 500, 'Minus é': -500 },
      { id: 499, id_2: 499, 'Minus é': -499 },
      { id: 498, id_2: 498, 'Minus é': -498 },
    ]);
    expect(output.notes).toEqual(['The first 3 rows; there are more: raise --limit, or ask for less.']);
    expect((await rowsOf('select id from parcels', { limit: 500 })).notes).toEqual(['500 rows']);
    expect((await rowsOf('select id from parcels where false')).rows).toEqual([]);
  });

  test('takes every kind of statement that only reads', async () => {
    expect((await rowsOf('with é as (select 1 as a) select * from é;')).rows).toEqual([{ a: 1 }]);
    expect((await rowsOf('values (1, $$x$$)')).rows).toEqual([{ column1: 1, column2: 'x' }]);
    expect((await rowsOf('table light')).rows).toHaveLength(39);
    expect((await rowsOf('select')).rows).toEqual([{}]);
    expect((await rowsOf('show transaction_read_only')).rows).toEqual([{ transaction_read_only: 'on' }]);
    expect((await rowsOf('explain select * from light')).rows.length).toBeGreaterThan(0);
    expect((await rowsOf('select /* a comment; with a semicolon */ 1 as a; -- end')).rows).toEqual([{ a: 1 }]);
    expect(
      (await rowsOf("select pg_size_pretty(pg_total_relation_size('parcels')) as size, lower('É') as low")).rows,
    ).toHaveLength(1);
    expect((await rowsOf('select current_user::text as me')).rows).toEqual([{ me: 'guichet_reader' }]);
  });

  test('cuts long cells, and answers of too much text', async () => {
    const long = await rowsOf("select repeat('é', 5000) as long");
    expect(Array.from(String(long.rows[0]?.['long']))).toHaveLength(2001);
    expect(long.notes).toContain('1 cell cut after 2000 characters.');
    const much = await rowsOf("select repeat('x', 2000) from generate_series(1, 5000)", { limit: 5000 });
    expect(much.rows.length).toBeLessThan(1001);
    expect(much.notes?.[0]).toContain('there are more');
  });

  test.each([
    ['select 1; select 2', 'There are 2 statements in the text.'],
    ['-- nothing', 'There is no statement in the text.'],
    ['selec 1', 'not valid SQL'],
    ['insert into parcels values (1)', 'INSERT changes data'],
    ['with x as (delete from parcels returning *) select * from x', 'DELETE changes data'],
    ['with x as (insert into parcels values (9) returning *) select * from x', 'INSERT changes data'],
    ['select * into copy from parcels', 'SELECT INTO makes a table'],
    ['select * from parcels for update', 'hold others up'],
    ['select * from (select * from parcels for share) x', 'hold others up'],
    ['select * from parcels where id = $1', 'has parameters'],
    ['explain analyze select 1', 'EXPLAIN ANALYZE runs'],
    ['explain (verbose, analyze) select 1', 'EXPLAIN ANALYZE runs'],
    ['explain delete from parcels', 'only a query is explained'],
    ["copy parcels to program 'id'", 'COPY reads and writes files'],
    ['do $$ begin end $$', 'DO runs code'],
    ['set statement_timeout = 0', 'SET changes the limits'],
    ['begin', 'the transaction is opened'],
    ['vacuum parcels', 'vacuum-analyze'],
    ['drop table parcels', 'not one that only reads'],
    ['notify x', 'not one that only reads'],
    ['select pg_terminate_backend(1)', 'The function pg_terminate_backend is refused: it has, or may have, effects'],
    ['select pg_catalog.pg_cancel_backend(1)', 'The function pg_cancel_backend is refused'],
    ['select pg_reload_conf()', 'The function pg_reload_conf is refused'],
    ["select nextval('tickets')", 'The function nextval is refused'],
    ["select setval('tickets', 9)", 'The function setval is refused'],
    ["select set_config('statement_timeout', '0', false)", 'The function set_config is refused'],
    ['select pg_advisory_lock(1)', 'The function pg_advisory_lock is refused'],
    ['select pg_sleep(100)', 'The function pg_sleep is refused'],
    ["select * from pg_read_file('/etc/passwd')", 'The function pg_read_file is refused'],
    ["select lo_import('/etc/passwd')", 'The function lo_import is refused'],
    ["select * from parcels where id = (select pg_notify('a', 'b')::text::int)", 'The function pg_notify is refused'],
    ["select table_to_xml('sneaky', true, false, '')", 'The function table_to_xml is refused: it runs what it is given'],
    ["select query_to_xml('delete from parcels', true, false, '')", 'The function query_to_xml is refused'],
    ['select nightly()', "The function nightly is refused: somebody has made it (in 'public')"],
    ['select public.nightly()', 'The function nightly is refused'],
    ['select p.heavy from parcels p', 'The function heavy is refused'],
    ['select (p).heavy from parcels p', 'The function heavy is refused'],
    ['select * from sneaky', 'The function nightly is refused'],
    ['select * from sleepy', 'The function pg_sleep is refused'],
    ['select 1 === 1', 'The operator === is refused'],
    ["select '1'::positive", 'The type positive is refused'],
    ['select * from nowhere', 'relation "nowhere" does not exist'],
    ['select wieght from parcels', 'column "wieght" does not exist'],
    ['select rolpassword from pg_authid', 'The table pg_authid is refused: it may hold passwords.'],
    ['select * from hashes', 'The table pg_shadow is refused'],
    ['select * from pg_catalog.pg_subscription', 'The table pg_subscription is refused'],
    ['select * from information_schema.user_mapping_options', 'The table user_mapping_options is refused'],
    ['select * from "Sales ""é"""', 'row-level security'],
    ['show primary_conninfo', 'The server refuses it'],
  ])('refuses %s', async (sql, why) => {
    expect(await refusal(sql)).toContain(why);
  });

  test('does not quote a row that an error is about', async () => {
    const { failure } = await lab.postgres.run('run-sql', ask("select (note || 'canary')::int from parcels"));
    expect(failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('error 22P02') });
    expect(JSON.stringify(failure)).not.toContain('canary');
  });

  test('stops a statement after its time', async () => {
    const sql = 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b';
    const { failure } = await lab.postgres.run('run-sql', ask(sql, { seconds: 1 }));
    expect(failure).toMatchObject({ message: 'The statement took longer than 1 s and was stopped.' });
  });

  test('stops a statement whose rows come slowly, though each part of them is in time', async () => {
    // A row takes milliseconds, so 200 of them are within a second, and 10,000 are not.
    const sql = 'select (select count(*) from generate_series(1, 20000 + n % 2)) from generate_series(1, 100000) n';
    const { failure } = await lab.postgres.run('run-sql', ask(sql, { seconds: 1, limit: 10_000 }));
    expect(failure).toMatchObject({ message: 'The statement took longer than 1 s and was stopped.' });
  });

  test('refuses every statement where somebody has made a cast, which may be applied unseen', async () => {
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(`create type mood as enum ('good');
      create function weigh(mood) returns int language sql immutable as 'select 1';
      create cast (mood as int) with function weigh(mood) as implicit`);
    expect(await refusal('select 1')).toBe(
      "The cast of mood to integer is refused: somebody has made it (in 'public'), and it may run code.",
    );
    await shop.client.query('drop type mood cascade');
    expect(await refusal('select 1')).toContain('planned');
    await lab.quiet();
  });

  test('is stopped by a cancel, and leaves no session', async () => {
    const stop = new AbortController();
    const sql = 'select count(*) from generate_series(1, 100000) a, generate_series(1, 100000) b';
    const run = lab.postgres.run('run-sql', ask(sql, { seconds: 300 }), { signal: stop.signal });
    const running = () =>
      lab.sql(
        "select from pg_stat_activity where application_name like 'guichet %' and query like 'fetch%' and state = 'active'",
      );
    await until(async () => (await running()).length === 1);
    stop.abort();
    expect((await run).failure).toMatchObject({ kind: 'cancelled' });
    await until(async () => (await lab.sql("select from pg_stat_activity where application_name like 'guichet %'")).length === 0);
  });

  test('says who holds a table that is locked', async () => {
    const holder = await lab.open('migration', { database: 'shop' });
    await holder.client.query('begin; lock table parcels');
    expect(await refusal('select * from parcels')).toBe('A table that it reads is locked, and it waited no longer.');
    await lab.quiet();
  });

  test('goes as the admin in the role of a reader where there is no login to read, and tells which right it lacks', async () => {
    const provider = createPostgresProvider({ instances: [{ ...lab.instance, reader: undefined }] });
    const { output } = await harness(provider).run('run-sql', ask('select current_user, session_user'));
    expect(output).toMatchObject({ rows: [{ current_user: 'pg_read_all_data', session_user: 'guichet_admin' }] });
    await lab.sql('revoke pg_read_all_data from guichet_admin');
    await expect(harness(provider).plan('run-sql', ask('select 1'))).rejects.toMatchObject({
      remedy: 'A superuser must run there: GRANT pg_read_all_data TO guichet_admin;',
    });
    await lab.sql('grant pg_read_all_data to guichet_admin with admin option');
    await provider.close();
  });

  test('gives code that the owner of a table hid in an index no way to more rights than to read', async () => {
    await lab.sql(`set role orders; create table bait (a int);
      create function hidden() returns boolean language plpgsql immutable as $$ begin
        if current_user <> 'orders' then perform set_config('role', 'none', true); raise exception 'it ran as %', current_user using errcode = '42P99'; end if; return true; end $$;
      create index on bait (a) where hidden(); reset role`);
    await expect(lab.postgres.plan('run-sql', { instance: 'pg1', sql: 'select * from bait where a = 1' })).rejects.toThrow(
      'it ran as guichet_reader',
    );
  });
});
