import type { Output } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, type Lab, openLab, until } from './lab.ts';

/** The fields of a receipt by their keys. */
function receipt(output: Output | undefined): Record<string, unknown> & { summary: string } {
  if (output?.kind !== 'record') throw new Error(`not a receipt: ${JSON.stringify(output)}`);
  return { ...Object.fromEntries(output.fields.map(({ key, value }) => [key, value])), summary: output.summary };
}

const ODD = '"Sales ""2026"" é"."Wide Orders"';
const input = (table: string, more: Record<string, unknown> = {}) => ({ instance: 'pg1', database: 'shop', table, ...more });

describe.each(ADMIN_MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(
      `create schema "Sales ""2026"" é"; create table ${ODD} (id int, note text) with (autovacuum_enabled = false)`,
    );
    await shop.client.query(
      `create table parcels (id int) with (autovacuum_enabled = false); create table "Sales ""2026"" é".parcels (id int)`,
    );
    await shop.client.query('create table parts (id int) partition by range (id)');
    const foreign = await lab.open('setup', { database: 'shop', superuser: true });
    await foreign.client.query('create schema other; create table other.ledger (id int)');
    await lab.quiet();
  });
  afterAll(async () => lab[Symbol.asyncDispose]());

  async function churn(): Promise<void> {
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(`insert into ${ODD} select n, 'x' from generate_series(1, 3000) n`);
    await shop.client.query(`delete from ${ODD} where id > 100`);
    await until(async () => {
      const { rows } = await shop.client.query<{ dead: string }>(
        "select n_dead_tup as dead from pg_stat_user_tables where relname = 'Wide Orders'",
      );
      return Number(rows[0]?.dead) >= 2900;
    });
    await lab.quiet();
  }

  test('vacuums a table of any name, and says what it has brought', async () => {
    await churn();
    const { plan, output, failure, logs } = await lab.postgres.run('vacuum-analyze', input('Wide Orders'));
    expect(failure).toBeUndefined();
    expect(plan.summary).toBe(`Vacuum and analyze 'Sales "2026" é.Wide Orders' in 'shop' on 'pg1'`);
    expect(plan.effects[0]).toMatch(/^It has .* with its indexes, about 100 rows and 2,900 dead ones \(97%\); never vacuumed;/);
    expect(plan.effects[1]).toBe(`Runs: VACUUM (ANALYZE) ${ODD}`);
    expect(plan.resource).toEqual({ type: 'postgres.table', id: 'pg1/shop/Sales "2026" é.Wide Orders', owner: 'payments' });
    expect(logs).toEqual([`VACUUM (ANALYZE) ${ODD}`]);
    expect(receipt(output)).toMatchObject({ deadRowsBefore: 2900, deadRows: 0 });
    expect(receipt(output).summary).toBe(`Vacuumed and analyzed ${ODD}: about 2,900 dead rows removed`);
  });

  test('freezes when it is asked to', async () => {
    const { plan, output } = await lab.postgres.run('vacuum-analyze', input(ODD, { freeze: true, fast: true }));
    expect(plan.effects[1]).toBe(`Runs: VACUUM (FREEZE, ANALYZE) ${ODD}`);
    expect(plan.warnings).toEqual([expect.stringContaining('--fast makes no pauses')]);
    const { xidAge, xidAgeBefore } = receipt(output);
    expect(Number(xidAge)).toBeLessThanOrEqual(Number(xidAgeBefore));
  });

  test('does not queue for a table that is held, and says by whom', async () => {
    const holder = await lab.open('orders-migration', { database: 'shop' });
    await holder.client.query('begin; lock table public.parcels in share mode');
    const plan = await lab.postgres.plan('vacuum-analyze', input('public.parcels'));
    expect(plan.warnings[0]).toMatch(
      /^It is held now, and would have to be let go first: 'orders-migration' \(pid \d+, idle in transaction/,
    );
    const { failure } = await lab.postgres.run('vacuum-analyze', input('public.parcels'), { plan });
    expect(failure).toMatchObject({ kind: 'retryable', remedy: expect.stringContaining("Held by 'orders-migration'") });
    await lab.quiet();
  });

  test('is stopped by a cancel, and leaves no session', async () => {
    const holder = await lab.open('orders-migration', { database: 'shop' });
    await holder.client.query('begin; lock table public.parcels in share mode');
    const stop = new AbortController();
    const run = lab.postgres.run('vacuum-analyze', input('public.parcels'), { signal: stop.signal });
    const ours = () =>
      lab.sql<{ pid: number; waits: boolean }>(
        "select pid, wait_event_type = 'Lock' as waits from pg_stat_activity where application_name like 'guichet %'",
      );
    await until(async () => (await ours())[0]?.waits === true);
    stop.abort();
    expect((await run).failure).toMatchObject({ kind: 'cancelled' });
    await until(async () => (await ours()).length === 0);
    await lab.quiet();
  });

  test('tells after a crash whether it is at work, was done or never began', async () => {
    const { seen } = await lab.postgres.plan('vacuum-analyze', input('public.parcels'));
    const observed = (runId: string) => lab.postgres.observe('vacuum-analyze', input('public.parcels'), { runId, seen });
    expect(await observed('r-1')).toEqual({ status: 'not_started' });
    const orphan = await lab.open('setup', { database: 'shop', superuser: true });
    await orphan.client.query('set session authorization guichet_admin');
    await orphan.client.query("set application_name = 'guichet r-2'");
    await orphan.client.query('begin');
    // What a session is in pg_stat_activity stays the role that has connected: the name alone must not be believed.
    expect(await observed('r-2')).toEqual({ status: 'not_started' });
    await orphan.client.query('rollback; reset session authorization');
    await orphan.client.query('vacuum analyze public.parcels');
    await until(async () => (await observed('r-3')).status === 'succeeded');
    await lab.quiet();
  });

  test('refuses what it cannot do, with what would help', async () => {
    const refused = (table: string) => lab.postgres.plan('vacuum-analyze', input(table)).catch((error: unknown) => error);
    expect(await refused('parcles')).toMatchObject({ remedy: "Did you mean 'parcels'?" });
    expect(await refused('parcels')).toMatchObject({
      message: "Several tables of 'shop' are called 'parcels'.",
      remedy: `Say which one: 'public.parcels', 'Sales "2026" é.parcels'.`,
    });
    expect(await refused('parts')).toMatchObject({ message: expect.stringContaining("'public.parts' is partitioned") });
    // The admin login is a member of the database's owner, who may vacuum all tables of it.
    await lab.postgres.plan('vacuum-analyze', input('ledger'));
    await lab.sql('alter database shop owner to postgres');
    expect(await refused('ledger')).toMatchObject({
      message:
        "The owner of the table 'other.ledger', 'postgres', is a superuser, and the admin login 'guichet_admin' must not be a member of one.",
      remedy: expect.stringMatching(
        /^A superuser must give it to a role of its own: ALTER TABLE other\.ledger OWNER TO ROLE; and GRANT ROLE/,
      ),
    });
    await lab.sql('create role "Book keeper"');
    const superuser = await lab.open('setup', { database: 'shop', superuser: true });
    await superuser.client.query('alter table other.ledger owner to "Book keeper"');
    expect(await refused('ledger')).toMatchObject({
      message: "The admin login 'guichet_admin' is not a member of 'Book keeper', who owns the table 'other.ledger'.",
      remedy: expect.stringContaining('A superuser must run there: GRANT "Book keeper" TO guichet_admin;'),
    });
    if (major >= 17) {
      const { remedy } = (await refused('ledger')) as { remedy: string }; // the refusal that was just looked at
      await superuser.client.query(remedy.replace(/^.* Or: /, ''));
      const { failure } = await lab.postgres.run('vacuum-analyze', input('ledger'));
      expect(failure).toBeUndefined();
    }
    await lab.sql('alter database shop owner to orders');
  });

  test('offers the tables of the database', async () => {
    const choices = await lab.postgres.options('vacuum-analyze', 'table', {
      input: { instance: 'pg1', database: 'shop' },
      query: 'wide',
    });
    expect(choices).toEqual([{ value: 'Sales "2026" é.Wide Orders' }]);
    expect(await lab.postgres.options('vacuum-analyze', 'table', { input: {} })).toEqual([]);
  });
});
