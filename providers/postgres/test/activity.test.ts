import type { TableOutput } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Lab, MAJORS, openLab, until } from './lab.ts';

describe.each(MAJORS)('PostgreSQL %i', (major) => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await openLab(major);
  });
  afterAll(async () => lab[Symbol.asyncDispose]());
  afterEach(async () => lab.quiet());

  /** A holder of row 1 that idles in its transaction, and a checkout for each number that waits for it with that number. */
  async function crowd(numbers: readonly number[]) {
    const holder = await lab.open('orders-migration');
    await holder.client.query("begin; update customers set name = 'canary' where id = 1");
    for (const number of numbers) {
      const session = await lab.open('checkout');
      session.start(`update customers set name = 'canary${number}' where id = 1 /* ${number} */`);
      await lab.blocked(session.pid);
    }
    return holder;
  }

  const activity = async (input: Record<string, unknown>): Promise<TableOutput> =>
    (await lab.postgres.read('activity', { instance: 'pg1', ...input })) as TableOutput; // the kind that the action declares

  test('counts sessions by application, those first in which most wait', async () => {
    await crowd([1, 2]);
    await lab.open('dashboard');
    await lab.open('');
    const { rows, columns, notes } = await activity({ groupBy: 'application' });
    expect(rows).toEqual([
      expect.objectContaining({ name: 'checkout', sessions: 2, active: 2, waiting: 2, idleInTransaction: 0 }),
      expect.objectContaining({ name: 'orders-migration', sessions: 1, active: 0, waiting: 0, idleInTransaction: 1 }),
      // Idle ones, and the sessions of the tests themselves, have no name or no transaction.
      ...rows.slice(2),
    ]);
    expect(rows[0]?.['oldestTransaction']).toEqual(expect.any(Number));
    expect(rows[0]?.['longestStatement']).toEqual(expect.any(Number));
    expect(rows.find(({ name }) => name === 'dashboard')).toMatchObject({ oldestTransaction: null, longestStatement: null });
    expect(rows.some(({ name }) => name === null)).toBe(true);
    expect(columns.map(({ key }) => key)).toEqual(Object.keys(rows[0] ?? {}));
    expect(notes?.[0]).toMatch(/^\d+ sessions in \d+ groups\.$/);
  });

  test('counts sessions at the same statement whatever its literals and comments, and gives the command that stops them', async () => {
    await crowd([1, 2, 3]);
    const { rows, notes } = await activity({ groupBy: 'query' });
    expect(rows[0]).toMatchObject({
      name: 'update customers set name = ? where id = ?',
      fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
      sessions: 3,
      waiting: 3,
    });
    expect(notes?.at(-1)).toBe(
      `3 sessions run ${rows[0]?.['fingerprint']}; stop them all: guichet postgres cancel-by-fingerprint --instance pg1 --fingerprint ${rows[0]?.['fingerprint']} --env production`,
    );
    expect(JSON.stringify(rows)).not.toContain('canary');
  });

  test('gives no fingerprint to a statement that the server cut off, nor to one that may hold a secret', async () => {
    const bulk = await lab.open('bulk');
    await bulk.client.query(`select 'canary${'x'.repeat(2000)}' from customers limit 1`);
    const secret = await lab.open('secret');
    await secret.client.query("set application_name = 'secret'");
    const { rows } = await activity({ groupBy: 'query' });
    expect(rows).toContainEqual(expect.objectContaining({ name: 'SELECT …(masked)', fingerprint: null, sessions: 1 }));
    expect(rows).toContainEqual(expect.objectContaining({ name: 'SET …(masked)', fingerprint: null, sessions: 1 }));
  });

  test.each([
    ['user', 'orders'],
    ['database', 'postgres'],
    ['client', '127.0.0.1'],
    ['state', 'active'],
    ['wait', expect.stringMatching(/^Lock: /)],
  ])('counts sessions by %s', async (groupBy, name) => {
    await crowd([1, 2]);
    const { rows } = await activity({ groupBy, application: 'checkout' });
    const [first] = rows;
    expect(first).toMatchObject({ name, waiting: expect.any(Number) });
    expect(rows.reduce((sum, { sessions }) => sum + Number(sessions), 0)).toBe(2);
  });

  test('shows only transactions that are open for as long as asked, and says how to write it', async () => {
    const holder = await crowd([1]);
    await lab.open('dashboard');
    await until(async () => (await activity({ minAge: '200ms', application: 'migration' })).rows.length === 1);
    const { rows } = await activity({ minAge: '100ms' });
    expect(rows.map(({ pid }) => pid)).toContain(holder.pid);
    expect(rows.map(({ application }) => application)).not.toContain('dashboard');
    expect((await activity({ minAge: '1d' })).rows).toEqual([]);
    await expect(activity({ minAge: '5' })).rejects.toMatchObject({
      code: 'input.invalid',
      errors: [{ field: '/input/minAge', message: 'Write a length of time, such as 90s, 5m or 1h30m.' }],
    });
  });

  test('offers the applications, users and databases of the sessions that are there, busiest first', async () => {
    await crowd([1, 2]);
    await lab.open('shop-api', { database: 'shop' });
    const options = (field: string, query = '') => lab.postgres.options('activity', field, { input: { instance: 'pg1' }, query });
    expect((await options('application'))[0]).toEqual({
      value: 'checkout',
      detail: '2 sessions, 2 active, 2 waiting for a lock',
    });
    expect((await options('database', 'shp')).map(({ value }) => value)).toEqual(['shop']);
    expect((await options('user')).map(({ value }) => value)).toContain('orders');
    expect(await lab.postgres.options('activity', 'user', { input: {} })).toEqual([]);
  });
});
