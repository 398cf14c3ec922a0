import type { TableOutput } from '@guichet/contract';
import { availableMajors } from '@guichet/postgres-server';
import { harness } from '@guichet/sdk/testing';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { parsePostgresConfig } from '../src/config.ts';
import { Estate } from '../src/estate.ts';
import type { Finding } from '../src/health/finding.ts';
import { LIMITS, type Limits } from '../src/health/limits.ts';
import { lookOver } from '../src/health/look-over.ts';
import { createPostgresProvider } from '../src/index.ts';
import { type Lab, openLab, openReplica, until } from './lab.ts';

/** The output, as the kind that the action declares. */
const table = (output: unknown) => output as TableOutput;

/** So low that a small table shows what it takes a big one to show. */
const LOW: Limits = {
  ...LIMITS,
  smallestTable: 8192,
  smallestIndex: 8192,
  fewestRows: 100,
  scans: 5,
  wasted: { info: 100_000, warning: 1_000_000_000 },
  deadRows: 1000,
  deadShare: 0.1,
};

const ILLS = [
  'create table parents (id int primary key)',
  'create table children (id serial primary key, parent int references parents (id), code text, note text)',
  'insert into parents select n from generate_series(1, 500) n',
  "insert into children (parent, code, note) select n % 500 + 1, 'c' || n, repeat('x', 20) from generate_series(1, 5000) n",
  'create index children_by_code on children (code)',
  'create index children_by_code_again on children (code)',
  'create index children_by_code_note on children (code, note)',
  'create index children_by_note on children (note)',
  'alter sequence children_id_seq as bigint',
  "select setval('children_id_seq', 1700000000)",
  'create table "Odd \'name\'" (id int generated always as identity, v text) with (autovacuum_enabled = off)',
  `select setval(pg_get_serial_sequence('"Odd ''name''"', 'id'), 2000000000)`,
  'create table bloated (id int primary key, filler text) with (autovacuum_enabled = off)',
  "insert into bloated select n, md5(n::text) || repeat('y', 170) from generate_series(1, 5000) n",
  'create index bloated_by_filler on bloated (filler)',
  'delete from bloated where id % 10 <> 0',
  'vacuum analyze bloated',
  'analyze children',
  'create table dying (id int primary key) with (autovacuum_enabled = off)',
  'insert into dying select n from generate_series(1, 3000) n',
  'delete from dying where id > 100',
];

