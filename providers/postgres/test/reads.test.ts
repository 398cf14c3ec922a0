import type { TableOutput, TreeNode, TreeOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, MAJORS, openLab, until } from './lab.ts';

/** The output, as the kind that the action declares. */
const table = (output: unknown) => output as TableOutput;
const tree = (output: unknown) => output as TreeOutput;

function flat(nodes: readonly TreeNode[]): TreeNode[] {
  return nodes.flatMap((node) => [node, ...flat(node.children ?? [])]);
}

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  /** A holder of row 1 that idles in its transaction, and so many sessions that wait for it. */
  async function blockedRow(waiters: number) {
    const holder = await lab.open('orders-migration');
    await holder.client.query("begin; update customers set name = 'canary' where id = 1");
    const waiting = [];
    for (let index = 0; index < waiters; index++) {
      const session = await lab.open('checkout');
      session.start("update customers set name = 'canary' /* canary */ where id = 1");
      await lab.blocked(session.pid);
      waiting.push(session);
    }
    return { holder, waiting };
  }

  test('lists the instance with what it is', async () => {
    const { rows } = table(await lab.postgres.read('instances'));
    expect(rows).toEqual([
      expect.objectContaining({
        name: 'pg1',
        state: 'up',
        owner: 'payments',
        environment: 'production',
        role: 'primary',
        version: expect.stringMatching(new RegExp(`^${major}\\.\\d+$`)),
        size: expect.any(Number),
        connections: expect.any(Number),
        connectionsAllowed: 80,
        lag: null,
      }),
    ]);
  });

  test('shows who waits first, on whom, and for how long, and hides literals and comments', async () => {
    const { holder, waiting } = await blockedRow(2);
    const idle = await lab.open('dashboard');
    const output = table(await lab.postgres.read('activity', { instance: 'pg1' }));
    const pids = output.rows.map(({ pid }) => pid);
    expect(pids.slice(0, 2).sort()).toEqual(waiting.map(({ pid }) => pid).sort());
    expect(pids.indexOf(holder.pid)).toBe(2);
    expect(pids.at(-1)).not.toBe(holder.pid);
    expect(pids).toContain(idle.pid);
    const byPid = new Map(output.rows.map((row) => [row['pid'], row]));
    expect(byPid.get(waiting[0]?.pid)).toMatchObject({
      application: 'checkout',
      user: 'orders',
      state: 'active',
      blockedBy: String(holder.pid),
      query: 'update customers set name = ? where id = ?',
      wait: 'Lock: transactionid',
      statementAge: expect.any(Number),
    });
    expect(byPid.get(holder.pid)).toMatchObject({ state: 'idle in transaction', statementAge: null, blockedBy: null });
    expect(JSON.stringify(output)).not.toContain('canary');
    expect(output.notes?.join()).toContain('2 sessions wait for locks');
  });

  test('shows neither processes of the server nor our own sessions unless asked to', async () => {
    const kinds = (output: unknown) => table(output).rows.map(({ kind }) => kind);
    const plain = table(await lab.postgres.read('activity', { instance: 'pg1' }));
    expect(new Set(kinds(plain))).toEqual(new Set(['client backend']));
    expect(plain.rows.map(({ application }) => application)).not.toContain('guichet');
    const all = await lab.postgres.read('activity', { instance: 'pg1', all: true });
    expect(kinds(all)).toContain('checkpointer');
  });

  test('filters by state, application, user, database and waiting', async () => {
    const { holder, waiting } = await blockedRow(1);
    const elsewhere = await lab.open('shop-api', { database: 'shop' });
    const pids = async (input: Record<string, unknown>) =>
      table(await lab.postgres.read('activity', { instance: 'pg1', ...input })).rows.map(({ pid }) => pid);
    expect(await pids({ state: 'idle in transaction' })).toEqual([holder.pid]);
    expect(await pids({ application: 'CHECK' })).toEqual([waiting[0]?.pid]);
    expect(await pids({ database: 'shop' })).toEqual([elsewhere.pid]);
    expect(await pids({ user: 'nobody' })).toEqual([]);
    expect(await pids({ waitingOnly: true })).toEqual([waiting[0]?.pid]);
  });

  test('shows as many rows as asked for, says how many there are, and takes no limit over 2,000', async () => {
    for (let index = 0; index < 5; index++) await lab.open('crowd');
    const output = table(await lab.postgres.read('activity', { instance: 'pg1', application: 'crowd', limit: 3 }));
    expect(output.rows).toHaveLength(3);
    expect(output.notes?.[0]).toBe('The first 3 of 5 sessions; raise --limit, or filter.');
    await lab.postgres.read('activity', { instance: 'pg1', limit: 2000 });
    await expect(lab.postgres.read('activity', { instance: 'pg1', limit: 2001 })).rejects.toMatchObject({
      code: 'input.invalid',
    });
  });

  test('shows the first words of a statement that the server cut off', async () => {
    const session = await lab.open('bulk');
    await session.client.query(`select 'canary${'x'.repeat(2000)}' from customers limit 1`);
    const [row] = table(await lab.postgres.read('activity', { instance: 'pg1', application: 'bulk' })).rows;
    expect(row?.['query']).toBe('SELECT …(masked)');
  });

  test('masks a cut statement that still parses, up to characters of several bytes', async () => {
    const session = await lab.open('bulk');
    // Cut at 1,023 bytes, within the last character: what is left of the alias would look whole.
    await session.client.query(`select 1 as "${'x'.repeat(50)}", ${'1, '.repeat(310)} 1 as éééééééééééééééééééé, 'canary'`);
    const [row] = table(await lab.postgres.read('activity', { instance: 'pg1', application: 'bulk' })).rows;
    expect(row?.['query']).toBe('SELECT …(masked)');
  });

  test('draws who blocks whom with the root first, and names the command that frees most', async () => {
    const { holder, waiting } = await blockedRow(3);
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(output.roots).toHaveLength(1);
    const [root] = output.roots;
    expect(root?.label).toMatch(new RegExp(`^${holder.pid} 'orders-migration' \\(orders\\) idle in transaction for `));
    expect(root?.detail).toContain('3 sessions behind it');
    expect(root?.data).toMatchObject({ behind: 3, frees: 3 });
    const nodes = flat(output.roots);
    expect(nodes.map(({ data }) => data?.['pid']).sort()).toEqual([holder.pid, ...waiting.map(({ pid }) => pid)].sort());
    for (const { pid } of waiting) {
      const node = nodes.find(({ data }) => data?.['pid'] === pid);
      expect(node?.data?.['lock']).toMatchObject({ relation: 'customers', mode: expect.stringMatching(/Lock$/) });
    }
    expect(output.notes).toEqual([
      `Ending the session of 'orders-migration' (pid ${holder.pid}) frees most: 3 waiting sessions. ` +
        `guichet postgres terminate-session --instance pg1 --pid ${holder.pid} --env production`,
    ]);
    expect(JSON.stringify(output)).not.toContain('canary');
  });

  test('names the relation of a wait in another database', async () => {
    const holder = await lab.open('shop-api', { database: 'shop' });
    await holder.client.query('create table if not exists parcels (id int)');
    await holder.client.query('begin; lock table parcels');
    const waiter = await lab.open('shop-job', { database: 'shop' });
    waiter.start('select * from parcels');
    await lab.blocked(waiter.pid);
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    const node = flat(output.roots).find(({ data }) => data?.['pid'] === waiter.pid);
    expect(node?.data?.['lock']).toEqual({
      type: 'relation',
      mode: 'AccessShareLock',
      relation: 'parcels',
      heldAs: 'AccessExclusiveLock',
    });
    expect(node?.detail).toContain('waits for AccessShareLock on parcels, held as AccessExclusiveLock');
  });

  test('shows a queue for a table once for each session, under the root', async () => {
    const holder = await lab.open('report');
    await holder.client.query('begin; select count(*) from customers');
    const waiting: number[] = [];
    for (const application of ['migration', 'checkout', 'checkout', 'checkout']) {
      const session = await lab.open(application);
      session.start(application === 'migration' ? 'alter table customers add column x int' : 'select * from customers');
      await lab.blocked(session.pid);
      waiting.push(session.pid);
    }
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(flat(output.roots).map(({ data }) => data?.['pid'])).toEqual([holder.pid, ...waiting]);
    expect(output.roots[0]?.data).toMatchObject({ pid: holder.pid, behind: 4, frees: 4 });
    // The checkouts do not wait on the report itself, only on the migration that wants the table before them.
    expect(output.roots[0]?.children?.[0]?.children).toHaveLength(3);
  });

  test('draws a deadlock as a tree that ends', async () => {
    const [first, second] = [await lab.open('first'), await lab.open('second')];
    await first.client.query('begin; update customers set name = null where id = 1');
    await second.client.query('begin; update customers set name = null where id = 2');
    first.start('update customers set name = null where id = 2');
    await lab.blocked(first.pid);
    second.start('update customers set name = null where id = 1');
    await lab.blocked(second.pid);
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(output.roots).toHaveLength(1);
    expect(flat(output.roots)).toHaveLength(2);
    expect(output.roots[0]?.data).toMatchObject({ deadlock: true, behind: 1, frees: 1 });
    expect(output.roots[0]?.detail).toContain('part of a deadlock');
    expect(output.notes?.[0]).toContain('guichet postgres cancel-query --instance pg1');
  });

  test('names the prepared transaction that others wait on, and what frees them', async () => {
    const holder = await lab.open('two-phase');
    await holder.client.query("begin; update customers set name = 'canary' where id = 1; prepare transaction 'payout-42'");
    await holder.client.end();
    // Another one that has nothing to do with it must not be blamed.
    const other = await lab.open('two-phase');
    await other.client.query("begin; select * from customers where id = 9 for update; prepare transaction 'innocent'");
    const waiter = await lab.open('checkout');
    waiter.start("update customers set name = 'canary' where id = 1");
    await lab.blocked(waiter.pid);
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(output.roots).toHaveLength(1);
    expect(output.roots[0]?.label).toMatch(/^prepared transaction 'payout-42' of 'orders' in 'postgres', prepared .* ago$/);
    expect(output.roots[0]?.detail).toContain("ROLLBACK PREPARED 'payout-42'");
    expect(output.roots[0]?.data).toMatchObject({ gid: 'payout-42', owner: 'orders', database: 'postgres', behind: 1 });
    expect(output.roots[0]?.children?.map(({ data }) => data?.['pid'])).toEqual([waiter.pid]);
    expect(output.notes?.[0]).toContain("ROLLBACK PREPARED 'payout-42'");
    const [row] = table(await lab.postgres.read('activity', { instance: 'pg1', waitingOnly: true })).rows;
    expect(row?.['blockedBy']).toBe('prepared');
  });

  test('tells two prepared transactions on a table apart by the locks that conflict', async () => {
    for (const [gid, statement] of [
      ['reader', 'select * from customers where id = 3'],
      ['writer', "update customers set name = 'x' where id = 3"],
    ]) {
      const session = await lab.open('two-phase');
      await session.client.query(`begin; select txid_current(); ${statement}; prepare transaction '${gid}'`);
    }
    const waiter = await lab.open('index');
    waiter.start('begin; lock table customers in share mode'); // conflicts with writers, not with readers
    await lab.blocked(waiter.pid);
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(output.roots.map(({ data }) => data?.['gid'])).toEqual(['writer']);
  });

  test('names the session of a parallel query once, though the server names it for each of its processes', async () => {
    const owner = await lab.open('setup');
    await owner.client.query('create table if not exists big as select n from generate_series(1, 20000) n');
    await owner.client.query('alter table big set (parallel_workers = 2)');
    const holder = await lab.open('report');
    await holder.client.query('set parallel_setup_cost = 0; set parallel_tuple_cost = 0; set min_parallel_table_scan_size = 0');
    holder.start('select count(*) from big where pg_sleep(0.002) is not null');
    await until(async () => {
      const rows = await lab.sql("select from pg_stat_activity where backend_type = 'parallel worker'");
      return rows.length === 2;
    });
    const waiter = await lab.open('migration');
    waiter.start('begin; lock table big in access exclusive mode');
    await lab.blocked(waiter.pid);
    const [raw] = await lab.sql<{ pids: number[] }>('select pg_blocking_pids($1) as pids', [waiter.pid]);
    expect(raw?.pids.length).toBeGreaterThan(1); // else this shows nothing
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(flat(output.roots).map(({ data }) => data?.['pid'])).toEqual([holder.pid, waiter.pid]);
    const [row] = table(await lab.postgres.read('activity', { instance: 'pg1', waitingOnly: true })).rows;
    expect(row?.['blockedBy']).toBe(String(holder.pid));
  });

  test('says that nobody waits when nobody does', async () => {
    const output = tree(await lab.postgres.read('blocking', { instance: 'pg1' }));
    expect(output).toMatchObject({ roots: [], empty: "Nobody waits for a lock on 'pg1'." });
  });

  test('offers instances and pids to choose from, who blocks first, then who waits', async () => {
    const { holder, waiting } = await blockedRow(2);
    await lab.open('dashboard');
    const [instance] = await lab.postgres.options('terminate-session', 'instance', { query: 'p1' });
    expect(instance).toMatchObject({
      value: 'pg1',
      detail: expect.stringMatching(new RegExp(`^primary, PostgreSQL ${major}\\.`)),
    });
    expect(await lab.postgres.options('terminate-session', 'instance', { query: 'zz' })).toEqual([]);
    const pids = await lab.postgres.options('terminate-session', 'pid', { input: { instance: 'pg1' } });
    expect(pids[0]).toMatchObject({
      value: holder.pid,
      label: expect.stringContaining("'orders-migration' idle in transaction for"),
    });
    expect(pids[0]?.detail).toContain('2 sessions behind it');
    expect(
      pids
        .slice(1, 3)
        .map(({ value }) => value)
        .sort(),
    ).toEqual(waiting.map(({ pid }) => pid).sort());
    const cancels = await lab.postgres.options('cancel-query', 'pid', { input: { instance: 'pg1' } });
    expect(cancels.map(({ value }) => value)).not.toContain(holder.pid);
    expect(await lab.postgres.options('cancel-query', 'pid', { input: {} })).toEqual([]);
    expect(JSON.stringify([pids, cancels])).not.toContain('canary');
  });
});
