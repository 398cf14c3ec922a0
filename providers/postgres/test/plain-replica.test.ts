import type { Harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADMIN_MAJORS, until } from './lab.ts';
import { NOTHING, openReplicaLab, type ReplicaLab } from './replica-lab.ts';

describe.each(ADMIN_MAJORS)('A replica of PostgreSQL %i on machines of our own', (major) => {
  let lab: ReplicaLab;
  let postgres: Harness;
  beforeAll(async () => {
    lab = await openReplicaLab(major);
    postgres = lab.use(lab.provider());
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  test('is made, follows its source, and is deleted without a trace', async () => {
    const { plan, output } = await postgres.run('create-read-replica', { sourceInstance: 'pg1', replicaSuffix: 'flow' });
    expect(plan.summary).toBe("Create the read replica 'pg1-flow' of 'pg1'");
    expect(output).toMatchObject({ summary: expect.stringMatching(/^The replica 'pg1-flow' of 'pg1' can be used/) });
    const listed = await postgres.read('instances');
    expect(listed).toMatchObject({
      rows: [
        { name: 'pg1', role: 'primary', replicas: 1 },
        { name: 'pg1-flow', role: 'replica', state: 'up' },
      ],
    });
    const port = await portOf('pg1-flow');
    await lab.sql("insert into customers values (1001, 'Later')");
    await until(async () => (await lab.ask(port, 'select from customers where id = 1001')).length === 1);
    await expect(lab.ask(port, "insert into customers values (1002, 'No')")).rejects.toMatchObject({ code: '25006' });
    const gone = await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(gone.output).toMatchObject({ summary: "The replica 'pg1-flow' of 'pg1' is deleted" });
    expect(await lab.remains()).toEqual(NOTHING);
    expect(await postgres.read('instances')).toMatchObject({ rows: [{ name: 'pg1', replicas: 0 }] });
  });

  async function portOf(name: string): Promise<number> {
    const listed = await postgres.read('instances');
    const row = listed.kind === 'table' ? listed.rows.find((candidate) => candidate['name'] === name) : undefined;
    return Number(String(row?.['address']).split(':')[1]);
  }
});