/** A busy machine takes its time; nothing is waited for that is there. */
const PATIENCE = { timeout: 20_000, interval: 200 };

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  let lab: Lab;
  let estate: Estate;
  beforeAll(async () => {
    lab = await openLab(major, { fsync: 'on', full_page_writes: 'on' });
    estate = new Estate(parsePostgresConfig({ instances: [lab.instance] }));
  });
  afterAll(async () => {
    await estate.close();
    await lab[Symbol.asyncDispose]();
  });
  afterEach(async () => lab.quiet());

  const look = async (limits: Partial<Limits> = {}, database?: string) =>
    lookOver(await estate.find('production', 'pg1'), {
      environment: 'production',
      database,
      limits,
      signal: new AbortController().signal,
      progress: () => {},
    });
  const found = (findings: readonly Finding[], kind: string) => findings.filter(({ finding }) => finding === kind);
  const objects = (findings: readonly Finding[], kind: string) => found(findings, kind).map(({ object }) => object);

  test('says of a healthy server that it is', async () => {
    const output = table(await lab.postgres.read('health', { instance: 'pg1', severity: 'warning' }));
    // Without an admin login there are things that cannot be seen, and it says so instead.
    expect(output.rows.filter(({ severity }) => severity !== 'unknown')).toEqual([]);
    if (major >= 14)
      expect(output.empty).toMatch(
        /^'pg1' is healthy: \d+ checks of the server and 2 databases \(postgres, shop\) found nothing\.$/,
      );
  });

  test('finds what is wrong in a database, and what mends it', async () => {
    const { client } = await lab.open('ills', { database: 'shop' });
    for (const ill of ILLS) await client.query(ill);
    await expect(client.query('create unique index concurrently broken on children (note)')).rejects.toThrow();
    for (let scans = 0; scans < 6; scans++) await client.query("select count(*) from children where note = 'a' or parent = 7");
    await client.end(); // what it has done is counted by then
    // Counts come by themselves, and on servers before 15 one after the other.
    await vi.waitFor(async () => {
      const { findings } = await look(LOW);
      expect(findings.filter(({ object }) => object.startsWith('the check of'))).toEqual([]);
      expect(found(findings, 'missing index')).toMatchObject([
        { database: 'shop', object: 'public.children', severity: 'warning' },
      ]);
      expect(found(findings, 'foreign key without index')).toMatchObject([
        {
          object: 'public.children (parent)',
          mend: 'guichet postgres create-index-concurrently --instance pg1 --database shop --table public.children --column parent --env production',
        },
      ]);
      expect(found(findings, 'invalid index')).toMatchObject([
        {
          object: 'public.broken',
          mend: 'guichet postgres drop-index-concurrently --instance pg1 --database shop --index public.broken --env production',
        },
      ]);
      expect(found(findings, 'duplicate index')).toMatchObject([
        { object: 'public.children_by_code_again', why: expect.stringMatching(/^public\.children_by_code is the same/) },
      ]);
      expect(objects(findings, 'redundant index')).toEqual(['public.children_by_code']);
      expect(objects(findings, 'unused index')).toContain('public.children_by_note');
      expect(objects(findings, 'unused index')).not.toContain('public.children_pkey');
      expect(objects(findings, 'many dead rows')).toContain('public.dying');
      expect(objects(findings, 'statistics never gathered')).toContain('public.dying');
      expect(objects(findings, 'autovacuum switched off')).toContain(`public."Odd 'name'"`);
      expect(found(findings, 'many dead rows').map(({ mend }) => mend)).toContain(
        'guichet postgres vacuum-analyze --instance pg1 --database shop --table public.dying --env production',
      );
      if (major < 14) {
        // The observer may not read values of sequences: that is told, not left out.
        expect(found(findings, 'not looked at')).toMatchObject([
          { database: 'shop', severity: 'unknown', object: '2 sequences' },
        ]);
        return;
      }
      expect(objects(findings, 'bloated table')).toEqual(['public.bloated']);
      expect(objects(findings, 'bloated index')).toEqual(['public.bloated_by_filler']);
      expect(found(findings, 'sequence near its end')).toMatchObject([
        {
          severity: 'critical',
          object: `public."Odd 'name'_id_seq"`,
          figure: expect.stringMatching(/^93\.1 % used, 147,483,647 left/),
        },
        { severity: 'warning', object: 'public.children_id_seq', mend: expect.stringContaining('ALTER COLUMN id TYPE bigint') },
      ]);
      expect(findings.map(({ severity }) => severity)).toEqual(
        findings.map(({ severity }) => severity).toSorted((a, b) => ORDER.indexOf(a) - ORDER.indexOf(b)),
      );
    }, PATIENCE);
  });

  test('gives commands that the actions take', async () => {
    if (major < 14) return; // there is no admin login to look after tables with
    const { findings } = await look(LOW, 'shop');
    const commands = new Set(
      findings.flatMap(({ mend }) => /^guichet postgres (?!slow-queries)[^()]*/.exec(mend)?.[0].trim() ?? []),
    );
    const actions = [...commands].map(callOf);
    expect(new Set(actions.map(({ action }) => action))).toEqual(
      new Set(['create-index-concurrently', 'drop-index-concurrently', 'vacuum-analyze']),
    );
    for (const { action, input } of actions) {
      expect(await lab.postgres.plan(action, input), JSON.stringify(input)).toMatchObject({ summary: expect.any(String) });
    }
  });

  test('gives the table whose name a shell would mind in quotes', async () => {
    const { client } = await lab.open('ills', { database: 'shop' });
    await client.query(`insert into "Odd 'name'" (v) select repeat('v', 100) from generate_series(1, 500)`).catch(() => {});
    await client.end();
    let mend: string | undefined;
    await until(async () => {
      const { findings } = await look(LOW, 'shop');
      mend = found(findings, 'statistics never gathered').find(({ object }) => object.includes('Odd'))?.mend;
      return mend !== undefined;
    });
    expect(mend).toContain(`--table 'public."Odd '\\''name'\\''"'`);
  });

  test('finds transactions left open, prepared transactions, slots, and old ids', async () => {
    const holder = await lab.open('orders-migration');
    await holder.client.query("begin; update customers set name = 'canary' where id = 1");
    const two = await lab.open('two-phase');
    await two.client.query("begin; select 1; prepare transaction 'it''s left'");
    await lab.sql("select pg_create_physical_replication_slot('left_behind', true)");
    try {
      const { findings } = await look({
        idleInTransaction: 0,
        prepared: { warning: 0, critical: 3600 },
        age: { warning: 1, critical: 1_000_000_000 },
        connections: { warning: 0.01, critical: 2 },
        blocksAsked: 0,
        cacheHit: { info: 1.1, warning: 0 },
        checkpoints: -1,
      });
      expect(found(findings, 'transaction left open')).toMatchObject([
        {
          object: `pid ${holder.pid} 'orders-migration'`,
          database: 'postgres',
          mend: `guichet postgres terminate-session --instance pg1 --pid ${holder.pid} --env production`,
        },
      ]);
      expect(found(findings, 'prepared transaction left over')).toMatchObject([
        { object: "it's left", mend: expect.stringContaining("ROLLBACK PREPARED 'it''s left';") },
      ]);
      expect(found(findings, 'inactive replication slot')).toMatchObject([
        { object: 'left_behind', mend: expect.stringContaining("pg_drop_replication_slot('left_behind')") },
      ]);
      expect(objects(findings, 'old transaction ids')).toEqual(expect.arrayContaining(['postgres', 'shop', 'pg_statistic']));
      expect(found(findings, 'connections near the limit')).toMatchObject([{ figure: expect.stringMatching(/^\d+ of 77$/) }]);
      expect(objects(findings, 'few cache hits')).toContain('shared_buffers');
      expect(JSON.stringify(findings)).not.toContain('canary');
    } finally {
      await lab.sql("select pg_drop_replication_slot('left_behind')");
    }
  });

  test('tells a slot whose log is gone from one that keeps it', async () => {
    if (major < 13) return; // it does not tell
    await lab.sql("select pg_create_physical_replication_slot('late', true)");
    await lab.sql("alter system set max_slot_wal_keep_size = '1MB'");
    await lab.sql('select pg_reload_conf()');
    try {
      await until(async () => {
        await lab.sql("select pg_logical_emit_message(false, 'test', 'written')");
        await lab.sql('select pg_switch_wal()');
        await lab.sql('checkpoint');
        return (await lab.sql("select from pg_replication_slots where slot_name = 'late' and wal_status = 'lost'")).length === 1;
      });
      expect(found((await look()).findings, 'lost replication slot')).toMatchObject([
        { severity: 'warning', object: 'late', figure: expect.stringMatching(/^keeps nothing any more/) },
      ]);
    } finally {
      await lab.sql('alter system reset max_slot_wal_keep_size');
      await lab.sql('select pg_reload_conf()');
      await lab.sql("select pg_drop_replication_slot('late')");
    }
  });

  test('stops when it is cancelled, and leaves no session behind', async () => {
    const stop = new AbortController();
    const asked = lab.postgres.read('health', { instance: 'pg1' }, { signal: stop.signal });
    stop.abort();
    await expect(asked).rejects.toBeDefined();
    const looking =
      "select from pg_stat_activity where application_name like 'guichet%' and state = 'active' and pid <> pg_backend_pid()";
    await until(async () => (await lab.sql(looking)).length === 0);
  });

  test('tells what it cannot look at, and looks at the rest', async () => {
    const holder = await lab.open('locker', { database: 'shop' });
    await holder.client.query('begin; lock table children in access exclusive mode');
    await lab.sql('create database closed');
    await lab.sql('revoke connect on database closed from public');
    const closed = createPostgresProvider({ instances: [{ ...lab.instance, databases: ['postgres', 'closed'] }] });
    try {
      const { rows } = table(await harness(closed).read('health', { instance: 'pg1', severity: 'critical' }));
      const unknown = rows.filter(({ severity }) => severity === 'unknown');
      expect(unknown).toContainEqual(
        expect.objectContaining({ database: 'closed', object: 'the whole database', figure: expect.stringContaining('refuses') }),
      );
      expect(unknown).toContainEqual(
        expect.objectContaining({
          database: 'shop',
          object: 'public.children',
          finding: 'locked exclusively',
          mend: 'guichet postgres blocking --instance pg1 --env production',
        }),
      );
      expect(unknown.filter(({ object }) => /^the check of /.test(String(object)))).toEqual([]);
      expect(unknown.filter(({ database }) => database === 'postgres')).toEqual([]);
    } finally {
      await closed.close();
      await lab.sql('drop database closed');
    }
  });
});

