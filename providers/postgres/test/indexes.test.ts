import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Output } from '@guichet/contract';
import { harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';

/** The fields of a receipt by their keys. */
function receipt(output: Output | undefined): Record<string, unknown> & { summary: string } {
  if (output?.kind !== 'record') throw new Error(`not a receipt: ${JSON.stringify(output)}`);
  return { ...Object.fromEntries(output.fields.map(({ key, value }) => [key, value])), summary: output.summary };
}

/** A network between us and a server, that fails on our side: the server does not hear of it. */
class CuttableWire {
  readonly #ours = new Set<Socket>();
  readonly #theirs = new Set<Socket>();
  readonly #server = createServer();

  async to(port: number): Promise<number> {
    this.#server.on('connection', (ours) => {
      const theirs = connect(port, '127.0.0.1');
      ours.on('data', (chunk) => theirs.write(chunk)).on('error', () => {});
      theirs.on('data', (chunk) => void (ours.destroyed || ours.write(chunk))).on('error', () => {});
      theirs.on('close', () => ours.destroy());
      this.#ours.add(ours);
      this.#theirs.add(theirs);
    });
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return (this.#server.address() as AddressInfo).port; // it listens on TCP
  }

  cut(): void {
    for (const socket of this.#ours) socket.destroy();
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.#theirs) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

const CREATE = 'create-index-concurrently';
const DROP = 'drop-index-concurrently';
const place = { instance: 'pg1', database: 'shop' };
const create = (more: Record<string, unknown>) => ({ ...place, table: 'parcels', ...more });

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  let inShop: pg.Client;
  beforeAll(async () => {
    lab = await openLab(major);
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(`
      create table parcels (id int primary key, customer int, state text, at timestamptz default now());
      insert into parcels select n, n % 50, 'open' from generate_series(1, 2000) n;
      create schema "Sales ""2026""";
      create table "Sales ""2026"""."Wide é" (id int, "Odd ""Column"" x" text, tags int[]);
      create table parts (id int) partition by range (id);
      create table links (parcel int references parcels);
      create table unmade (id int);
      analyze`);
    await lab.quiet();
    inShop = new pg.Client({ connectionString: adminUrl(), application_name: 'guichet' });
    await inShop.connect();
  });
  afterAll(async () => {
    await inShop.end();
    await lab[Symbol.asyncDispose]();
  });
  afterEach(async () => lab.quiet());

  const adminUrl = () => `postgres://guichet_admin:admin-s3cret@127.0.0.1:${lab.port}/shop`;
  const indexes = async (table = 'parcels') => {
    const { rows } = await inShop.query<{ name: string; valid: boolean }>(
      'select indexrelid::regclass::text as name, indisvalid as valid from pg_index where indrelid = $1::regclass order by 1',
      [table],
    );
    return rows;
  };
  /** A transaction that holds what it has read of the table, until the sessions of the lab are ended. */
  async function reader() {
    const session = await lab.open('report', { database: 'shop' });
    await session.client.query('begin isolation level repeatable read; update parcels set state = state where id = 1');
    return session;
  }
  const building = (statement = 'CREATE') =>
    lab.sql<{ pid: number }>(
      "select pid from pg_stat_activity where application_name like 'guichet %' and wait_event_type = 'Lock' and query like $1 || '%'",
      [statement],
    );

  test('builds an index, tells the exact statement before, and is undone by its drop', async () => {
    const { plan, output, failure, undoInput, logs } = await lab.postgres.run(
      CREATE,
      create({ column: ['customer', 'at desc nulls last'], include: ['state'] }),
    );
    expect(failure).toBeUndefined();
    expect(plan.summary).toBe(
      "Build the index 'parcels_customer_at_idx' on 'public.parcels' in 'shop' on 'pg1', while reads and writes go on",
    );
    expect(plan.effects[0]).toBe(
      'Runs: CREATE INDEX CONCURRENTLY "parcels_customer_at_idx" ON public.parcels USING btree ("customer", "at" DESC NULLS LAST) INCLUDE ("state")',
    );
    expect(plan.effects[1]).toMatch(/^The table has .* and about 2,000 rows; it is read twice: that takes seconds, as a rule\.$/);
    expect(plan.effects[2]).toMatch(/^The index will take about [\d.]+ kB, and sorting as much again meanwhile\.$/);
    expect(plan.warnings).toEqual([]);
    expect(logs[0]).toContain('CREATE INDEX CONCURRENTLY');
    expect(receipt(output)).toMatchObject({ index: 'public.parcels_customer_at_idx', size: expect.any(Number) });
    expect(await indexes()).toContainEqual({ name: 'parcels_customer_at_idx', valid: true });
    expect(undoInput).toEqual({ ...place, index: 'public.parcels_customer_at_idx' });

    const again = await lab.postgres.plan(CREATE, create({ column: ['customer'] }));
    expect(again.warnings[0]).toContain(
      'There is one already that begins with these columns: CREATE INDEX parcels_customer_at_idx',
    );

    const dropped = await lab.postgres.run(DROP, undoInput);
    expect(dropped.plan.effects.slice(0, 3)).toEqual([
      'Runs: DROP INDEX CONCURRENTLY public.parcels_customer_at_idx',
      expect.stringMatching(/^It is: CREATE INDEX parcels_customer_at_idx ON public\.parcels/),
      expect.stringMatching(/^Nobody has used it since .* It frees [\d.]+ kB\.$/),
    ]);
    expect(receipt(dropped.output)).toMatchObject({ outcome: 'dropped' });
    expect(await indexes()).toEqual([{ name: 'parcels_pkey', valid: true }]);
  });

  test('quotes every name, and takes kinds, classes of operators and conditions', async () => {
    const odd = await lab.postgres.run(CREATE, {
      ...place,
      table: 'Sales "2026".Wide é',
      column: ['Odd "Column" x text_pattern_ops'],
      where: `"Odd ""Column"" x" <> 'a;b' -- end`,
      name: 'An "index" é',
    });
    expect(odd.failure).toBeUndefined();
    expect(odd.plan.effects[0]).toBe(
      `Runs: CREATE INDEX CONCURRENTLY "An ""index"" é" ON "Sales ""2026"""."Wide é" USING btree ("Odd ""Column"" x" "text_pattern_ops") WHERE "Odd ""Column"" x" <> 'a;b' -- end`,
    );
    const gin = await lab.postgres.run(CREATE, { ...place, table: 'Wide é', column: ['tags'], method: 'gin' });
    expect(gin.failure).toBeUndefined();
    expect(await indexes('"Sales ""2026"""."Wide é"')).toHaveLength(2);
    const dropped = await lab.postgres.run(DROP, { ...place, index: 'An "index" é' });
    expect(dropped.failure).toBeUndefined();
  });

  test.each([
    ['true; drop table parcels', 'it is more than a condition'],
    ['true) tablespace x where (true', 'it is more than a condition'],
    ['true order by 1', 'it is more than a condition'],
    ['true group by id', 'it is more than a condition'],
    ['true limit 1', 'it is more than a condition'],
    ['true union select 1', 'it is more than a condition'],
    ["state = 'open", 'unterminated'],
  ])('refuses the condition %s', async (where, why) => {
    await expect(lab.postgres.plan(CREATE, create({ column: ['id'], where }))).rejects.toMatchObject({
      code: 'action.refused',
      message: expect.stringMatching(new RegExp(`${why}|syntax error`)),
    });
  });

  test('waits for transactions that are open, tells which, and leaves nothing behind when it is cancelled', async () => {
    const { pid } = await reader();
    const stop = new AbortController();
    const told: string[] = [];
    const run = lab.postgres.run(CREATE, create({ column: ['state'] }), {
      signal: stop.signal,
      onMessage: (message) => void (message.type === 'log' && told.push(message.message)),
    });
    await until(async () => (await building()).length === 1 && told.some((line) => line.startsWith('Waits')));
    expect(told.at(-1)).toMatch(new RegExp(`^Waits for 'report' \\(pid ${pid}, idle in transaction for .*\\) to end\\.$`));
    const left = (await indexes()).find(({ name }) => name === 'parcels_state_idx');
    expect(left).toEqual({ name: 'parcels_state_idx', valid: false });
    stop.abort();
    // What is left can be dropped once the reader is gone.
    await until(async () => (await building('DROP')).length === 1);
    await lab.sql('select pg_terminate_backend($1)', [pid]);
    expect((await run).failure).toMatchObject({ kind: 'cancelled' });
    expect(await indexes()).toEqual([{ name: 'parcels_pkey', valid: true }]);
  });

  test('says in its log what is left when a build or a drop is cancelled that others hold up', async () => {
    await reader();
    const stop = new AbortController();
    const run = lab.postgres.run(CREATE, create({ column: ['state'] }), { signal: stop.signal });
    await until(async () => (await building()).length === 1 && (await indexes()).length === 2);
    stop.abort();
    const built = await run;
    const later =
      'Later: guichet postgres drop-index-concurrently --instance pg1 --database shop --index public.parcels_state_idx --env production';
    expect(built.logs.at(-1)).toMatch(/^The index 'parcels_state_idx' is left, not valid: nobody reads it/);
    expect(built.logs.at(-1)).toContain(later);
    await lab.quiet();
    const index = { ...place, index: 'public.parcels_state_idx' };
    await lab.postgres.run(DROP, index);
    await inShop.query('create index parcels_state_idx on parcels (state)');
    await reader();
    const again = new AbortController();
    const drop = lab.postgres.run(DROP, index, { signal: again.signal });
    await until(async () => (await building('DROP')).length === 1 && (await indexes()).some(({ valid }) => !valid));
    again.abort();
    const dropped = await drop;
    expect(dropped.failure).toMatchObject({ kind: 'cancelled' });
    expect(dropped.logs.at(-1)).toContain(`is left, not valid: nobody reads it, and every write keeps it up. ${later}`);
    await lab.quiet();
    await lab.postgres.run(DROP, index);
  });

  test('leaves nothing behind when its connection is cut', async () => {
    const { pid } = await reader();
    const run = lab.postgres.run(CREATE, create({ column: ['state'] }));
    await until(async () => (await building()).length === 1 && (await indexes()).length === 2);
    const [build] = await building();
    await lab.sql('select pg_terminate_backend($1), pg_terminate_backend($2)', [pid, build?.pid]);
    const { failure, logs } = await run;
    expect(failure).toMatchObject({ message: expect.stringContaining("The instance 'pg1'") });
    expect(logs).toContain("What was left of the index 'parcels_state_idx' was dropped.");
    expect(await indexes()).toHaveLength(1);
  });

  test('tells what the server has built though the connection was lost', async () => {
    const wire = new CuttableWire();
    const provider = createPostgresProvider({ instances: [{ ...lab.instance, port: await wire.to(lab.port) }] });
    try {
      const { pid } = await reader();
      const run = harness(provider).run(CREATE, create({ column: ['state'] }));
      await until(async () => (await building()).length === 1 && (await indexes()).length === 2);
      wire.cut();
      await lab.sql('select pg_terminate_backend($1)', [pid]);
      const { output, failure, logs } = await run;
      expect(failure).toBeUndefined();
      expect(logs).toContain('The server has finished it all the same.');
      expect(receipt(output)).toMatchObject({ index: 'public.parcels_state_idx' });
      await inShop.query('drop index parcels_state_idx');
    } finally {
      await provider.close();
      await wire.close();
    }
  });

  test('leaves alone what somebody else has made under the name since', async () => {
    const plan = await lab.postgres.plan(CREATE, create({ column: ['state'] }));
    await inShop.query('create index parcels_state_idx on parcels (customer)');
    const shop = await lab.open('other', { database: 'shop', superuser: true });
    await shop.client.query("update pg_index set indisvalid = false where indexrelid = 'parcels_state_idx'::regclass");
    const { failure } = await lab.postgres.run(CREATE, create({ column: ['state'] }), { plan });
    expect(failure).toMatchObject({ message: 'The server refuses it: relation "parcels_state_idx" already exists.' });
    expect(await indexes()).toContainEqual({ name: 'parcels_state_idx', valid: false });
    await inShop.query('drop index parcels_state_idx');
  });

  test('says how to drop what is left when its drop would have to wait', async () => {
    await reader();
    const { failure } = await lab.postgres.run(CREATE, create({ column: ['state'], waitSeconds: 1 }));
    expect(failure).toMatchObject({
      message: expect.stringMatching(
        /^It waited longer than 1s for a transaction to end\. The index 'parcels_state_idx' is left, not valid/,
      ),
      remedy:
        'Later: guichet postgres drop-index-concurrently --instance pg1 --database shop --index public.parcels_state_idx --env production',
    });
    await lab.quiet();
    await expect(lab.postgres.plan(CREATE, create({ column: ['state'] }))).rejects.toMatchObject({
      message: expect.stringContaining('that is not valid'),
    });
    const choices = await lab.postgres.options(DROP, 'index', { input: place });
    expect(choices[0]).toMatchObject({ value: 'public.parcels_state_idx', detail: expect.stringContaining('not valid') });
    const dropped = await lab.postgres.run(DROP, { ...place, index: 'public.parcels_state_idx' });
    expect(dropped.plan.effects[2]).toContain('It is not valid: nobody reads it');
    expect(dropped.failure).toBeUndefined();
  }, 40_000);

  test('does not begin on a table that is held, and says by whom', async () => {
    const holder = await lab.open('orders-migration', { database: 'shop' });
    await holder.client.query('begin; lock table parcels in share mode');
    const plan = await lab.postgres.plan(CREATE, create({ column: ['state'] }));
    expect(plan.warnings[0]).toMatch(/^The table is held now, and would have to be let go first: 'orders-migration'/);
    const { failure } = await lab.postgres.run(CREATE, create({ column: ['state'] }), { plan });
    expect(failure).toMatchObject({ kind: 'retryable', remedy: expect.stringContaining("Held by 'orders-migration'") });
    expect(await indexes()).toHaveLength(1);
  });

  test('drops what a unique build has left where values are there twice, and quotes none of them', async () => {
    const { failure, plan } = await lab.postgres.run(CREATE, create({ column: ['customer'], unique: true }));
    expect(plan.warnings.at(-1)).toContain('Where two rows have the same values it fails');
    expect(failure).toMatchObject({
      kind: 'permanent',
      message: 'Rows of public.parcels have the same values, so the index cannot be unique.',
    });
    expect(await indexes()).toHaveLength(1);
  });

  test('tells after a crash whether it is under way, was built, never began, or drops what was left', async () => {
    const input = create({ column: ['state'] });
    const { seen } = await lab.postgres.plan(CREATE, input);
    const observe = (runId: string) => lab.postgres.observe(CREATE, input, { runId, seen });
    expect(await observe('r-1')).toEqual({ status: 'not_started' });
    await reader();
    const orphan = new pg.Client({ connectionString: adminUrl(), application_name: 'guichet r-1' });
    orphan.on('error', () => {});
    await orphan.connect();
    const end = orphan.query((seen as { statement: string }).statement).catch((error: unknown) => error);
    await until(async () => (await building()).length === 1);
    expect(await observe('r-1')).toEqual({ status: 'running' });
    expect(await observe('r-2')).toEqual({ status: 'running' }); // whoever builds it
    const [{ pid } = { pid: 0 }] = await building();
    await lab.sql('select pg_terminate_backend($1)', [pid]);
    await end;
    await lab.quiet();
    expect(await observe('r-1')).toMatchObject({
      status: 'failed',
      failure: { message: expect.stringContaining('what it had left was dropped') },
    });
    expect(await indexes()).toHaveLength(1);
    await lab.postgres.run(CREATE, input);
    expect(await observe('r-1')).toMatchObject({ status: 'succeeded' });

    const drop = { ...place, index: 'parcels_state_idx' };
    const planned = await lab.postgres.plan(DROP, drop);
    expect(await lab.postgres.observe(DROP, drop, { runId: 'r-3', seen: planned.seen })).toEqual({ status: 'not_started' });
    await lab.postgres.run(DROP, drop, { plan: planned });
    expect(await lab.postgres.observe(DROP, drop, { runId: 'r-3', seen: planned.seen })).toMatchObject({ status: 'succeeded' });
    const twice = await lab.postgres.run(DROP, drop, { plan: planned });
    expect(receipt(twice.output)).toMatchObject({ outcome: 'gone' });
  });

  test('drops the index that was seen, never another one that has its name by now', async () => {
    await inShop.query('create index swap on parcels (state)');
    const plan = await lab.postgres.plan(DROP, { ...place, index: 'swap' });
    await inShop.query('alter index swap rename to swapped; create index swap on parcels (customer)');
    const { failure } = await lab.postgres.run(DROP, { ...place, index: 'swap' }, { plan });
    expect(failure).toMatchObject({ message: expect.stringContaining('has another name by now') });
    expect((await indexes()).map(({ name }) => name)).toEqual(['parcels_pkey', 'swap', 'swapped']);
    await inShop.query('drop index swap, swapped');
  });

  test('refuses what it cannot do, with what would help', async () => {
    const refused = (action: string, input: Record<string, unknown>) =>
      lab.postgres.plan(action, input).catch((error: unknown) => error);
    expect(await refused(CREATE, create({ column: ['custmer'] }))).toMatchObject({ remedy: "Did you mean 'customer'?" });
    expect(await refused(CREATE, create({ table: 'parts', column: ['id'] }))).toMatchObject({
      message: expect.stringContaining('is partitioned'),
    });
    expect(await refused(CREATE, create({ column: ['id'], name: 'parcels' }))).toMatchObject({
      message: "The name 'parcels' is taken.",
    });
    expect(await refused(DROP, { ...place, index: 'parcels_pkey' })).toMatchObject({
      message: expect.stringContaining('PRIMARY KEY parcels_pkey'),
    });
    expect(await refused(DROP, { ...place, index: 'parcel_pkei' })).toMatchObject({
      message: expect.stringContaining('There is no index'),
    });
    await lab.sql('revoke orders from guichet_admin');
    const remedy = 'A superuser must run there: GRANT orders TO guichet_admin;';
    expect(await refused(CREATE, create({ column: ['state'] }))).toMatchObject({ remedy });
    await inShop.query('select 1');
    await lab.sql(remedy.replace(/^.*there: /, ''));
    await lab.postgres.plan(CREATE, create({ column: ['state'] }));
  });

  test('offers columns with their types', async () => {
    const choices = await lab.postgres.options(CREATE, 'column', { input: { ...place, table: 'parcels' } });
    expect(choices).toEqual([
      { value: 'id', detail: 'integer' },
      { value: 'customer', detail: 'integer' },
      { value: 'state', detail: 'text' },
      { value: 'at', detail: 'timestamp with time zone' },
    ]);
  });
});
