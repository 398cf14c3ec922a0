import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPostgresProvider, type PostgresConfigInput } from '../src/index.ts';
import { obstacle, type SourceFacts } from '../src/plain-replica/source-facts.ts';
import { until } from './lab.ts';
import { NOTHING, openReplicaLab, type ReplicaLab } from './replica-lab.ts';

const FLOW = { sourceInstance: 'pg1', replicaSuffix: 'flow' };

let lab: ReplicaLab;
let postgres: Harness;
beforeAll(async () => {
  lab = await openReplicaLab(18, { max_replication_slots: '2', max_wal_senders: '2' });
  postgres = lab.use(lab.provider());
});
afterAll(async () => {
  await lab?.[Symbol.asyncDispose]();
});

/** A harness on a provider with another configuration. */
function withConfig(change: (config: PostgresConfigInput) => PostgresConfigInput): Harness {
  return lab.use(lab.provider({}, change(lab.config)));
}

function withReplication(replication: { user: string; password: string } | undefined): Harness {
  return withConfig((config) => ({
    ...config,
    instances: config.instances?.map(({ replication: _, ...rest }) => ({ ...rest, ...(replication && { replication }) })),
  }));
}

describe('The plan of a replica refuses', () => {
  test('a provider that has no place for replicas', async () => {
    const { replicas: _, ...config } = lab.config;
    const provider = createPostgresProvider(config);
    await expect(lab.use(provider).plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "This provider makes and deletes no replicas of 'pg1'.",
      remedy: expect.stringContaining('docs/guide/postgres-replicas.md'),
    });
    await provider.close();
  });

  test('an instance type, which only RDS has', async () => {
    await expect(postgres.plan('create-read-replica', { ...FLOW, instanceType: 'db.r5.2xlarge' })).rejects.toMatchObject({
      message: "'pg1' is not on RDS, so its replica has no instance type.",
      remedy: 'Leave --instance-type out.',
    });
  });

  test('a source without a replication login, and one whose password is wrong', async () => {
    await expect(withReplication(undefined).plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "The instance 'pg1' has no replication login in the configuration of the provider.",
      remedy: expect.stringContaining('instances.pg1.replication (docs/guide/postgres-replicas.md)'),
    });
    const wrong = withReplication({ user: 'guichet_replication', password: 'no' });
    await expect(wrong.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "The instance 'pg1' refuses the replication login 'guichet_replication': wrong password.",
    });
  });

  test('a login that may not replicate', async () => {
    const observer = withReplication({ user: 'guichet_observer', password: 'observer-s3cret' });
    await expect(observer.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: expect.stringMatching(
        /^The instance 'pg1' refuses the replication login 'guichet_observer': it lacks a right \(.+\)\.$/,
      ),
    });
  });

  test('a source whose rules let no replication in, with the line that is missing', async () => {
    const file = join(lab.source.dataDir, 'pg_hba.conf');
    const rules = await readFile(file, 'utf8');
    await writeFile(file, rules.replaceAll(/^host\s+replication.*$/gm, ''));
    await lab.sql('select pg_reload_conf()');
    await until(async () => (await message(postgres)) !== undefined);
    await expect(postgres.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "The instance 'pg1' refuses the replication login 'guichet_replication': its rules let no replication in.",
      remedy:
        "Add the line 'host replication guichet_replication 127.0.0.1/32 scram-sha-256' to its pg_hba.conf, then run SELECT pg_reload_conf();",
    });
    await writeFile(file, rules);
    await lab.sql('select pg_reload_conf()');
    await until(async () => (await message(postgres)) === undefined);
  });

  test('a source that has no slot left, or no sender', async () => {
    for (const name of ['one', 'two']) await lab.sql('select pg_create_physical_replication_slot($1)', [name]);
    await expect(postgres.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "'pg1' has no replication slot left: 2 of 2 (max_replication_slots) are made.",
      remedy: expect.stringContaining('ALTER SYSTEM SET max_replication_slots = 7'),
    });
    for (const name of ['one', 'two']) await lab.sql('select pg_drop_replication_slot($1)', [name]);
    const config: pg.ClientConfig & { replication: string } = { connectionString: lab.source.url, replication: 'true' };
    const senders = [new pg.Client(config), new pg.Client(config)];
    for (const sender of senders) await sender.connect();
    await expect(postgres.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "'pg1' can send its WAL to no more: 2 of 2 (max_wal_senders) are connected.",
    });
    for (const sender of senders) await sender.end();
    await until(async () => (await message(postgres)) === undefined);
  });

  test('a name that is taken, a replica of a replica, and a range of ports that is used up', async () => {
    const [first] = lab.config.replicas?.ports ?? [0];
    const narrow = lab.provider({ ports: [first, first] });
    const here = lab.use(narrow);
    await here.run('create-read-replica', FLOW);
    await expect(here.plan('create-read-replica', FLOW)).rejects.toMatchObject({
      message: "There is a replica 'pg1-flow' already.",
    });
    await expect(here.plan('create-read-replica', { sourceInstance: 'pg1-flow', replicaSuffix: 'b' })).rejects.toMatchObject({
      message: "'pg1-flow' is a replica itself.",
    });
    await expect(here.plan('create-read-replica', { ...FLOW, replicaSuffix: 'b' })).rejects.toMatchObject({
      message: `No port from ${first} to ${first} is free for another replica.`,
    });
    await here.run('delete-read-replica', { instance: 'pg1-flow' });
    await narrow.close();
    expect(await lab.remains()).toEqual(NOTHING);
  });

  test.each<[string, Partial<SourceFacts>, string]>([
    ['writes too little', { walLevel: 'minimal' }, 'wal_level is minimal'],
    ['runs a version before 12', { version: 110_005 }, 'runs PostgreSQL 11'],
    ['runs on another processor', { build: 'PostgreSQL 18.4 on s390x-ibm-linux-gnu' }, 'another kind of processor'],
  ])('a source that %s', (_, change, message) => {
    expect(obstacle('pg1', { ...FACTS, ...change })?.message).toContain(message);
    expect(obstacle('pg1', FACTS)).toBeUndefined();
  });
});

