import type { TableOutput } from '@guichet/contract';
import { availableMajors } from '@guichet/postgres-server';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, openLab } from './lab.ts';

/** The output, as the kind that the action declares. */
const table = (output: unknown) => output as TableOutput;
const query = (row: TableOutput['rows'][number]) => String(row['query']);

describe.each(availableMajors())('PostgreSQL %i', (major) => {
  let lab: Lab;
  let versions: string[];
  beforeAll(async () => {
    lab = await openLab(major, { shared_preload_libraries: 'pg_stat_statements', track_io_timing: 'on' });
    const rows = await lab.sql<{ version: string }>(
      "select version from pg_available_extension_versions where name = 'pg_stat_statements' order by string_to_array(version, '.')::int[]",
    );
    versions = rows.map(({ version }) => version).filter((version) => Number(version.split('.')[1]) >= 7);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => {
    await lab.quiet();
    await lab.sql('drop extension if exists pg_stat_statements');
  });

  test('refuses with the statement that adds the extension', async () => {
    await expect(lab.postgres.read('slow-queries', { instance: 'pg1' })).rejects.toMatchObject({
      code: 'action.refused',
      remedy: expect.stringContaining('CREATE EXTENSION pg_stat_statements;'),
    });
  });

  test('says how to open the schema that the extension is in, and is content with that', async () => {
    await lab.sql('create schema "Ext 1"; create extension pg_stat_statements schema "Ext 1"');
    try {
      const refusal = await lab.postgres.read('slow-queries', { instance: 'pg1' }).catch((error: unknown) => error);
      const remedy = `Its owner must run in 'postgres': GRANT USAGE ON SCHEMA "Ext 1" TO guichet_observer;`;
      expect(refusal).toMatchObject({ code: 'action.refused', remedy });
      await lab.sql(remedy.replace(/^.*': /, ''));
      expect(table(await lab.postgres.read('slow-queries', { instance: 'pg1' })).rows.length).toBeGreaterThan(0);
    } finally {
      await lab.sql('drop schema "Ext 1" cascade');
    }
  });

  test('shows what costs most in every version of the extension that the server offers', async () => {
    expect(versions.length).toBeGreaterThan(0);
    const { client } = await lab.open('shop-api');
    for (const version of versions) {
      await lab.sql(`create extension pg_stat_statements version '${version}'`);
      await lab.sql('select pg_stat_statements_reset()');
      for (let calls = 0; calls < 3; calls++) await client.query("select count(*) from customers where name <> 'canary'");
      await client.query('/* canary */ select pg_sleep(0.02)');
      await lab.sql("alter role orders password 'orders-s3cret'");
      const output = table(await lab.postgres.read('slow-queries', { instance: 'pg1', limit: 500 }));
      const counted = output.rows.find((row) => query(row).startsWith('select count(*) from customers'));
      expect(counted, version).toMatchObject({
        calls: 3,
        rows: 3,
        user: 'orders',
        database: 'postgres',
        query: 'select count(*) from customers where name <> $1',
        queryId: expect.stringMatching(/^-?\d+$/),
        meanMs: expect.any(Number),
        hitPercent: expect.any(Number),
        io: expect.any(Number),
      });
      const slept = output.rows.find((row) => query(row) === 'select pg_sleep($1)');
      expect(slept, version).toMatchObject({ calls: 1 });
      expect(Number(slept?.['total'])).toBeGreaterThanOrEqual(0.02);
      expect(slept?.['share']).toBeGreaterThan(0);
      const totals = output.rows.map(({ total }) => Number(total));
      expect(totals).toEqual(totals.toSorted((a, b) => b - a));
      expect(output.rows.some((row) => query(row) === 'ALTER ROLE …(masked)')).toBe(true);
      expect(JSON.stringify(output)).not.toMatch(/canary|s3cret/);
      expect(output.notes?.[0]).toMatch(/^Since the (last )?reset/);
      expect(output.notes?.at(-1)).toMatch(/slow-queries explain --instance pg1 --query-id -?\d+ --env production$/);
      await lab.sql('drop extension pg_stat_statements');
    }
  });

  test('filters by user and database, sorts, and leaves our own statements out unless asked', async () => {
    await lab.sql('create extension pg_stat_statements');
    await lab.sql('select pg_stat_statements_reset()');
    const api = await lab.open('shop-api');
    const shop = await lab.open('shop-api', { database: 'shop' });
    for (let calls = 0; calls < 7; calls++) await shop.client.query('select 7');
    await api.client.query('select n from generate_series(1, 500) n');
    const rows = async (input: Record<string, unknown>) =>
      table(await lab.postgres.read('slow-queries', { instance: 'pg1', ...input })).rows;
    expect((await rows({ database: 'shop', sort: 'calls' })).map(query)[0]).toBe('select $1');
    expect(new Set((await rows({ database: 'shop' })).map(({ database }) => database))).toEqual(new Set(['shop']));
    expect((await rows({ user: 'orders', sort: 'calls' }))[0]).toMatchObject({ database: 'shop', calls: 7 });
    expect((await rows({ sort: 'rows', limit: 1 })).map(query)).toEqual(['select n from generate_series($1, $2) n']);
    expect((await rows({})).map(({ user }) => user)).not.toContain('guichet_observer');
    expect((await rows({ all: true })).map(({ user }) => user)).toContain('guichet_observer');
    expect(await lab.postgres.read('slow-queries', { instance: 'pg1', user: 'nobody' })).toMatchObject({
      rows: [],
      empty: "No statement of user 'nobody' was counted.",
    });
  });

  test('shows what ended within a window, and nothing from before it', async () => {
    await lab.sql('create extension pg_stat_statements');
    const { client } = await lab.open('shop-api');
    await client.query("select count(*) from customers where name = 'before'");
    const asked = lab.postgres.read('slow-queries', { instance: 'pg1', window: '2s', user: 'orders' });
    // Until the answer is there, so that some of it falls into the window however long the first sample takes.
    let over = false;
    const answer = asked.finally(() => {
      over = true;
    });
    while (!over) await client.query('select max(id) from customers where id > 5');
    const output = table(await answer);
    expect(output.rows.map(query)).toEqual(['select max(id) from customers where id > $1']);
    expect(output.rows[0]).toMatchObject({ share: expect.any(Number), maxMs: null });
    expect(output.notes?.[0]).toMatch(/^What ended within 2s up to /);
    await expect(lab.postgres.read('slow-queries', { instance: 'pg1', window: '10m' })).rejects.toMatchObject({
      code: 'action.refused',
    });
  });

  test('offers databases and users that begin with what was typed', async () => {
    expect(await lab.postgres.options('slow-queries', 'database', { input: { instance: 'pg1' }, query: 'sh' })).toMatchObject([
      { value: 'shop' },
    ]);
    expect(await lab.postgres.options('slow-queries', 'user', { input: { instance: 'pg1' }, query: 'ord' })).toMatchObject([
      { value: 'orders' },
    ]);
  });
});

test('says how to load the library where the server does not', async () => {
  await using lab = await openLab(18, { shared_preload_libraries: 'auto_explain' });
  const refused = {
    code: 'action.refused',
    remedy: expect.stringContaining("ALTER SYSTEM SET shared_preload_libraries = 'auto_explain', 'pg_stat_statements'"),
  };
  await expect(lab.postgres.read('slow-queries', { instance: 'pg1' })).rejects.toMatchObject(refused);
  await lab.sql('create extension pg_stat_statements');
  await expect(lab.postgres.read('slow-queries', { instance: 'pg1' })).rejects.toMatchObject({
    ...refused,
    remedy: expect.not.stringContaining('CREATE EXTENSION'),
  });
});
