import { GuichetError } from '@guichet/contract';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Database, migrate, statement } from '../src/db/index.ts';
import { type Assertion, refuseUsed, sweepAssertions, use } from '../src/identity/assertions/used-assertions.ts';

let fresh: TestDatabase;
let db: Database;
beforeAll(async () => {
  fresh = await testDatabase();
  await migrate(fresh.url);
  db = new Database({ url: fresh.url, poolSize: 8, onError: () => {} });
});
afterAll(async () => {
  await db.close();
  await fresh.drop();
});

const assertion = (...parts: string[]): Assertion => ({ parts, expiresAt: new Date(Date.now() + 60_000) });
const using = (one: Assertion): Promise<string> =>
  db
    .transaction((tx) => use(tx, one, null))
    .then(
      () => 'used',
      (error: unknown) => (error instanceof GuichetError ? error.code : 'another error'),
    );

test('of many connections that use one assertion at once, one does', async () => {
  const one = assertion('workload', 'https://issuer.example', 'jti', 'a');
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => using(one)));
  expect(outcomes.filter((outcome) => outcome === 'used')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'assertion.used')).toHaveLength(7);
  await expect(refuseUsed(db, one)).rejects.toMatchObject({ code: 'assertion.used' });
});

test('an assertion that was used for what then failed is as good as new', async () => {
  const one = assertion('aws', 'signature');
  const failing = db.transaction(async (tx) => {
    await use(tx, one, null);
    throw new Error('the audit log takes nothing');
  });
  await expect(failing).rejects.toThrow('takes nothing');
  await refuseUsed(db, one);
  expect(await using(one)).toBe('used');
});

test('assertions are kept apart by each of their parts, wherever one ends and the next begins', async () => {
  const all = [
    ['workload', 'https://a', 'jti', 'x'],
    ['workload', 'https://b', 'jti', 'x'],
    ['workload', 'https://a', 'signed', 'x'],
    ['workload', 'https://a","jti', 'x'],
    ['workload', 'https://ajti', 'x'],
    ['aws', 'x'],
  ];
  for (const parts of all) expect(await using(assertion(...parts)), parts.join(' ')).toBe('used');
});

test('an assertion is remembered for as long as it would be taken, and forgotten afterwards', async () => {
  const minutes = (count: number): Date => new Date(Date.now() + count * 60_000);
  await using({ parts: ['lasts'], expiresAt: minutes(1) });
  await using({ parts: ['ended just now'], expiresAt: minutes(-9) });
  await using({ parts: ['ended long ago'], expiresAt: minutes(-11) });
  await sweepAssertions(db);
  expect(await using({ parts: ['lasts'], expiresAt: minutes(1) })).toBe('assertion.used');
  expect(await using({ parts: ['ended just now'], expiresAt: minutes(-9) })).toBe('assertion.used');
  expect(await using({ parts: ['ended long ago'], expiresAt: minutes(-11) })).toBe('used');
});

test('exchanged tokens are forgotten a week after their end; those that somebody made stay', async () => {
  const insert = statement(
    'test-token',
    `insert into tokens (hash, name, kind, principal_id, scope, created_by_id, created_by_name, expires_at, origin)
     values (sha256(convert_to($1::text, 'utf8')), $1, 'machine', 'machine:ci', '{}', 'system', 'system', now() - $2::interval, $3)`,
  );
  await db.query(insert, ['old', '8 days', 'aws']);
  await db.query(insert, ['recent', '6 days', 'aws']);
  await db.query(insert, ['made', '400 days', null]);
  await sweepAssertions(db);
  const names = await db.query<{ name: string }>(statement('test-names', 'select name from tokens order by name'));
  expect(names.map(({ name }) => name)).toEqual(['made', 'recent']);
});
