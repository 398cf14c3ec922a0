import {
  createDatabase,
  ensureTemplate,
  testDatabase,
  testServerUrl,
  testServerVariable,
} from '@guichet/postgres-server/testing';
import pg from 'pg';
import { expect, test } from 'vitest';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // One row object per row: what the tests compare.
    return (await client.query(sql)).rows as unknown[];
  } finally {
    await client.end();
  }
}

test('gives every test a database of its own', async () => {
  await using first = await testDatabase();
  await using second = await testDatabase();
  await query(first.url, 'CREATE TABLE mine (n int)');
  expect(await query(second.url, "SELECT to_regclass('mine') AS mine")).toEqual([{ mine: null }]);
});

test('prepares a template once, however many ask for it at the same time', async () => {
  const name = `template_${process.pid}`;
  let prepared = 0;
  const prepare = async (url: string) => {
    prepared += 1;
    await query(url, 'CREATE TABLE filled AS SELECT 42 AS n');
  };
  const databases = await Promise.all([1, 2, 3, 4].map(() => testDatabase({ template: name, prepare })));
  expect(prepared).toBe(1);
  for (const database of databases) expect(await query(database.url, 'SELECT n FROM filled')).toEqual([{ n: 42 }]);
  await Promise.all(databases.map((database) => database.drop()));
});

test('makes the template again after a preparation that failed', async () => {
  const name = `failing_${process.pid}`;
  const broken = ensureTemplate(testServerUrl(), { name, prepare: () => Promise.reject(new Error('broken migration')) });
  await expect(broken).rejects.toThrow('broken migration');
  await using database = await testDatabase({
    template: name,
    prepare: async (url) => void (await query(url, 'CREATE TABLE ok ()')),
  });
  expect(await query(database.url, "SELECT to_regclass('ok') IS NOT NULL AS there")).toEqual([{ there: true }]);
});

test('drops a database that sessions still use', async () => {
  const database = await createDatabase(testServerUrl());
  const left = new pg.Client({ connectionString: database.url });
  const ended = new Promise<Error>((resolve) => left.on('error', resolve));
  await left.connect();
  await database.drop();
  expect((await ended).message).toMatch(/terminat/);
  expect(await query(testServerUrl(), `SELECT FROM pg_database WHERE datname = '${database.name}'`)).toEqual([]);
  expect(process.env[testServerVariable(process.env['VITEST_POOL_ID'] ?? '')]).toBe(testServerUrl());
});
