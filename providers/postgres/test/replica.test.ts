import { chown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { applicationUrl, instanceAt, prepare } from './lab.ts';

test('shows a replica as one, reads from it, ends a session on it, and changes nothing on it', async () => {
  const dataDir = await temporaryDataDir();
  const primary = await startPostgres({ dataDir });
  const admin = new pg.Client({ connectionString: primary.url });
  await admin.connect();
  await prepare(admin, 18);
  await admin.end();
  await primary.stop();
  // Started again in recovery it is a replica, of a primary that never says anything.
  const { uid, gid } = await stat(dataDir);
  const signal = join(dataDir, 'standby.signal');
  await writeFile(signal, '');
  await chown(signal, uid, gid);
  const replica = await startPostgres({ dataDir });
  const provider = createPostgresProvider({ instances: [instanceAt(replica.port, 18)] });
  try {
    const postgres = harness(provider);
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
    const client = new pg.Client({ connectionString: applicationUrl(replica), application_name: 'report' });
    const ended = new Promise((resolve) => client.once('error', resolve));
    client.on('error', () => {});
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const run = await postgres.run('terminate-session', { instance: 'pg1', pid: rows[0]?.pid ?? 0 });
    expect(run.output).toMatchObject({ summary: expect.stringMatching(/^Stopped/) });
    expect(await ended).toMatchObject({ code: '57P01' });
  } finally {
    await provider.close();
    await replica.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
});
