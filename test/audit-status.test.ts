import type { AuditStatus } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { expect, test, vi } from 'vitest';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const PATIENCE = { timeout: 30_000, interval: 200 };

const status = async (gateway: TestGateway): Promise<AuditStatus> =>
  (await gateway.call<AuditStatus>('sven', 'GET', '/v1/audit/status')).body;

test('a gateway says by itself whether the log holds, and a damage is told to everybody who is signed in', async () => {
  await using database = await testDatabase();
  const first = await startGateway({ databaseUrl: database.url });
  await first.submit('nadia', { action: 'lab.change', reason: 'to be sealed' });
  await vi.waitFor(async () => {
    const { log } = await status(first);
    expect(log).toMatchObject({ unsealed: 0, problem: null });
    expect(log?.size).toBeGreaterThan(3);
    expect(log?.head?.size).toBe(log?.size);
  }, PATIENCE);
  await first.close();

  const second = await startGateway({ databaseUrl: database.url });
  await vi.waitFor(async () => {
    const { state, log } = await status(second);
    expect(state).toBe('verified');
    expect(log?.verified).toMatchObject({ findings: [], through: expect.any(Number) });
  }, PATIENCE);
  await second.close();

  await sql(
    database.url,
    `set session_replication_role = replica; update audit_events set outcome = 'failed' where id = (select min(id) from audit_events)`,
  );
  const third = await startGateway({ databaseUrl: database.url });
  await vi.waitFor(async () => {
    const { state, log } = await status(third);
    expect(state).toBe('damaged');
    expect(log?.verified?.findings).toMatchObject([{ kind: 'edited', head: 1 }]);
  }, PATIENCE);
  expect(await (await fetch(`${third.app.url}/metrics`)).text()).toMatch(/^guichet_audit_findings 1$/m);
  // A machine may not read the log, and is told that it does not hold.
  const machine = await third.call<AuditStatus>({ token: await third.token('machine:ci-checkout') }, 'GET', '/v1/audit/status');
  expect(machine.body).toMatchObject({ state: 'damaged', log: null });
  await third.close();
});
