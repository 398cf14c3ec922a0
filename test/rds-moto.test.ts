import { CreateDBInstanceCommand, DescribeDBInstancesCommand, ModifyDBInstanceCommand, RDSClient } from '@aws-sdk/client-rds';
import type { Request } from '@guichet/contract';
import { createPostgresProvider } from '@guichet/provider-postgres';
import { harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway } from './support/gateway.ts';
import { type Moto, skipsMoto, startMoto } from './support/moto.ts';

const credentials = { AWS_ACCESS_KEY_ID: 'AKIATEST', AWS_SECRET_ACCESS_KEY: 'secret' };
const quiet = { info() {}, warn() {}, error() {} };
const login = { user: 'watcher', password: 'watcher' };

/**
 * The SDK against another implementation of RDS than our own small server. It is more lenient than AWS: a replica is available
 * at once, and nothing is reported of its replication. It knows no quotas.
 */
describe.skipIf(skipsMoto('read replicas on RDS'))('read replicas on a stand-in for RDS', () => {
  let moto: Moto;
  let client: RDSClient;
  let provider: ReturnType<typeof createPostgresProvider>;
  let postgres: ReturnType<typeof harness>;

  beforeAll(async () => {
    Object.assign(process.env, credentials);
    moto = await startMoto();
    client = new RDSClient({ region: 'us-east-1', endpoint: moto.url });
    for (const [name, environment] of [
      ['pg1', 'production'],
      ['pg2', 'staging'],
    ] as const) {
      await client.send(
        new CreateDBInstanceCommand({
          DBInstanceIdentifier: name,
          DBInstanceClass: 'db.m5.large',
          Engine: 'postgres',
          EngineVersion: '16.4',
          AllocatedStorage: 100,
          StorageType: 'gp2',
          BackupRetentionPeriod: 7,
          MasterUsername: 'root',
          MasterUserPassword: 'not-a-secret-here',
          Tags: [
            { Key: 'owner', Value: 'payments' },
            { Key: 'environment', Value: environment },
          ],
        }),
      );
    }
    provider = createPostgresProvider({
      rds: [{ region: 'us-east-1', endpoint: moto.url, logins: { observer: login, actor: login }, pollSeconds: 0.05 }],
    });
    postgres = harness(provider);
  }, 90_000);
  afterAll(async () => {
    await provider?.close();
    client?.destroy();
    await moto?.stop();
    for (const name of Object.keys(credentials)) delete process.env[name];
  });

  const names = async (): Promise<unknown[]> => {
    const table = await postgres.read('instances');
    return table.kind === 'table' ? table.rows.map(({ name, class: instanceClass }) => `${name} ${instanceClass}`) : [];
  };

  test('a replica is made, listed and deleted', async () => {
    expect(await names()).toEqual(['pg1 db.m5.large']);
    const input = { sourceInstance: 'pg1', replicaSuffix: 'flow' };
    const made = await postgres.run('create-read-replica', input);
    expect(made.failure).toBeUndefined();
    expect(made.plan.effects.at(-1)).toMatch(/^It costs about 141 USD a month .* an estimate/);
    expect(made.undoInput).toEqual({ instance: 'pg1-flow' });
    expect(await names()).toEqual(['pg1 db.m5.large', 'pg1-flow db.m5.large']);

    const deleted = await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(deleted.output).toMatchObject({ summary: "'pg1-flow' is deleted" });
    expect(await names()).toEqual(['pg1 db.m5.large']);
  });

  test('a replica that was asked for a while is deleted by itself when the time is over', async () => {
    const gateway = await startGateway({ mounted: [{ name: 'postgres', endpoint: provider.endpoint({ logger: quiet }) }] });
    const { body } = await gateway.submit('nadia', {
      action: 'postgres.create-read-replica',
      input: { sourceInstance: 'pg2', replicaSuffix: 'short' },
      lastsSeconds: 1,
      reason: 'one report',
    });
    expect(body.plan?.effects?.join(' '), JSON.stringify(body)).toContain("makes 'pg2-short' of it");
    // The end is destructive, and approved with the beginning.
    await gateway.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: { comment: 'fine' } });
    const created = await gateway.until(body.id, 'succeeded');
    expect(created.output).toMatchObject({ summary: expect.stringMatching(/^'pg2-short' replicates 'pg2' and can be used/) });
    let undoneBy: string | null = null;
    while (undoneBy === null) ({ undoneBy } = (await gateway.call<Request>('nadia', 'GET', `/v1/requests/${body.id}`)).body);
    expect((await gateway.until(undoneBy, 'succeeded')).output).toMatchObject({ summary: "'pg2-short' is deleted" });
    const { DBInstances = [] } = await client.send(new DescribeDBInstancesCommand({}));
    expect(DBInstances.map(({ DBInstanceIdentifier }) => DBInstanceIdentifier)).not.toContain('pg2-short');
    await gateway.close();
  }, 60_000);

  test('a source without backups is refused in the plan, which the stand-in itself would not do', async () => {
    await client.send(new ModifyDBInstanceCommand({ DBInstanceIdentifier: 'pg1', BackupRetentionPeriod: 0 }));
    await expect(postgres.plan('create-read-replica', { sourceInstance: 'pg1', replicaSuffix: 'flow' })).rejects.toMatchObject({
      code: 'action.refused',
      message: expect.stringContaining('keeps no automated backups'),
    });
  });
});
