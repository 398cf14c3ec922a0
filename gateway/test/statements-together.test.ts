import { testDatabase } from '@guichet/postgres-server/testing';
import { expect, test } from 'vitest';
import { Database, statement } from '../src/db/index.ts';

const IN_TRANSACTION = statement('test-in-transaction', 'select txid_current_if_assigned() is null as fresh, now() as at');
const LATER = statement('test-later', 'select now() as at, $1::int as number');
const FAILS = statement('test-fails', 'select 1 / $1::int as number');
const NUMBER = statement('test-number', 'select $1::int as number');

async function withDatabase(work: (db: Database) => Promise<void>): Promise<void> {
  await using database = await testDatabase();
  const db = new Database({ url: database.url, poolSize: 1, onError: () => {} });
  await work(db).finally(() => db.close());
}

test('what is sent together with the begin of a transaction is inside of it, in order', () =>
  withDatabase(async (db) => {
    await db.transaction(async (tx) => {
      // Inside of a transaction `now()` stands still.
      const [ahead] = await tx.queryAhead<{ at: Date; number: number }>([IN_TRANSACTION, []], [LATER, [2]]);
      const [after] = await tx.query<{ at: Date }>(LATER, [3]);
      expect(ahead?.number).toBe(2);
      expect(after?.at).toEqual(ahead?.at);
    });
  }));

test('one that fails among statements sent together fails all, and the connection goes on', () =>
  withDatabase(async (db) => {
    const failing = db.transaction((tx) => tx.queryAhead([FAILS, [0]], [NUMBER, [1]]));
    await expect(failing).rejects.toThrow('division by zero');
    expect(await db.transaction((tx) => tx.queryAhead([FAILS, [1]], [NUMBER, [1]]))).toEqual([{ number: 1 }]);
    await expect(db.queryTogether([NUMBER, [1]], [FAILS, [0]])).rejects.toThrow('division by zero');
    expect(await db.queryTogether([NUMBER, [1]], [FAILS, [1]])).toEqual([[{ number: 1 }], [{ number: 1 }]]);
  }));

test('what a commit wakes finds the connection free', () =>
  withDatabase(async (db) => {
    const woken = Promise.withResolvers<unknown>();
    await db.transaction(async (tx) => {
      await tx.query(NUMBER, [1]);
      tx.afterCommit(() => woken.resolve(db.pool.idleCount));
    });
    expect(await woken.promise).toBe(1);
  }));
