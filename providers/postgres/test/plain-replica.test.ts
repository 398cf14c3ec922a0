import { isDeepStrictEqual } from 'node:util';
import { availableMajors } from '@guichet/postgres-server';
import type { Harness } from '@guichet/sdk/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from './lab.ts';
import { NOTHING, openReplicaLab, type ReplicaLab } from './replica-lab.ts';

describe.each(availableMajors())('A replica of PostgreSQL %i on machines of our own', (major) => {
  let lab: ReplicaLab;
  let postgres: Harness;
  beforeAll(async () => {
    lab = await openReplicaLab(major, { statement_timeout: '7min' });
    // Slow enough that much is written meanwhile.
    postgres = lab.use(lab.provider({ maxRateMB: 20 }));
  });
  afterAll(async () => {
    await lab?.[Symbol.asyncDispose]();
  });

  test('is made while the source is written to, follows it, and is deleted without a trace', async () => {
    let written = 1000;
    let stopped = false;
    const writing = (async () => {
      for (; !stopped; written += 20) {
        await lab.sql('insert into customers select n, $3 from generate_series($1::int, $2::int) n', [
          written,
          written + 19,
          'x'.repeat(500),
        ]);
      }
    })();
    const { plan, output } = await postgres.run('create-read-replica', { sourceInstance: 'pg1', replicaSuffix: 'flow' });
    stopped = true;
    await writing;
    expect(plan.summary).toBe("Create the read replica 'pg1-flow' of 'pg1'");
    expect(output).toMatchObject({ summary: expect.stringMatching(/^The replica 'pg1-flow' of 'pg1' can be used/) });
    const listed = await postgres.read('instances');
    expect(listed).toMatchObject({
      rows: [
        { name: 'pg1', role: 'primary', replicas: 1 },
        { name: 'pg1-flow', role: 'replica', state: 'up' },
      ],
    });
    const port = await lab.portOf('pg1-flow');
    const all = 'select count(*)::int as rows, sum(hashtext(c::text)::bigint)::text as digest from customers c';
    const [there] = await lab.sql(all);
    expect(there).toMatchObject({ rows: 100 + written - 1000 });
    await until(async () => isDeepStrictEqual(await lab.ask(port, all), [there]));
    await expect(lab.ask(port, "insert into customers values (1, 'No')")).rejects.toMatchObject({ code: '25006' });
    const limits = await lab.ask(port, 'show statement_timeout');
    expect(limits).toEqual([{ statement_timeout: '7min' }]);
    const gone = await postgres.run('delete-read-replica', { instance: 'pg1-flow' });
    expect(gone.output).toMatchObject({ summary: "The replica 'pg1-flow' of 'pg1' is deleted" });
    expect(gone.undoInput).toEqual({ sourceInstance: 'pg1', replicaSuffix: 'flow' });
    expect(await lab.remains()).toEqual(NOTHING);
    expect(await postgres.read('instances')).toMatchObject({ rows: [{ name: 'pg1', replicas: 0 }] });
  });
});
