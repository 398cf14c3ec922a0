import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Harness, HarnessRun } from '@guichet/sdk/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { openRdsLab, type RdsLab, STAYS, WANTED } from './rds-lab.ts';
import { type FakeInstance, type RdsServer, USUAL } from './rds-server.ts';

let lab: RdsLab;
let rds: RdsServer;
let postgres: Harness;

beforeEach(async () => {
  lab = await openRdsLab();
  ({ rds, postgres } = lab);
  return () => lab[Symbol.asyncDispose]();
});

const create = (choices = {}): Promise<HarnessRun> => postgres.run('create-read-replica', WANTED, choices);
const refusal = (input: object = WANTED): Promise<string> => lab.refusal('create-read-replica', input);
const replica = (): FakeInstance | undefined => rds.instances.get('pg1-flow');

describe('create-read-replica on RDS', () => {
  test('tells each step, is usable before the first backup has ended, and is in the inventory at once', async () => {
    const { plan, output, logs, progress, undoInput } = await create();
    expect(plan).toMatchObject({
      summary: "Create the read replica 'pg1-flow' of 'pg1'",
      resource: { type: 'postgres.instance', id: 'pg1', owner: 'payments' },
      warnings: [],
    });
    expect(plan.effects.join(' ')).toContain('db.r5.2xlarge, 100 GB of gp3, one zone, PostgreSQL 16.4');
    expect(output).toMatchObject({
      kind: 'record',
      summary: "'pg1-flow' replicates 'pg1' and can be used at 127.0.0.1:1",
    });
    expect(logs.map((line) => line.replace(/ \(after .*\)/, ''))).toEqual([
      "RDS has taken the order for 'pg1-flow'.",
      "'pg1-flow' is creating.",
      "'pg1-flow' is modifying.",
      "'pg1-flow' is backing-up.",
      "Usable now: 'pg1-flow' replicates, at 127.0.0.1:1.",
      "'pg1-flow' is available.",
    ]);
    expect(progress.at(-1)).toEqual({ message: 'pg1-flow replicates', done: 5, total: 5 });
    expect(undoInput).toEqual({ instance: 'pg1-flow' });
    const table = await postgres.read('instances');
    expect(table.kind === 'table' && table.rows.map(({ name }) => name)).toEqual(['pg1', 'pg1-flow']);
    expect(await postgres.options('delete-read-replica', 'instance')).toMatchObject([{ value: 'pg1-flow' }]);
  });

  test('copies the tags and the network of the source, and says on the replica for whom it was made', async () => {
    const { runId } = await create();
    expect(replica()).toMatchObject({ instanceClass: 'db.r5.2xlarge', securityGroups: ['sg-1'] });
    expect(replica()?.tags).toMatchObject({
      team: 'payments',
      env: 'production',
      cost: 'c-1',
      'guichet:request': 'REQ-1',
      'guichet:run': runId,
      'guichet:requester': 'user:tester',
    });
    expect(Object.keys(replica()?.tags ?? {})).not.toContain('aws:backup');
  });

  test('waits for what RDS does not show yet, and through minutes without an answer', async () => {
    rds.hidden = 2;
    const plan = await postgres.plan('create-read-replica', WANTED);
    rds.faults.push({ action: 'CreateDBInstanceReadReplica', code: 'Throttling', times: 1 });
    let told = false;
    const { output, logs } = await create({
      plan,
      onMessage: ({ type }: { type: string }) => {
        if (told || type !== 'progress') return;
        told = true;
        // More than the SDK tries by itself.
        rds.faults.push({ action: 'DescribeDBInstances', code: 'InternalFailure', status: 500, times: 6 });
      },
    });
    expect(output).toMatchObject({ kind: 'record' });
    expect(logs.join(' ')).toContain('RDS failed to answer. What was begun goes on; looking again.');
    expect(logs).toContain('RDS answers again.');
    expect(rds.callsOf('CreateDBInstanceReadReplica')).toHaveLength(2);
  }, 60_000);

  test('takes a replica for its own whose order went through though the answer was lost', async () => {
    const plan = await postgres.plan('create-read-replica', WANTED);
    rds.faults.push({ action: 'CreateDBInstanceReadReplica', code: '', afterwards: true });
    const { output } = await create({ plan });
    expect(output).toMatchObject({ kind: 'record' });
    expect(rds.callsOf('CreateDBInstanceReadReplica')).toHaveLength(2); // the SDK has repeated it
    expect([...rds.instances.keys()]).toEqual(['pg1', 'pg1-flow']);
  });

  test('looks whether an order was taken that was never answered, and can be tried again when it was not', async () => {
    const plan = await postgres.plan('create-read-replica', WANTED);
    const unanswered = { action: 'CreateDBInstanceReadReplica', code: 'InternalFailure', status: 500, times: 6 };
    rds.faults.push({ ...unanswered });
    const first = await create({ plan });
    expect(first.failure).toMatchObject({ kind: 'retryable', message: "RDS has not taken the order for 'pg1-flow'." });
    rds.faults.push({ action: 'CreateDBInstanceReadReplica', code: '', afterwards: true }, { ...unanswered });
    const second = await create({ plan });
    expect(second.logs[0]).toContain('Looking whether the order was taken all the same.');
    expect(second.output).toMatchObject({ kind: 'record' });
  }, 60_000);

  test('goes on with what an earlier try of the same request has begun, also when it is planned again', async () => {
    const first = await create();
    if (replica() !== undefined) Object.assign(replica() ?? {}, { stages: USUAL.map((stage) => ({ ...stage })) });
    const again = await postgres.plan('create-read-replica', WANTED);
    expect(again.fingerprint).toBe(first.plan.fingerprint);
    expect(again.warnings.join()).toContain("'pg1-flow' is being made for REQ-1");
    const second = await create({ plan: first.plan });
    expect(second.output).toMatchObject({ kind: 'record' });
    expect(second.logs[0]).toMatch(/^Goes on with 'pg1-flow', which is /);
    expect(rds.callsOf('CreateDBInstanceReadReplica')).toHaveLength(1);
    // Another request has another plan: what is there is not its own.
    const other = await create({ plan: again });
    expect(other.failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('made by Guichet for REQ-1') });
  });

  test('takes nothing that somebody else has made since it was planned', async () => {
    const plan = await postgres.plan('create-read-replica', WANTED);
    rds.add('pg1-flow');
    const { failure } = await create({ plan });
    expect(failure).toMatchObject({
      kind: 'permanent',
      message: "There is an instance 'pg1-flow' already, made not by Guichet. Nothing was changed.",
    });
    expect(rds.callsOf('CreateDBInstanceReadReplica')).toEqual([]);
  });

  test('that is cancelled deletes what it has begun', async () => {
    rds.stages = [{ status: 'creating', looks: STAYS }];
    const cancel = new AbortController();
    const { failure, logs } = await create({
      signal: cancel.signal,
      onMessage: ({ type }: { type: string }) => {
        if (type === 'progress') cancel.abort();
      },
    });
    expect(failure).toMatchObject({ kind: 'cancelled', message: 'The run was stopped; RDS was told to delete what was begun.' });
    expect(logs.at(-1)).toContain("RDS deletes 'pg1-flow'");
    expect(replica()?.leaving).toBeDefined();
  });

  test('that is cancelled before RDS shows it is deleted when it does', async () => {
    rds.hidden = 3;
    const cancel = new AbortController();
    const { failure } = await create({
      signal: cancel.signal,
      onMessage: ({ type }: { type: string }) => {
        if (type === 'log') cancel.abort();
      },
    });
    expect(failure).toMatchObject({ kind: 'cancelled', message: 'The run was stopped; RDS was told to delete what was begun.' });
    expect(replica()?.leaving).toBeDefined();
  });

  test('that is cancelled, and cannot take back what it has begun, says how to', async () => {
    rds.stages = [{ status: 'creating', looks: STAYS }];
    rds.faults.push({ action: 'DeleteDBInstance', code: 'InvalidDBInstanceState' });
    const cancel = new AbortController();
    const { logs } = await create({
      signal: cancel.signal,
      onMessage: ({ type }: { type: string }) => {
        if (type === 'progress') cancel.abort();
      },
    });
    expect(logs.at(-1)).toContain('It goes on being made, and costs. Delete it: aws rds delete-db-instance --region eu-west-1');
  });

  test.each(['failed', 'insufficient-capacity', 'incompatible-network'])('that RDS gives up as %s is deleted', async (status) => {
    rds.stages = [
      { status: 'creating', looks: 1 },
      { status, looks: STAYS },
    ];
    const { failure } = await create();
    expect(failure).toMatchObject({
      kind: 'permanent',
      message: `RDS could not make 'pg1-flow': it is '${status}'; RDS was told to delete what was begun.`,
    });
    expect(replica()?.leaving).toBeDefined();
  });

  test.each([
    [[{ status: 'available', looks: STAYS, replication: 'error', normal: false }], 'does not replicate (error)'],
    [[{ status: 'stopped', looks: STAYS }], "is 'stopped' before it has become available"],
  ])('that never replicates fails, and stays to be looked at: %j', async (stages, message) => {
    rds.stages = stages;
    const { failure } = await create();
    expect(failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining(message) });
    expect(replica()?.leaving).toBeUndefined();
  });

  test('that somebody deletes meanwhile fails and says so', async () => {
    rds.stages = [{ status: 'creating', looks: STAYS }];
    const { failure } = await create({
      onMessage: ({ type }: { type: string }) => {
        if (type === 'progress') rds.instances.delete('pg1-flow');
      },
    });
    expect(failure?.message).toBe("RDS does not know 'pg1-flow' any more: somebody has deleted it meanwhile.");
  });

  test('whose end nobody saw is observed: not begun, running, there, failed', async () => {
    const plan = await postgres.plan('create-read-replica', WANTED);
    const observe = () => postgres.observe('create-read-replica', WANTED, { runId: crypto.randomUUID(), seen: plan.seen });
    expect(await observe()).toMatchObject({ status: 'not_started' });
    const { plan: id } = (plan.seen as { detail: { plan: string } }).detail; // its shape is that of the plan of RDS
    const found = rds.add('pg1-flow', {
      replicaOf: 'pg1',
      tags: { 'guichet:plan': id, env: 'production', team: 'payments' },
      stages: [{ status: 'backing-up', looks: 1 }],
    });
    expect(await observe()).toMatchObject({ status: 'running' });
    found.stages = [{ status: 'available', looks: STAYS, replication: 'replicating' }];
    expect(await observe()).toMatchObject({ status: 'succeeded', undoInput: { instance: 'pg1-flow' } });
    found.stages = [{ status: 'failed', looks: STAYS }];
    expect(await observe()).toMatchObject({ status: 'failed', failure: { message: "'pg1-flow' is there, but is 'failed'." } });
    found.tags = {};
    expect(await observe()).toMatchObject({ status: 'not_started' });
  });

  test('is not ended by the end of its provider: the next process sees what AWS has made of it', async () => {
    rds.stages = [{ status: 'creating', looks: STAYS }];
    const { promise: begun, resolve } = Promise.withResolvers<void>();
    const plan = await postgres.plan('create-read-replica', WANTED);
    let ended = false;
    void create({ plan, onMessage: ({ type }: { type: string }) => type === 'progress' && resolve() }).then(() => {
      ended = true;
    });
    await begun;
    await lab.provider.close();
    const next = lab.open().postgres;
    const observe = () => next.observe('create-read-replica', WANTED, { runId: crypto.randomUUID(), seen: plan.seen });
    expect(await observe()).toMatchObject({ status: 'running' });
    Object.assign(replica() ?? {}, { stages: [{ status: 'available', looks: STAYS, replication: 'replicating' }] });
    expect(await observe()).toMatchObject({ status: 'succeeded' });
    expect(ended).toBe(false);
    const table = await next.read('instances');
    expect(table.kind === 'table' && table.rows.map(({ name }) => name)).toEqual(['pg1', 'pg1-flow']);
  });

  test('refuses in the plan what RDS would refuse later, and says what to do', async () => {
    const source = rds.instances.get('pg1');
    if (source === undefined) throw new Error('it was added');
    const withSource = async (change: Partial<FakeInstance>): Promise<string> => {
      const before = { ...source };
      Object.assign(source, change);
      const said = await refusal();
      Object.assign(source, before);
      return said;
    };
    expect(await withSource({ retention: 0 })).toMatch(
      /keeps no automated backups .* aws rds modify-db-instance --region eu-west-1 --db-instance-identifier pg1 --backup-retention-period 7/,
    );
    expect(await withSource({ stages: [{ status: 'modifying', looks: STAYS }] })).toMatch(
      /'pg1' is 'modifying'.* try again in some minutes/,
    );
    expect(await withSource({ stages: [{ status: 'stopped', looks: STAYS }] })).toMatch(/'pg1' is 'stopped'.* bring it back/);
    expect(await withSource({ cluster: 'orders' })).toContain("part of the Multi-AZ cluster 'orders'");
    expect(await withSource({ replicaOf: 'pg0', version: '13.9' })).toContain(
      'PostgreSQL 13.9 on RDS has no replicas of replicas',
    );
    expect(await refusal({ ...WANTED, instanceType: 'db.r5.2xlage' })).toMatch(
      /RDS offers no 'db.r5.2xlage' .* Did you mean 'db.r5.2xlarge'\?/,
    );
    expect(await refusal({ ...WANTED, instanceType: 'enormous' })).toContain('There are: db.m5.large, db.r5.large, ');
    rds.quotas = { DBInstances: { used: 40, max: 40 } };
    expect(await refusal()).toMatch(/40 of the 40 instances .* Service Quotas/);
    rds.quotas = { AllocatedStorage: { used: 950, max: 1000 } };
    expect(await refusal()).toMatch(/takes 100 GB, and the account has 950 of the 1000 GB/);
    rds.quotas = {};
    rds.add('pg1-flow', { replicaOf: 'pg1', tags: { 'guichet:request': 'REQ-7' } });
    expect(await refusal()).toMatch(/There is an instance 'pg1-flow' already \(available, made by Guichet for REQ-7\)/);
    rds.instances.delete('pg1-flow');
    for (let n = 1; n <= 15; n++) rds.add(`pg1-r${n}`, { replicaOf: 'pg1' });
    expect(await refusal()).toContain("'pg1' has 15 replicas, as many as RDS allows. Delete one that is not needed: pg1-r1, ");
    expect(await refusal({ ...WANTED, sourceInstance: 'pg' })).toContain("Did you mean 'pg1'?");
  });

  test('lets a replica have replicas, but no fourth level', async () => {
    rds.add('pg2', { replicaOf: 'pg1' });
    rds.add('pg3', { replicaOf: 'pg2' });
    rds.add('pg4', { replicaOf: 'pg3' });
    expect((await postgres.plan('create-read-replica', { ...WANTED, sourceInstance: 'pg3' })).summary).toContain("of 'pg3'");
    expect(await refusal({ ...WANTED, sourceInstance: 'pg4' })).toContain(
      'a replica of level 3, and RDS makes chains of 3 levels',
    );
  });

  test('plans without the rights to see quotas and classes, and says what it could not check', async () => {
    rds.faults.push({ action: 'DescribeAccountAttributes', code: 'AccessDenied', status: 403 });
    rds.faults.push({ action: 'DescribeOrderableDBInstanceOptions', code: 'AccessDenied', status: 403 });
    const { warnings } = await postgres.plan('create-read-replica', { ...WANTED, instanceType: 'db.t4g.medium' });
    expect(warnings).toEqual([
      'db.t4g.medium is smaller than db.r5.large, the class of its source: it may fall behind when much is written.',
      'AWS did not answer everything, so the quotas and the class could not be checked before.',
    ]);
  });

  test('says what a month costs by the table of the company, and when the table does not know it', async () => {
    const cost = async (): Promise<string> => (await postgres.plan('create-read-replica', WANTED)).effects.at(-1) ?? '';
    expect(await cost()).toBe('What it costs is not known: rds-prices.yaml of 2026-01-15 has no prices of eu-west-1.');
    const file = join(tmpdir(), `guichet-prices-${process.pid}.yaml`);
    ({ postgres } = lab.open({ prices: file }));
    expect(await cost()).toContain('cannot be read, or is no YAML');
    const regions = (hourly: object, storageGbMonth: object) =>
      JSON.stringify({ asOf: '2026-11-01', currency: 'EUR', regions: { 'eu-west-1': { hourly, storageGbMonth } } });
    await writeFile(file, regions({ 'db.r5.large': 0.2 }, {}));
    expect(await cost()).toContain('has no price of db.r5.2xlarge in eu-west-1');
    await writeFile(file, regions({ 'db.r5.2xlarge': 1 }, { gp3: 0.1 }));
    expect(await cost()).toMatch(
      /^It costs about 740 EUR a month \(db.r5.2xlarge 730 EUR, 100 GB of gp3 10.00 EUR\): an estimate by .* of 2026-11-01, not a bill\.$/,
    );
    await writeFile(file, 'asOf: yesterday');
    expect(await cost()).toContain('is not a table of prices (asOf: ');
  });

  test('offers the classes that RDS has for the version, the one of the source marked', async () => {
    const input = { sourceInstance: 'pg1' };
    expect(await postgres.options('create-read-replica', 'instanceType', { input, query: 'r5' })).toEqual([
      { value: 'db.r5.large', detail: 'the class of the source' },
      { value: 'db.r5.2xlarge' },
    ]);
    expect(await postgres.options('create-read-replica', 'instanceType')).toEqual([]);
  });

  test.each([
    ['InsufficientDBInstanceCapacity', 400, 'retryable', 'AWS has no machine of that class free there now'],
    ['InstanceQuotaExceeded', 400, 'permanent', 'the account has as many instances as it may'],
    ['StorageTypeNotSupported', 400, 'permanent', 'that class does not take the storage type of the source'],
    ['KMSKeyNotAccessibleFault', 400, 'permanent', 'the key that encrypts the storage of the source may not be used'],
    ['DBSubnetGroupNotAllowedFault', 400, 'permanent', 'may not name a subnet group'],
    ['AccessDenied', 403, 'permanent', 'AWS does not allow it to the role of the provider'],
    ['ExpiredToken', 403, 'retryable', 'its AWS credentials have expired'],
    ['SomethingNew', 400, 'permanent', 'AWS answers SomethingNew'],
  ])('says %s in words', async (code, status, kind, words) => {
    const plan = await postgres.plan('create-read-replica', WANTED);
    rds.faults.push({ action: 'CreateDBInstanceReadReplica', code, status, times: 9 });
    const { failure } = await create({ plan });
    expect(failure).toMatchObject({ kind, message: expect.stringContaining(`RDS cannot make the replica 'pg1-flow': `) });
    expect(failure?.message).toContain(words);
    expect(failure?.remedy).not.toBe('');
    expect(replica()).toBeUndefined();
  });
});
