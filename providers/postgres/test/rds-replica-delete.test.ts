import type { Harness, HarnessRun } from '@guichet/sdk/testing';
import { beforeEach, describe, expect, test } from 'vitest';
import { openRdsLab, type RdsLab, STAYS, WANTED } from './rds-lab.ts';
import type { RdsServer } from './rds-server.ts';

let lab: RdsLab;
let rds: RdsServer;
let postgres: Harness;

beforeEach(async () => {
  lab = await openRdsLab();
  ({ rds, postgres } = lab);
  return () => lab[Symbol.asyncDispose]();
});

describe('delete-read-replica on RDS', () => {
  const unwanted = { instance: 'pg1-flow' };
  const refusal = (input: object): Promise<string> => lab.refusal('delete-read-replica', input);
  const remove = (choices = {}): Promise<HarnessRun> => postgres.run('delete-read-replica', unwanted, choices);

  test('deletes it without a snapshot, waits until it is gone, and takes it from the inventory', async () => {
    await postgres.run('create-read-replica', WANTED);
    const { plan, output, progress, undoInput } = await remove();
    expect(undoInput).toEqual(WANTED);
    expect(plan.summary).toBe("Delete the read replica 'pg1-flow'");
    expect(plan.resource).toEqual({ type: 'postgres.instance', id: 'pg1-flow', owner: 'payments' });
    expect(output).toMatchObject({ kind: 'record', summary: "'pg1-flow' is deleted" });
    expect(progress[0]?.message).toContain('pg1-flow is deleting');
    expect(rds.instances.get('pg1-flow')).toBeUndefined();
    const table = await postgres.read('instances');
    expect(table.kind === 'table' && table.rows.map(({ name }) => name)).toEqual(['pg1']);
    const again = await remove({ plan });
    expect(again.output).toMatchObject({ summary: "'pg1-flow' had gone already; nothing was deleted" });
  });

  test('takes no other instance that has got its name', async () => {
    rds.add('pg1-flow', { replicaOf: 'pg1' });
    const plan = await postgres.plan('delete-read-replica', unwanted);
    rds.add('pg1-flow', { replicaOf: 'pg1' });
    const { output } = await remove({ plan });
    expect(output).toMatchObject({ summary: "'pg1-flow' had gone already; nothing was deleted" });
    expect(rds.callsOf('DeleteDBInstance')).toEqual([]);
  });

  test('deletes nothing that was promoted since it was planned', async () => {
    const flow = rds.add('pg1-flow', { replicaOf: 'pg1' });
    const plan = await postgres.plan('delete-read-replica', unwanted);
    flow.replicaOf = undefined;
    const { failure } = await remove({ plan });
    expect(failure).toMatchObject({ kind: 'permanent', message: expect.stringContaining('it is no replica any more') });
    expect(rds.callsOf('DeleteDBInstance')).toEqual([]);
  });

  test('refuses what is no replica, is protected, has replicas itself or goes already', async () => {
    const flow = rds.add('pg1-flow', { replicaOf: 'pg1', protected: true });
    expect(await refusal({ instance: 'pg1' })).toContain("'pg1' is no replica: it holds data");
    expect(await refusal(unwanted)).toMatch(/protected from deletion.* --no-deletion-protection/);
    flow.protected = false;
    rds.add('pg1-flow-2', { replicaOf: 'pg1-flow' });
    expect(await refusal(unwanted)).toContain('has replicas of its own: pg1-flow-2.');
    rds.instances.delete('pg1-flow-2');
    const { warnings } = await postgres.plan('delete-read-replica', unwanted);
    expect(warnings).toEqual(['It was not made by Guichet: make sure that nobody counts on it.']);
    flow.leaving = STAYS;
    expect(await refusal(unwanted)).toContain('is being deleted already');
  });

  test('whose end nobody saw is observed: not begun, running, gone', async () => {
    const flow = rds.add('pg1-flow', { replicaOf: 'pg1' });
    const plan = await postgres.plan('delete-read-replica', unwanted);
    const observe = () => postgres.observe('delete-read-replica', unwanted, { runId: crypto.randomUUID(), seen: plan.seen });
    expect(await observe()).toMatchObject({ status: 'not_started' });
    flow.leaving = STAYS;
    expect(await observe()).toMatchObject({ status: 'running' });
    rds.instances.delete('pg1-flow');
    expect(await observe()).toMatchObject({ status: 'succeeded' });
  });
});
