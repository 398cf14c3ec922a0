import type { TreeNode, TreeOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';

/** The output, as the kind that the action declares. */
const tree = (output: unknown) => output as TreeOutput;
const flat = (nodes: readonly TreeNode[]): TreeNode[] => nodes.flatMap((node) => [node, ...flat(node.children ?? [])]);
const labels = (output: TreeOutput) => flat(output.roots).map(({ label }) => label);

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major, { shared_preload_libraries: 'pg_stat_statements' });
    await lab.sql('create extension pg_stat_statements');
    await lab.sql('create schema tenant authorization orders');
    const { client } = await lab.open('setup');
    await client.query(`
      create table visits (id int primary key, customer int references customers (id), page text, at timestamptz default now());
      insert into visits (id, customer, page) select n, n % 100 + 1, 'canary' || n from generate_series(1, 20000) n;
      create view latest as select * from visits order by at desc limit 10;
      create function made(int) returns int language plpgsql immutable as $$ begin raise 'canary ran'; end $$;
      create view trapped as select made(1) as x;
      create table tenant.visits (id int primary key, note text)`);
    await client.query('analyze visits; analyze customers');
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  const explain = async (input: Record<string, unknown>) =>
    tree(await lab.postgres.read('slow-queries.explain', { instance: 'pg1', ...input }));
  const idOf = async (like: string) => {
    const [row] = await lab.sql<{ id: string }>('select queryid::text as id from pg_stat_statements where query like $1', [like]);
    return row?.id ?? '';
  };

  test('draws the plan of a statement, warns of what makes it slow, and shows no value', async () => {
    const output = await explain({ statement: "select * from visits where page = 'canary7' -- canary" });
    expect(labels(output)).toEqual(['Seq Scan on visits']);
    expect(output.title).toBe('select * from visits where page = ?');
    expect(output.roots[0]?.detail).toMatch(/^\d+ rows? · cost [\d,]+ · filter \(page = \?::text\)$/);
    expect(output.roots[0]?.data).toMatchObject({ node: 'Seq Scan', relation: 'visits', cost: expect.any(Number) });
    expect(output.notes?.[0]).toMatch(
      /^Reads all 20,000 rows of visits to find \d+: guichet postgres create-index-concurrently --instance pg1 --database postgres --table visits --column page --env production$/,
    );
    expect(JSON.stringify(output)).not.toContain('canary');
  });

  test('explains a counted statement with its parameters open, in its database, as its user would plan it', async () => {
    const { client } = await lab.open('shop-api');
    await client.query(
      "select v.page from visits v join customers c on c.id = v.customer where c.name = 'Customer 7' and v.at > now() - interval '1 hour'",
    );
    const output = await explain({ queryId: await idOf('select v.page from visits v%') });
    expect(labels(output)).toEqual(
      expect.arrayContaining([expect.stringMatching(/on visits v$/), expect.stringMatching(/on customers c$/)]),
    );
    expect(JSON.stringify(output.roots)).toContain('$1');
    expect(output.notes).toContainEqual(expect.stringMatching(/^Run once by 'orders' in database 'postgres', /));
    expect(output.notes).toContainEqual(expect.stringContaining('Planned without values for $1'));
  });

  test('tells a statement that waits from one that works', async () => {
    const holder = await lab.open('holder');
    await holder.client.query('begin; update customers set name = name where id = 5');
    const waiter = await lab.open('waiter');
    const done = waiter.start('update customers set name = name where id = 5');
    await lab.blocked(waiter.pid);
    const waited = "select from pg_stat_activity where pid = $1 and clock_timestamp() - query_start > '1 second'";
    await until(async () => (await lab.sql(waited, [waiter.pid])).length === 1); // longer than a cheap statement takes
    await holder.client.query('commit');
    await done;
    const output = await explain({ queryId: await idOf('update customers set name = name%') });
    expect(output.notes?.[0]).toMatch(
      /it most likely waited for a lock\. guichet postgres blocking --instance pg1 --env production$/,
    );
  });

  test('finds the tables that the user would find', async () => {
    await lab.sql('alter role orders in database postgres set search_path = tenant');
    try {
      const { client } = await lab.open('tenant-api');
      await client.query("select note from visits where id = 5 or note = 'x'");
      const output = await explain({ queryId: await idOf('select note from visits%') });
      expect(labels(output)[0]).toMatch(/ on visits$/);
    } finally {
      await lab.sql('alter role orders in database postgres reset search_path');
    }
  });

  test('explains what changes rows, and changes none', async () => {
    const output = await explain({ statement: "update visits set page = 'x' where customer = 7" });
    expect(labels(output)).toEqual(['Update on visits', 'Seq Scan on visits']);
    const withParts = await explain({
      statement: 'with gone as (delete from visits where id = $1 returning *) select * from gone',
    });
    expect(labels(withParts)).toContain('CTE gone: Delete on visits');
    expect(await lab.sql("select count(*)::int as n from visits where page like 'canary%'")).toEqual([{ n: 20_000 }]);
  });

  test('warns of sorts that will not fit into memory', async () => {
    await lab.sql("alter role guichet_reader set work_mem = '64kB'");
    try {
      const sorted = await explain({ statement: 'select * from visits order by page' });
      expect(sorted.notes?.join()).toMatch(/A sort of about \d.* does not fit into work_mem \(64kB\)/);
      expect(sorted.notes?.join()).toContain('work_mem = 64kB');
    } finally {
      await lab.sql('alter role guichet_reader reset work_mem');
    }
  });

  test('runs no function of anybody while it plans', async () => {
    for (const statement of ['select made(1)', 'select * from trapped', 'select * from visits where id = made($1)']) {
      await expect(explain({ statement })).rejects.toMatchObject({
        code: 'action.refused',
        message: expect.stringContaining('The function made is refused'),
      });
    }
    expect(labels(await explain({ statement: 'select *, random() from latest' }))).toEqual(expect.arrayContaining(['Limit']));
  });

  test.each([
    ['two statements', 'select 1; drop table visits', /There are 2 statements/],
    ['a statement without a plan', 'vacuum visits', /has no plan/],
    ['SELECT INTO', 'select * into copied from visits', /SELECT INTO makes a table/],
    ['what is no SQL', 'select from where', /not valid SQL/],
    ['a table that is not there', 'select * from nowhere', /relation "nowhere" does not exist/],
  ])('refuses %s', async (_, statement, message) => {
    await expect(explain({ statement })).rejects.toMatchObject({
      code: 'action.refused',
      message: expect.stringMatching(message),
      remedy: expect.any(String),
    });
  });

  test('refuses an id that is not counted, and asks for exactly one of id and statement', async () => {
    await expect(explain({ queryId: '42' })).rejects.toMatchObject({
      code: 'action.refused',
      remedy: 'See which there are: guichet postgres slow-queries --instance pg1 --env production',
    });
    await expect(explain({})).rejects.toMatchObject({ message: 'Exactly one of queryId and statement is needed.' });
    await expect(explain({ queryId: '4', statement: 'select 1' })).rejects.toMatchObject({ code: 'action.refused' });
  });

  test('says of a statement that is kept in another form how it can be explained', async () => {
    const { client } = await lab.open('shop-api');
    await client.query("select float8 '3'");
    await expect(explain({ queryId: await idOf('select float8 %') })).rejects.toMatchObject({
      code: 'action.refused',
      remedy: expect.stringContaining('--statement'),
    });
  });

  test('offers the statements that have a plan, masked', async () => {
    const { client } = await lab.open('shop-api');
    await client.query("select 'canary' from customers where id = 3");
    const choices = await lab.postgres.options('slow-queries.explain', 'queryId', {
      input: { instance: 'pg1' },
      query: 'from customers',
    });
    expect(choices.map(({ label }) => label)).toContainEqual(
      expect.stringMatching(/^-?\d+ select \$1 from customers where id = \$2$/),
    );
    expect(JSON.stringify(choices)).not.toContain('canary');
  });
});
