import { execFile, spawnSync } from 'node:child_process';
import { chown, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import type { Harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './lab.ts';
import { NOTHING, openReplicaLab, type ReplicaLab } from './replica-lab.ts';

const FLOW = { sourceInstance: 'pg1', replicaSuffix: 'flow' };

let lab: ReplicaLab;
beforeAll(async () => {
  lab = await openReplicaLab(18);
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

async function expectFollows(postgres: Harness): Promise<void> {
  await until(async () => {
    const listed = await postgres.read('instances');
    return listed.kind === 'table' && listed.rows.some((row) => row['name'] === 'pg1' && row['replicas'] === 1);
  });
}

describe('A replica on machines of our own', () => {
  test('outlives its provider, and is the same under the next one', async () => {
    const first = lab.provider();
    await lab.use(first).run('create-read-replica', FLOW);
    await first.close();
    const { servers } = await lab.remains();
    expect(servers).toHaveLength(1);
    const second = lab.provider();
    const postgres = lab.use(second);
    expect(await postgres.read('instances')).toMatchObject({ rows: [{ name: 'pg1' }, { name: 'pg1-flow', state: 'up' }] });
    expect((await lab.remains()).servers).toEqual(servers);
    await second.close();
  });

  test('is started again when its server was killed', async () => {
    const provider = lab.provider();
    const [pid = 0] = (await lab.remains()).servers;
    process.kill(pid, 'SIGKILL');
    await until(async () => {
      const { servers } = await lab.remains();
      return servers.length === 1 && servers[0] !== pid;
    });
    await expectFollows(lab.use(provider));
    await provider.close();
  });

  test('follows its source again after a restart of the source', async () => {
    const provider = lab.provider();
    await lab.restartSource();
    await lab.sql("insert into customers values (2001, 'After the restart')");
    await expectFollows(lab.use(provider));
    await provider.close();
  });

  test('follows its source to another address', async () => {
    await lab.moveSource();
    const provider = lab.provider();
    await expectFollows(lab.use(provider));
    await provider.close();
  });

  test('takes a new password of the replication login, which no connection string and no setting shows', async () => {
    await lab.sql("alter role guichet_replication password 'another-s3cret'");
    const config = {
      ...lab.config,
      instances: lab.config.instances?.map((instance) => ({
        ...instance,
        replication: { user: 'guichet_replication', password: 'another-s3cret' },
      })),
    };
    const provider = lab.provider({}, config);
    await lab.sql('select pg_terminate_backend(pid) from pg_stat_replication');
    await expectFollows(lab.use(provider));
    const port = await lab.portOf('pg1-flow');
    const [shown] = await lab.superuser(
      port,
      "select current_setting('primary_conninfo') || (select string_agg(conninfo, '') from pg_stat_wal_receiver) as text",
    );
    expect(shown?.['text']).toMatch(/passfile/);
    expect(shown?.['text']).not.toMatch(/s3cret/);
    const { mode } = await stat(join(lab.folder, 'pg1-flow/passfile'));
    expect(mode & 0o777).toBe(0o600);
    await lab.use(provider).run('delete-read-replica', { instance: 'pg1-flow' });
    expect(await lab.remains()).toEqual(NOTHING);
    await lab.sql("alter role guichet_replication password 'replication-s3cret'");
    await provider.close();
  });

  test('ends with its provider where the configuration says so, and is there again with the next one', async () => {
    const first = lab.provider({ endWithProvider: true });
    await lab.use(first).run('create-read-replica', FLOW);
    await first.close();
    expect((await lab.remains()).servers).toEqual([]);
    const second = lab.provider({ endWithProvider: true });
    await expectFollows(lab.use(second));
    await lab.use(second).run('delete-read-replica', { instance: 'pg1-flow' });
    await second.close();
    expect(await lab.remains()).toEqual(NOTHING);
  });

  test('is taken away when its making is cancelled', async () => {
    const provider = lab.provider({ maxRateMB: 4 });
    const cancelled = new AbortController();
    const { failure, output, progress } = await lab.use(provider).run('create-read-replica', FLOW, {
      signal: cancelled.signal,
      onMessage: (message) => {
        if (message.type === 'progress' && (message.done ?? 0) > 0) cancelled.abort();
      },
    });
    expect({ output, kind: failure?.kind }).toEqual({ output: undefined, kind: 'cancelled' });
    expect(progress.at(-1)).toMatchObject({
      message: expect.stringMatching(/^Copied .* of about 3\d\.\d MB/),
      total: expect.any(Number),
    });
    expect(await lab.remains()).toEqual(NOTHING);
    await provider.close();
  });

  test('has the tablespaces of its source, in its own folder', async () => {
    const provider = lab.provider();
    const postgres = lab.use(provider);
    const place = await temporaryDataDir();
    await lab.sql(`create tablespace fast location '${place}'`);
    await lab.sql(
      'create table quick tablespace fast as select n from generate_series(1, 50000) n; grant select on quick to orders',
    );
    await postgres.run('create-read-replica', FLOW);
    const port = await lab.portOf('pg1-flow');
    expect(await lab.ask(port, 'select count(*)::int as rows from quick')).toEqual([{ rows: 50_000 }]);
    const [at] = await lab.ask<{ location: string }>(
      port,
      "select pg_tablespace_location(oid) as location from pg_tablespace where spcname = 'fast'",
    );
    expect(at?.location).toMatch(new RegExp(`^${join(lab.folder, 'pg1-flow')}/`));
    await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(await lab.remains()).toEqual(NOTHING);
    await lab.sql('drop table quick');
    await lab.sql('drop tablespace fast');
    await rm(place, { recursive: true });
    await provider.close();
  });
});

describe('A source that limits what slots may keep', () => {
  let small: ReplicaLab;
  beforeAll(async () => {
    small = await openReplicaLab(18, { min_wal_size: '32MB', max_wal_size: '32MB' });
  });
  afterAll(async () => {
    await small?.[Symbol.asyncDispose]();
  });

  async function keep(size: string): Promise<void> {
    await small.sql(`alter system set max_slot_wal_keep_size = '${size}'`);
    await small.sql('select pg_reload_conf()');
  }

  test('fails the making of a replica when it has let go of what was written meanwhile', async () => {
    await keep('1MB');
    const provider = small.provider();
    const { failure } = await small.use(provider).run('create-read-replica', FLOW);
    expect(failure).toMatchObject({
      kind: 'permanent',
      message: "'pg1' does not keep the WAL any more that was written during the copy.",
    });
    expect(await small.remains()).toEqual(NOTHING);
    await provider.close();
  });

  test('leaves a replica behind that was away for too long, which is told with what to do', async () => {
    await keep('64MB');
    const first = small.provider({ endWithProvider: true });
    expect((await small.use(first).run('create-read-replica', FLOW)).failure).toBeUndefined();
    await first.close();
    await until(async () => {
      await small.sql('create table if not exists filler (n int); insert into filler values (1)');
      await small.sql('select pg_switch_wal()');
      await small.sql('checkpoint');
      return (await small.sql("select from pg_replication_slots where wal_status = 'lost'")).length === 1;
    });
    const second = small.provider({ endWithProvider: true });
    const postgres = small.use(second);
    await until(async () => {
      const notes = JSON.stringify((await postgres.read('instances')).notes ?? []);
      return /'pg1-flow' does not follow its source: .*guichet postgres delete-read-replica --instance pg1-flow --env production/.test(
        notes,
      );
    });
    await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(await small.remains()).toEqual(NOTHING);
  });
});

// Certificates are made by a program that not every machine has.
const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

test.skipIf(!hasOpenssl)(
  'A replica takes TLS alone where the configuration names a certificate, and follows over TLS',
  async () => {
    const place = await temporaryDataDir();
    const [certFile, keyFile] = [join(place, 'server.crt'), join(place, 'server.key')];
    await promisify(execFile)('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', keyFile, '-out', certFile],
    ]);
    const { uid, gid } = await stat(place);
    for (const file of [certFile, keyFile]) await chown(file, uid, gid);
    await using secure = await openReplicaLab(18, { ssl: 'on', ssl_cert_file: certFile, ssl_key_file: keyFile });
    const config = {
      ...secure.config,
      instances: secure.config.instances?.map((instance) => ({ ...instance, tls: { caFile: certFile } })),
    };
    const provider = secure.provider({ tls: { certFile, keyFile, caFile: certFile } }, config);
    const postgres = secure.use(provider);
    expect((await postgres.run('create-read-replica', FLOW)).failure).toBeUndefined();
    expect(await postgres.read('instances')).toMatchObject({
      rows: [{ name: 'pg1' }, { name: 'pg1-flow', state: 'up', replicaOf: 'pg1' }],
    });
    const [sender] = await secure.sql('select ssl from pg_stat_ssl join pg_stat_replication using (pid)');
    expect(sender).toEqual({ ssl: true });
    await expect(secure.ask(await secure.portOf('pg1-flow'), 'select 1')).rejects.toMatchObject({
      message: expect.stringContaining('no encryption'),
    });
    await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(await secure.remains()).toEqual(NOTHING);
    await rm(place, { recursive: true });
  },
);
