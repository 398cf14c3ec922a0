import { harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createPostgresProvider, type PostgresConfigInput } from '../src/index.ts';
import { type Lab, openLab, until } from './lab.ts';
import { type RdsServer, startRdsServer } from './rds-server.ts';

type RdsInput = NonNullable<PostgresConfigInput['rds']>[number];

let lab: Lab;
let rds: RdsServer;
let config: RdsInput;
const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'canary-secret', AWS_EC2_METADATA_DISABLED: 'true' };

beforeAll(async () => {
  Object.assign(process.env, credentials);
  lab = await openLab(18);
  rds = await startRdsServer({ host: '127.0.0.1', port: lab.port });
  const { observer, actor } = lab.instance;
  config = {
    region: 'eu-west-1',
    endpoint: rds.url,
    tags: { owner: 'team', environment: 'env' },
    tls: false,
    logins: { observer, actor },
    refreshSeconds: 3600,
  };
});
afterAll(async () => {
  for (const name of Object.keys(credentials)) delete process.env[name];
  await rds[Symbol.asyncDispose]();
  await lab[Symbol.asyncDispose]();
});
beforeEach(() => {
  rds.instances.clear();
  rds.faults.length = 0;
  rds.calls.length = 0;
});

async function open(more: Partial<RdsInput> = {}, instances: PostgresConfigInput['instances'] = []) {
  const provider = createPostgresProvider({ instances, rds: [{ ...config, ...more }] });
  const postgres = harness(provider);
  const look = async () => {
    const output = await postgres.read('instances');
    if (output.kind !== 'table') throw new Error('it is a table');
    return { ...output, notes: output.notes ?? [] };
  };
  return { postgres, look, [Symbol.asyncDispose]: () => provider.close() };
}

