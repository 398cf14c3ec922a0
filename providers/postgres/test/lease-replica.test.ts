import { chown, cp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { expect, test } from 'vitest';
import { createPostgresProvider } from '../src/index.ts';
import { instanceAt, prepare, until } from './lab.ts';
import { connectTo, silent } from './lease-lab.ts';

test('leads to a replica with a role that is made on its primary, and ends on both', async () => {
  const dataDir = await temporaryDataDir();
  const replicaDir = await temporaryDataDir();
  const first = await startPostgres({ dataDir });
  const admin = new pg.Client({ connectionString: first.url });
  await admin.connect();
  await prepare(admin, 18);
  await admin.query("create role replicator login replication password 'replicator'");
  await admin.end();
  await first.stop();
  // The files of a server at rest are a copy that can follow it.
  await cp(dataDir, replicaDir, { recursive: true, preserveTimestamps: true });
  const { uid, gid } = await stat(dataDir);
  await Promise.all([own(replicaDir, { uid, gid }), writeFile(join(replicaDir, 'standby.signal'), '')]);
  await chown(join(replicaDir, 'standby.signal'), uid, gid);
  const primary = await startPostgres({ dataDir });
  const primaryConninfo = `host=127.0.0.1 port=${primary.port} user=replicator password=replicator`;
  const replica = await startPostgres({ dataDir: replicaDir, settings: { primary_conninfo: primaryConninfo } });
  const instances = [instanceAt(primary.port, 18), { ...instanceAt(replica.port, 18), name: 'pg1-replica' }];
  const provider = createPostgresProvider({ instances }, {}, { logger: silent });
  const superuser = new pg.Client({ connectionString: primary.url });
  await superuser.connect();
  try {
    await until(async () => (await superuser.query("select from pg_stat_replication where state = 'streaming'")).rowCount === 1);
    const requests = harness(provider);
    await expect(requests.plan('connect', { instance: 'pg1-replica', database: 'shop', role: 'write' })).rejects.toMatchObject({
      message: "'pg1-replica' is a replica: nothing can be written there.",
      remedy: 'Write on its primary: guichet postgres connect --instance pg1 --database shop --role write --env production',
    });
    await using lease = await connectTo(provider, { request: 'REQ-7', instance: 'pg1-replica' });
    const client = await lease.open();
    const { rows } = await client.query(
      'select pg_is_in_recovery() as replica, (select count(*)::int from customers) as customers',
    );
    expect(rows).toEqual([{ replica: true, customers: 100 }]);
    expect(await requests.read('leases.list', { instance: 'pg1-replica' })).toMatchObject({
      rows: [{ instance: 'pg1-replica', request: 'REQ-7', state: 'open', sessions: 1 }],
    });
    const { output, failure } = await lease.requests.run('leases.revoke', lease.undoInput);
    expect(failure).toBeUndefined();
    expect(output).toMatchObject({
      summary: expect.stringMatching(/^Ended: the lease of Tester on 'postgres'; 1 session ended/),
    });
    await expect(client.query('select 1')).rejects.toThrow();
    expect((await superuser.query("select from pg_roles where rolname like 'guichet_lease%'")).rowCount).toBe(0);
  } finally {
    await superuser.end();
    await provider.close();
    await replica.stop({ mode: 'immediate' });
    await primary.stop({ mode: 'immediate' });
    await Promise.all([dataDir, replicaDir].map((folder) => rm(folder, { recursive: true, force: true })));
  }
});

/** Files that were copied by root belong to root; the server runs as somebody else. */
async function own(folder: string, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  await chown(folder, uid, gid);
  for (const entry of await readdir(folder, { recursive: true })) await chown(join(folder, entry), uid, gid);
}
