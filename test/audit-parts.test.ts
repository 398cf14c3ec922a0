import type { AuditEvent } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const month = (ahead: number): string => {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)).toISOString().slice(0, 7).replace('-', '_');
};
const parts = async (): Promise<string[]> =>
  (
    await sql<{ name: string }>(
      gateway.databaseUrl,
      `select inhrelid::regclass::text as name from pg_inherits where inhparent = 'audit_events'::regclass order by 1`,
    )
  ).map(({ name }) => name);
const insert = (at: string): Promise<{ id: string; part: string }[]> =>
  sql(
    gateway.databaseUrl,
    `insert into audit_events (at, type, actor_id, actor_name, outcome) values ('${at}', 'test.event', 'user:parts', 'Parts', 'ok')
     returning id, tableoid::regclass::text as part`,
  );

test('the parts of this month and the two after it are made when the gateway starts', async () => {
  expect(await parts()).toEqual([...[0, 1, 2].map((ahead) => `audit_events_${month(ahead)}`), 'audit_events_default']);
});

test('an event of a time without a part is not refused, and stays where it is when the part would be made', async () => {
  const far = `${month(4).replace('_', '-')}-15T12:00:00Z`;
  expect(await insert(far)).toMatchObject([{ part: 'audit_events_default' }]);
  await sql(gateway.databaseUrl, 'select make_audit_parts(5)');
  const made = await parts();
  expect(made).toContain(`audit_events_${month(5)}`);
  expect(made).not.toContain(`audit_events_${month(4)}`);
});

test('every part refuses changes, those made later too', async () => {
  await sql(gateway.databaseUrl, 'select make_audit_parts(7)');
  const [row] = await insert(`${month(7).replace('_', '-')}-15T12:00:00Z`);
  expect(row?.part).toBe(`audit_events_${month(7)}`);
  for (const part of [row?.part, 'audit_events_default', 'audit_events'])
    for (const statement of [`update ${part} set outcome = 'failed'`, `delete from ${part}`, `truncate ${part}`])
      await expect(sql(gateway.databaseUrl, statement), statement).rejects.toThrow('append-only');
});

test('pages go on in the order of time to the microsecond, across parts, and miss nothing', async () => {
  for (const [ahead, fraction] of [
    [0, '000001'],
    [0, '000002'],
    [1, '000001'],
    [0, '000003'],
    [0, '000002'],
  ] as const)
    await insert(`${month(ahead).replace('_', '-')}-01T00:00:00.${fraction}Z`);
  const seen: AuditEvent[] = [];
  let cursor = '';
  do {
    const path = `/v1/audit?actor=user:parts&until=${month(2).replace('_', '-')}-01T00:00:00Z&limit=2${cursor}`;
    const { body } = await gateway.call<{ items: AuditEvent[]; next: string | null }>('sven', 'GET', path);
    seen.push(...body.items);
    cursor = body.next === null ? '' : `&cursor=${encodeURIComponent(body.next)}`;
  } while (cursor !== '');
  const keys = seen.map(({ at, id }) => `${at}_${id.padStart(8, '0')}`);
  expect(keys).toHaveLength(5);
  expect(keys).toEqual(keys.toSorted().reverse());
});

test('a cursor that is not of this list is refused', async () => {
  for (const cursor of ['12', '2026-13-45T00:00:00.000000Z_1', 'x'])
    expect(await gateway.call('sven', 'GET', `/v1/audit?cursor=${cursor}`)).toMatchObject({
      status: 400,
      body: { code: 'cursor.invalid' },
    });
});
