import type { TableOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { parsePostgresConfig } from '../src/config.ts';
import { inUnits } from '../src/contents/settings.ts';
import { readTables } from '../src/contents/tables.ts';
import { Instance } from '../src/instance.ts';
import { type Lab, MAJORS, openLab, until } from './lab.ts';

/** The output, as the kind that the actions declare. */
const table = (output: unknown) => output as TableOutput;
const named = (output: TableOutput, key: string, name: string) => output.rows.find((row) => row[key] === name);

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query(
      'create schema "Sales 2026"; create table "Sales 2026"."Wide ""Orders"" é" (id int primary key, note text)',
    );
    await shop.client.query(
      `insert into "Sales 2026"."Wide ""Orders"" é" select n, repeat('x', 200) from generate_series(1, 2000) n`,
    );
    await shop.client.query('create table small (id int); insert into small select 1');
    await shop.client.query('create table parts (id int) partition by range (id)');
    await shop.client.query('create table parts_1 partition of parts for values from (0) to (10)');
    await shop.client.query('vacuum analyze small');
    // Before 15 the statistics come a moment later.
    await until(async () => {
      const { rows } = await shop.client.query(
        "select from pg_stat_user_tables where relname = 'small' and last_analyze is not null",
      );
      return rows.length === 1;
    });
    await lab.sql("create role readers; create role intern login password 'canary' valid until '2030-01-01' connection limit 3");
    await lab.sql('grant readers to intern');
    await lab.quiet();
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  test('lists databases with their owner, size, connections and extensions', async () => {
    await lab.open('shop-api', { database: 'shop' });
    const output = table(await lab.postgres.read('databases', { instance: 'pg1' }));
    expect(output.rows.map(({ name }) => name)).toEqual(['postgres', 'shop']);
    expect(named(output, 'name', 'shop')).toMatchObject({
      owner: 'orders',
      size: expect.any(Number),
      connections: 1,
      connectionLimit: null,
      encoding: 'UTF8',
      xidAge: expect.any(Number),
      extensions: '',
    });
  });

  test('lists a database that lets nobody in, and says what is not known of it', async () => {
    await lab.sql('create database vault');
    await lab.sql('revoke connect on database vault from public');
    const output = table(await lab.postgres.read('databases', { instance: 'pg1' }));
    expect(named(output, 'name', 'vault')).toMatchObject({ extensions: null });
    expect(output.notes?.join()).toContain("Extensions are not known, for the observer may not connect: 'vault'.");
    await expect(lab.postgres.read('tables', { instance: 'pg1', database: 'vault' })).rejects.toMatchObject({
      code: 'action.refused',
      message: expect.stringContaining("observer login 'guichet_observer'"),
    });
    await lab.sql('drop database vault');
  });

  test('lists roles with what they may, and no password', async () => {
    const output = table(await lab.postgres.read('roles', { instance: 'pg1' }));
    expect(named(output, 'name', 'intern')).toMatchObject({
      login: true,
      memberOf: 'readers',
      validUntil: expect.stringMatching(/^20(29|30)-/),
      connectionLimit: 3,
      connections: 0,
    });
    expect(named(output, 'name', 'readers')).toMatchObject({ login: false, attributes: null });
    expect(named(output, 'name', 'pg_monitor')).toBeUndefined();
    expect(JSON.stringify(output)).not.toMatch(/canary|SCRAM|md5/);
    const all = table(await lab.postgres.read('roles', { instance: 'pg1', all: true }));
    expect(named(all, 'name', 'pg_monitor')).toMatchObject({ login: false });
    const some = table(await lab.postgres.read('roles', { instance: 'pg1', like: 'INTER', loginOnly: true }));
    expect(some.rows.map(({ name }) => name)).toEqual(['intern']);
  });

  test('lists tables by size, names with capitals, spaces and quotes as they are', async () => {
    const output = table(await lab.postgres.read('tables', { instance: 'pg1', database: 'shop' }));
    expect(output.rows[0]).toMatchObject({
      table: 'Sales 2026.Wide "Orders" é',
      kind: 'table',
      owner: 'orders',
      toast: expect.any(Number),
      rows: null,
      lastVacuum: null,
    });
    const { total, heap, indexes, toast } = output.rows[0] ?? {};
    expect(total).toBe(Number(heap) + Number(indexes) + Number(toast));
    expect(Number(heap)).toBeGreaterThan(400_000);
    expect(named(output, 'table', 'public.small')).toMatchObject({ rows: 1, lastVacuum: expect.stringMatching(/Z$/) });
    expect(named(output, 'table', 'public.parts')).toMatchObject({ kind: 'partitioned', total: null });
    expect(output.notes?.[0]).toMatch(/^4 tables in 'shop', .* in all\.$/);
  });

  test('filters, sorts and limits tables', async () => {
    const names = async (input: Record<string, unknown>) =>
      table(await lab.postgres.read('tables', { instance: 'pg1', database: 'shop', ...input })).rows.map((row) => row['table']);
    expect(await names({ schema: 'Sales 2026' })).toEqual(['Sales 2026.Wide "Orders" é']);
    expect(await names({ like: 'SMA' })).toEqual(['public.small']);
    expect(await names({ sort: 'name', limit: 2 })).toEqual(['Sales 2026.Wide "Orders" é', 'public.parts']);
    expect((await names({ sort: 'last-vacuum' })).at(-1)).toBe('public.small');
    expect(await names({ all: true, like: 'pg_class' })).toEqual(['pg_catalog.pg_class']);
    const few = table(await lab.postgres.read('tables', { instance: 'pg1', database: 'shop', limit: 1 }));
    expect(few.notes?.[1]).toContain('The first 1 are shown');
    const none = table(await lab.postgres.read('tables', { instance: 'pg1', database: 'shop', like: 'nothing' }));
    expect(none).toMatchObject({ rows: [], empty: expect.stringContaining("No table of 'shop' is like that") });
  });

  test('measures the largest tables alone where there are very many', async () => {
    const [settings] = parsePostgresConfig({ instances: [lab.instance] }).instances;
    if (settings === undefined) throw new Error('the configuration has no instance');
    const instance = new Instance(settings);
    const wanted = { database: 'shop', schema: 'public', all: false, sort: 'name', limit: 10 } as const;
    const sizes = async (measured: number) => (await readTables(instance, { ...wanted, measured })).tables;
    const shop = await lab.open('setup', { database: 'shop' });
    await shop.client.query('create table grown (id int); insert into grown select generate_series(1, 1000)');
    try {
      // Nothing has vacuumed it: its pages are not known, and so it comes behind what was.
      const [exact, estimated] = [await sizes(10), await sizes(1)];
      expect(exact.find(({ name }) => name === 'grown')?.total).toBeGreaterThan(0);
      expect(estimated.find(({ name }) => name === 'grown')?.total).toBe(0);
      expect(estimated.find(({ name }) => name === 'small')).toEqual(exact.find(({ name }) => name === 'small'));
      expect(estimated.find(({ name }) => name === 'parts')?.total).toBeNull();
    } finally {
      await shop.client.query('drop table grown');
      await instance.close();
    }
  });

  test('does not wait for a table that is locked exclusively', async () => {
    const holder = await lab.open('migration', { database: 'shop' });
    await holder.client.query('begin; lock table small in access exclusive mode');
    const output = table(await lab.postgres.read('tables', { instance: 'pg1', database: 'shop' }));
    expect(named(output, 'table', 'public.small')).toMatchObject({ total: null, indexes: null });
    expect(named(output, 'table', 'Sales 2026.Wide "Orders" é')?.['total']).toBeGreaterThan(0);
    expect(output.notes?.join()).toContain("Locked exclusively now, so not measured: 'small'");
  });

  test('offers databases, and says which one was meant', async () => {
    const choices = await lab.postgres.options('tables', 'database', { input: { instance: 'pg1' }, query: 'sh' });
    expect(choices).toEqual([{ value: 'shop' }]);
    expect(await lab.postgres.options('tables', 'database', { input: {} })).toEqual([]);
    await expect(lab.postgres.read('tables', { instance: 'pg1', database: 'shp' })).rejects.toMatchObject({
      message: "There is no database 'shp' to connect to on 'pg1'.",
      remedy: "Did you mean 'shop'?",
    });
  });

  test('shows settings that differ, with where they are from, and what waits for a restart', async () => {
    await lab.sql("alter system set work_mem = '6MB'");
    await lab.sql("alter system set max_wal_senders = '7'");
    await lab.sql("alter system set primary_conninfo = 'host=x password=canary'");
    await lab.sql("alter system set restore_command = 'fetch --token canary'");
    await lab.sql('select pg_reload_conf()');
    const read = async (input: Record<string, unknown> = {}) =>
      table(await lab.postgres.read('settings', { instance: 'pg1', ...input }));
    await expect.poll(async () => named(await read(), 'name', 'work_mem')?.['value']).toBe('6MB');
    const output = await read();
    expect(named(output, 'name', 'work_mem')).toMatchObject({
      default: '4MB',
      source: 'configuration file',
      pendingRestart: false,
    });
    expect(named(output, 'name', 'max_wal_senders')).toMatchObject({ pendingRestart: true, needsRestart: true });
    expect(output.notes?.join()).toContain('waiting for a restart: ');
    if (major >= 13) expect(named(output, 'name', 'primary_conninfo')).toMatchObject({ value: '(not shown)', default: null });
    expect(JSON.stringify(output)).not.toContain('canary');
    // What our own connections set is not of the server.
    expect(named(output, 'name', 'statement_timeout')).toBeUndefined();
    expect(named(await read({ all: true }), 'name', 'statement_timeout')).toMatchObject({ value: '0', default: '0' });
    const vacuum = await read({ like: 'VACUUM_COST' });
    expect(vacuum.rows.length).toBeGreaterThan(3);
    expect((await read({ like: 'wrok_mem' })).empty).toContain("Did you mean 'work_mem'?");
  });
});

test.each([
  ['16384', '8kB', '128MB'],
  ['4096', 'kB', '4MB'],
  ['1000', 'ms', '1s'],
  ['1500', 'ms', '1500ms'],
  ['0', 'ms', '0'],
  ['-1', 'kB', '-1'],
  ['0.2', null, '0.2'],
])('writes %s of %s as %s', (text, unit, written) => {
  expect(inUnits(text, unit)).toBe(written);
});
