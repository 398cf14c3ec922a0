import pg from 'pg';
import { expect, test } from 'vitest';
import { applicationUrl, openReplica } from './lab.ts';

test('shows a replica as one, reads from it, ends a session on it, and changes nothing on it', async () => {
  await using replica = await openReplica();
  const { postgres } = replica;
  expect(await postgres.read('instances')).toMatchObject({ rows: [{ name: 'pg1', role: 'replica', state: 'up' }] });
  expect(await postgres.options('activity', 'instance')).toMatchObject([
    { detail: expect.stringMatching(/^replica, PostgreSQL 18/) },
  ]);
  const read = await postgres.run('run-sql', { instance: 'pg1', sql: 'select count(*)::int as customers from customers' });
  expect(read.output).toMatchObject({ rows: [{ customers: 100 }] });
  expect(await postgres.read('tables', { instance: 'pg1' })).toMatchObject({ rows: [{ table: 'public.customers' }] });
  for (const [action, input] of [
    ['vacuum-analyze', { table: 'customers' }],
    ['create-index-concurrently', { table: 'customers', column: ['name'] }],
    ['drop-index-concurrently', { index: 'customers_pkey' }],
    ['set-statement-timeout', { role: 'orders', statementTimeout: '5s' }],
  ] as const) {
    await expect(postgres.plan(action, { instance: 'pg1', ...input })).rejects.toMatchObject({
      message: "'pg1' is a replica: nothing can be changed on it.",
    });
  }
  const client = new pg.Client({ connectionString: applicationUrl(replica.server), application_name: 'report' });
  const ended = new Promise((resolve) => client.once('error', resolve));
  client.on('error', () => {});
  await client.connect();
  const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
  const run = await postgres.run('terminate-session', { instance: 'pg1', pid: rows[0]?.pid ?? 0 });
  expect(run.output).toMatchObject({ summary: expect.stringMatching(/^Stopped/) });
  expect(await ended).toMatchObject({ code: '57P01' });
});