describe('the instances of a region', () => {
  test('are found with owner and environment of their tags, over all pages, and are really asked', async () => {
    for (const name of ['pg1', 'pg2', 'pg3', 'pg4', 'pg5']) rds.add(name);
    rds.add('pg6', { tags: { team: 'orders', env: 'staging' } });
    rds.add('pg1-flow', { replicaOf: 'pg1', instanceClass: 'db.r5.2xlarge', tags: {} });
    await using provider = await open();
    const { rows, notes, columns } = await provider.look();
    expect(rows.map(({ name }) => name)).toEqual(['pg1', 'pg1-flow', 'pg2', 'pg3', 'pg4', 'pg5']);
    expect(rows[1]).toMatchObject({
      state: 'up',
      owner: 'payments',
      class: 'db.r5.2xlarge',
      source: 'rds eu-west-1',
      replicaOf: 'pg1',
      connections: expect.any(Number),
    });
    expect(columns.find(({ key }) => key === 'class')).toMatchObject({ wide: false });
    expect(notes).toEqual([]);
    expect(await provider.postgres.options('activity', 'instance', { query: 'pgfl' })).toMatchObject([{ value: 'pg1-flow' }]);
  });

  test('that cannot be listed are told with the reason', async () => {
    rds.add('pg1');
    rds.add('pg2', { tags: {} });
    rds.add('pg3', { tags: { env: 'production' } });
    rds.add('pg4', { tags: { env: 'Prod uction', team: 'payments' } });
    rds.add('pg5', { stages: [{ status: 'creating', looks: 100 }] });
    rds.add('pg6', { tags: {} });
    await using provider = await open();
    const { rows, notes } = await provider.look();
    expect(rows.map(({ name }) => name)).toEqual(['pg1']);
    expect(notes).toEqual([
      "rds eu-west-1: pg2, pg6 are left out: no tag 'env' says the environment.",
      "rds eu-west-1: pg3 is left out: no tag 'team' says the owning team.",
      "rds eu-west-1: pg4 is left out: the tag 'env' names no environment.",
      'rds eu-west-1: pg5 is left out: it has no address yet (creating).',
    ]);
  });

  test('take defaults and overrides of the configuration', async () => {
    rds.add('pg1', { tags: {} });
    rds.add('pg2', { tags: {} });
    rds.add('pg3', { tags: {} });
    const overrides = {
      pg2: { owner: 'orders', actor: { user: 'other', password: 'other' } },
      pg3: { ignore: true },
    };
    await using provider = await open({ environment: 'production', owner: 'payments', overrides });
    const { rows } = await provider.look();
    expect(rows.map(({ name, owner }) => [name, owner])).toEqual([
      ['pg1', 'payments'],
      ['pg2', 'orders'],
    ]);
  });

  test('that AWS has stopped are listed as down, with what AWS says', async () => {
    rds.add('pg1', { address: { host: '127.0.0.1', port: 1 }, stages: [{ status: 'stopped', looks: 100 }] });
    await using provider = await open();
    const { rows, notes } = await provider.look();
    expect(rows).toMatchObject([{ name: 'pg1', state: 'down' }]);
    expect(notes.join()).toMatch(/cannot be reached: connection refused\. RDS says that it is 'stopped'\./);
  });

  test('whose password is wrong name the field of the region that has it', async () => {
    rds.add('pg1');
    const wrong = { user: 'guichet_observer', password: 'canary-password' };
    await using provider = await open({ logins: { ...config.logins, observer: wrong } });
    await expect(provider.postgres.read('activity', { instance: 'pg1' })).rejects.toMatchObject({
      remedy: 'Mend rds.logins.observer or rds.overrides.pg1.observer in the configuration of the provider.',
    });
  });

  test('are not asked for again for every name that is not known', async () => {
    rds.add('pg1');
    await using provider = await open();
    expect((await provider.look()).rows).toHaveLength(1);
    await expect(provider.postgres.read('activity', { instance: 'pg9' })).rejects.toMatchObject({ code: 'action.refused' });
    expect(rds.callsOf('DescribeDBInstances')).toHaveLength(1);
  });

  test('say why they are not there when the role may not list them', async () => {
    rds.add('pg1');
    rds.faults.push({ action: 'DescribeDBInstances', code: 'AccessDenied', status: 403, times: 9 });
    await using provider = await open();
    const { rows, notes, empty } = await provider.look();
    expect(rows).toEqual([]);
    expect(notes).toEqual([
      'rds eu-west-1 cannot be read, nothing of it is known: RDS cannot list the instances: AWS does not allow it to the role of the provider. docs/guide/postgres-inventory.md has the IAM policy that it needs.',
    ]);
    expect(empty).toContain("The provider knows no PostgreSQL instance of 'production'.");
    expect(JSON.stringify(notes)).not.toContain('canary');
  });

  test('are asked again when a throttled call is let through', async () => {
    rds.add('pg1');
    rds.faults.push({ action: 'DescribeDBInstances', code: 'Throttling', times: 2 });
    await using provider = await open();
    await until(async () => (await provider.look()).rows.length === 1);
  });

  test('are the configuration with what AWS knows of it, where both name one server', async () => {
    rds.add('pg1', { instanceClass: 'db.m5.large' });
    await using provider = await open({}, [lab.instance]);
    const { rows, notes } = await provider.look();
    expect(rows).toMatchObject([{ name: 'pg1', source: 'configuration', class: 'db.m5.large' }]);
    expect(notes).toEqual([]);
  });

  test('are that configuration under its own name, when AWS calls the server otherwise', async () => {
    rds.add('prod-eu-7', { instanceClass: 'db.m5.large' });
    await using provider = await open({}, [lab.instance]);
    const { rows, notes } = await provider.look();
    expect(rows).toMatchObject([{ name: 'pg1', source: 'configuration', class: 'db.m5.large' }]);
    expect(notes).toEqual([]);
  });

  test('that vanish end their connections', async () => {
    rds.add('pg1');
    await using provider = await open({ databases: ['shop'] });
    await provider.postgres.read('activity', { instance: 'pg1' });
    const connected = async (): Promise<number> =>
      (await lab.sql("select from pg_stat_activity where application_name = 'guichet' and datname = 'shop'")).length;
    expect(await connected()).toBeGreaterThan(0);
    rds.instances.clear();
    rds.add('pg2', { address: { host: '127.0.0.1', port: 1 } });
    // A name that is not known makes it look again, once its last answer is not of just now.
    await until(async () => {
      await provider.postgres.read('activity', { instance: 'pg2' }).catch(() => {});
      return (await connected()) === 0;
    });
    await expect(provider.postgres.read('activity', { instance: 'pg1' })).rejects.toMatchObject({ code: 'action.refused' });
  });
});
