import type { TreeNode, TreeOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';

/** The output, as the kind that the action declares. */
const tree = (output: unknown) => output as TreeOutput;
const flat = (nodes: readonly TreeNode[]): TreeNode[] => nodes.flatMap((node) => [node, ...flat(node.children ?? [])]);

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    const { client } = await lab.open('setup');
    await client.query(`
      create table visits (id int generated always as identity primary key, customer int, page text);
      insert into visits (customer, page) select n % 100 + 1, 'canary' || n from generate_series(1, 20000) n;
      create function made() returns int language sql as 'select 1';
      create function tell() returns trigger language plpgsql as $$ begin raise 'canary ran'; end $$;
      create table told (id int); create trigger teller before insert on told for each row execute function tell();
      create table guarded (id int check (id > made()));
      create table elder (id int); create table younger () inherits (elder);
      create table owners (id int primary key);
      create table pets (owner int references owners on delete cascade, id int primary key);
      create table toys (pet int references pets on delete set null);
      create trigger teller before update on toys for each row execute function tell();
      create table parts (id int) partition by range (id)`);
    await client.query('analyze visits');
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  const run = (statement: string, more: Record<string, unknown> = {}) =>
    lab.postgres.run('explain-analyze', { instance: 'pg1', statement, ...more });
  const plan = (statement: string) => lab.postgres.plan('explain-analyze', { instance: 'pg1', statement });
  const rows = async () => {
    const [row] = await lab.sql<{ n: number; kept: number }>(
      "select count(*)::int as n, count(*) filter (where page like 'canary%')::int as kept from visits",
    );
    return row;
  };

  test('measures a query, and says what makes it slow', async () => {
    const { plan: planned, output, failure } = await run("select * from visits where page = 'canary7'");
    expect(failure).toBeUndefined();
    expect(planned.effects).toContain("The statement: select * from visits where page = 'canary7'");
    expect(planned.effects).toContain('Nothing is changed: it runs in a transaction that only reads.');
    const [root] = tree(output).roots;
    expect(root?.detail).toMatch(
      /^1 row \(\d+ expected\) · .* · filter \(page = \?::text\) · 19,999 rows removed · \d+ blocks read/,
    );
    expect(tree(output).notes?.[0]).toMatch(/^Ran for .*, after .* of planning\.$/);
    expect(tree(output).notes?.[1]).toMatch(/^Reads all 20,000 rows of visits to find 1:/);
    expect(JSON.stringify(output)).not.toContain('canary');
  });

  test('measures a change, and leaves every row as it was', async () => {
    const { plan: planned, output } = await run("update visits set page = 'gone' where customer = 7");
    expect(planned.effects.join()).toContain('Rows of visits are changed and the transaction is rolled back');
    expect(flat(tree(output).roots).map(({ label }) => label)).toEqual(['Update on visits', 'Seq Scan on visits']);
    expect(tree(output).notes?.[0]).toMatch(/then it was rolled back\.$/);
    await run('with gone as (delete from visits returning *) select count(*) from gone');
    expect(await rows()).toEqual({ n: 20_000, kept: 20_000 });
  });

  test('tells that numbers of sequences are not given back', async () => {
    const { warnings } = await plan("insert into visits (customer, page) values (1, 'new')");
    expect(warnings).toContain('Numbers taken from visits_id_seq are not given back by the rollback.');
    await run("insert into visits (customer, page) values (1, 'new')");
    expect(await rows()).toEqual({ n: 20_000, kept: 20_000 });
  });

  test.each([
    ['parameters', 'select * from visits where id = $1', /has parameters/],
    ['what has no plan', 'truncate visits', /has no plan/],
    ['several statements', 'select 1; commit; delete from visits', /There are 3 statements/],
    ['functions that somebody has made', 'select made()', /The function made is refused/],
    ['what a rollback does not take back', "select setval('visits_id_seq', 1)", /The function setval is refused/],
    ['signals to others', 'select pg_terminate_backend(1)', /The function pg_terminate_backend is refused/],
    ['tables with triggers', 'insert into told values (1)', /the trigger teller would run with the rights of Guichet/],
    ['tables whose checks call functions', 'insert into guarded values (5)', /a function of its checks/],
    ['changes through partitioned tables', 'insert into parts values (1)', /a partitioned table/],
    ['changes through tables that others inherit from', 'delete from elder', /others inherit from/],
    [
      'changes that foreign keys carry on to tables with triggers',
      'delete from owners',
      /A change of toys, to which a foreign key carries it on, .*the trigger teller/,
    ],
    ['SELECT INTO', 'select * into copied from visits', /SELECT INTO/],
  ])('refuses %s', async (_, statement, message) => {
    await expect(plan(statement)).rejects.toMatchObject({
      code: 'action.refused',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  test('runs a change that no foreign key carries on', async () => {
    await expect(plan('update owners set id = id')).resolves.toBeDefined();
    await expect(plan('insert into owners values (1)')).resolves.toBeDefined();
  });

  test('does not run when a trigger has been put there after the approval', async () => {
    const statement = 'delete from visits where id = 5';
    const planned = await plan(statement);
    await lab.sql('create trigger late before delete on visits for each row execute function tell()');
    try {
      const { failure } = await run(statement, {}).catch((error: unknown) => ({ failure: error }));
      expect(failure).toMatchObject({ message: expect.stringContaining('the trigger late') });
      const late = await lab.postgres.run('explain-analyze', { instance: 'pg1', statement }, { plan: planned });
      expect(late.failure?.message).toContain('the trigger late');
    } finally {
      await lab.sql('drop trigger late on visits');
    }
    expect(await rows()).toEqual({ n: 20_000, kept: 20_000 });
  });

  test('stops after its time, and when it is cancelled', async () => {
    const endless = 'select count(*) from visits a, visits b, visits c where a.page || b.page = c.page';
    const { failure } = await run(endless, { seconds: 1 });
    expect(failure?.message).toBe('The statement took longer than 1 s and was stopped.');
    const cancel = new AbortController();
    const running = lab.postgres.run('explain-analyze', { instance: 'pg1', statement: endless }, { signal: cancel.signal });
    const sessions = () =>
      lab.sql(
        "select from pg_stat_activity where query like 'explain (analyze%' and state = 'active' and pid <> pg_backend_pid()",
      );
    await until(async () => (await sessions()).length === 1);
    cancel.abort();
    await running.catch(() => {});
    await until(async () => (await sessions()).length === 0);
  });

  test('gives up soon where somebody else holds the rows, and says where to look', async () => {
    const holder = await lab.open('holder');
    await holder.client.query('begin; update visits set customer = 8 where id = 9');
    const { failure } = await run('delete from visits where id = 9');
    expect(failure).toMatchObject({
      message: expect.stringContaining('locked'),
      remedy: expect.stringContaining('guichet postgres blocking --instance pg1'),
    });
  });
});
