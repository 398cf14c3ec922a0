import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab } from './lab.ts';

const MAJORS = [...new Set([ADMIN_MAJORS[0] ?? 18, 18 as const])];

/** Made by somebody with a login of their own who may make things in a schema: as any user before PostgreSQL 15. */
const TRAPS = `
set role orders;
create function trap() returns boolean language plpgsql immutable as $$ begin
  if current_user <> 'orders' then raise exception 'the trap ran as %', current_user using errcode = '42P99'; end if; return true; end $$;
create function trap_of(text) returns boolean language sql immutable as 'select trap()';
create domain trapped as text check (trap_of(value));
create domain harmless as text check (length(value) < 100);
create type holder as (a trapped);
create function mixed(int, text) returns boolean language sql immutable as 'select trap()';
create operator >= (leftarg = int, rightarg = text, function = mixed);
create operator <= (leftarg = int, rightarg = text, function = mixed);
create operator = (leftarg = int, rightarg = text, function = mixed);
create table numbers (n int);
create table texts (n text);
insert into numbers values (1); insert into texts values ('1');
create table plain (id int, mail harmless);
insert into plain values (1, 'a@b');
create type steps as range (subtype = trapped);
create table split (a int) partition by range (a);
reset role;
create extension postgres_fdw;
create server elsewhere foreign data wrapper postgres_fdw;
create foreign table far partition of split for values from (0) to (9) server elsewhere`;

describe.each(MAJORS)('What runs code of somebody else, on PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    await lab.sql(TRAPS);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  const refusal = (sql: string): Promise<string> =>
    lab.postgres.plan('run-sql', { instance: 'pg1', sql }).then(
      () => 'planned',
      (error: unknown) => (error as Error).message, // what the harness rejects with
    );

  test.each([
    ["select 'a'::trapped", 'type trapped'],
    ["select trapped('a')", 'type trapped'],
    ["select '{a}'::_trapped", 'type'],
    ["select '{a}'::trapped[]", 'type'],
    ["select '(a)'::holder", 'type'],
    [`select jsonb_populate_record(null::holder, '{"a": "x"}')`, 'type'],
    [`select * from jsonb_to_record('{"a": "x"}') as x(a trapped)`, 'type trapped'],
    ["select '[a,b]'::steps", 'type trapped'],
    ["select 1 between '1'::text and '2'::text", 'operator'],
    ["select case 1 when '1'::text then 1 end", 'operator ='],
    ['select * from numbers join texts using (n)', 'operator ='],
    ['select * from numbers natural join texts', 'operator ='],
    ['select n in (select n from texts) from numbers', 'operator ='],
    ['select * from split', 'it is a foreign one, or has one below it'],
    ['table pg_stats', 'pg_stats is refused: it may hold passwords'],
  ])('run-sql refuses %s', async (sql, why) => {
    const said = await refusal(sql);
    expect(said).not.toContain('the trap ran');
    expect(said).toContain(why);
  });

  test('run-sql reads tables whose types only check with what the server brings', async () => {
    expect(await refusal('select * from plain')).toBe('planned');
    expect(await refusal('select * from numbers')).toBe('planned');
  });

  test('the owner of a database puts no functions in the place of the server’s', async () => {
    const { client } = await lab.open('owner', { database: 'shop' });
    await client.query(`
      create schema evil; grant usage on schema evil to public;
      create function evil.trap() returns int language plpgsql as $$ begin raise exception 'the trap ran as %', current_user; end $$;
      create function evil.pg_backend_pid() returns int language sql as 'select evil.trap()';
      create function evil.current_schemas(boolean) returns name[] language sql as 'select array[evil.trap()::text::name]';
      create table wares (id int);
      alter database shop set search_path = evil, public, pg_catalog`);
    const run = await lab.postgres.run('run-sql', { instance: 'pg1', database: 'shop', sql: 'select count(*) from wares' });
    expect(run.output).toMatchObject({ rows: [{ count: 0 }] });
    await client.query('alter database shop reset search_path');
  });
});