const FACTS: SourceFacts = {
  version: 180_004,
  build: `PostgreSQL 18.4 on ${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-pc-linux-gnu`,
  inRecovery: false,
  walLevel: 'replica',
  senders: 0,
  sendersAllowed: 10,
  slots: 0,
  slotsAllowed: 10,
  slotLimitMB: -1,
  synchronous: '',
  passwords: 'scram-sha-256',
  size: 1,
};

/** What the plan is refused with; undefined when it is not. */
async function message(harness: Harness): Promise<string | undefined> {
  return harness.plan('create-read-replica', FLOW).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

test('A file that the server cannot read is named, and nothing stays', async () => {
  const file = join(lab.source.dataDir, 'notes.txt');
  await writeFile(file, 'of somebody else');
  await chmod(file, 0o000);
  const { failure } = await postgres.run('create-read-replica', FLOW);
  expect(failure).toMatchObject({
    kind: 'permanent',
    message: `The server of 'pg1' cannot read "./notes.txt" in its data directory, which a copy takes as a whole.`,
  });
  expect(await lab.remains()).toEqual(NOTHING);
  await rm(file);
});

test('A server that does not start is told in its own words, and nothing stays', async () => {
  const provider = lab.provider({ settings: { shared_buffers: 'much' } });
  const { failure } = await lab.use(provider).run('create-read-replica', FLOW);
  expect(failure?.message).toMatch(
    /^The server of the replica 'pg1-flow' did not start: .*invalid value for parameter "shared_buffers"/,
  );
  expect(await lab.remains()).toEqual(NOTHING);
  await provider.close();
});

test('Deleting refuses what is no replica that was made here', async () => {
  await expect(postgres.plan('delete-read-replica', { instance: 'pg1' })).rejects.toMatchObject({
    message: "'pg1' is no replica that Guichet has made.",
  });
  expect(await postgres.options('delete-read-replica', 'instance')).toEqual([]);
});

test('Deleting says who reads there now', async () => {
  await postgres.run('create-read-replica', FLOW);
  const url = new URL(lab.source.url);
  url.port = String(await lab.portOf('pg1-flow'));
  const client = new pg.Client({ connectionString: url.href, application_name: 'reports' });
  client.on('error', () => {});
  await client.connect();
  const plan = await postgres.plan('delete-read-replica', { instance: 'pg1-flow' });
  expect(plan).toMatchObject({
    summary: "Delete the read replica 'pg1-flow'",
    warnings: ['1 session on it ends (reports).'],
    resource: { id: 'pg1-flow', owner: 'payments' },
  });
  expect(await postgres.options('delete-read-replica', 'instance')).toMatchObject([{ value: 'pg1-flow' }]);
  await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
  expect(await lab.remains()).toEqual(NOTHING);
});