/** The call that the command line would make of a command of `health`. */
function callOf(command: string): { action: string; input: Record<string, unknown> } {
  const [, action = '', flags = ''] = /^guichet postgres (\S+) (.*)$/.exec(command) ?? [];
  const given = [...flags.matchAll(/--(\S+) ((?:'[^']*'|\\'|[^\s'])+)/g)].map(([, flag = '', word = '']) => {
    const value = word.replaceAll(
      /'([^']*)'|\\(')/g,
      (_, quoted: string | undefined, escaped: string | undefined) => quoted ?? escaped ?? '',
    );
    return [flag, flag === 'column' ? [value] : value] as const;
  });
  return { action, input: Object.fromEntries(given.filter(([flag]) => flag !== 'env')) };
}

const ORDER: readonly string[] = ['critical', 'warning', 'unknown', 'info'];

test('finds settings that endanger, and shows no more than was asked for', async () => {
  await using lab = await openLab(18, { fsync: 'off', autovacuum: 'off', synchronous_commit: 'off' });
  const output = table(await lab.postgres.read('health', { instance: 'pg1', severity: 'critical' }));
  expect(output.rows.map(({ object }) => object)).toEqual(['fsync', 'autovacuum']);
  expect(output.rows[0]).toMatchObject({
    severity: 'critical',
    mend: 'a superuser: ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();',
  });
  expect(output.notes).toContainEqual('1 finding of less severity not shown.');
});

test('looks at the server alone where it is a replica', async () => {
  await using replica = await openReplica();
  const output = table(await replica.postgres.read('health', { instance: 'pg1' }));
  expect(output.rows).toEqual([]);
  expect(output.empty).toMatch(/^'pg1' is healthy: \d+ checks of the server found nothing\.$/);
  expect(output.notes).toContainEqual("'pg1' is a replica: its tables and indexes are looked at on its primary.");
});
