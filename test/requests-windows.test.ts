import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const lab = new Lab();
const ASLEEP = { enabled: false };
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ lab, config: { worker: ASLEEP, windows: { approval: '2s', start: '60s' } } });
});
afterAll(() => gateway.close());

const after = (time: string | null | undefined): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Date.parse(time ?? '') - Date.now() + 50));
const file = async (from: TestGateway) =>
  (await from.submit('nadia', { action: 'lab.destroy', reason: 'it is in the way' })).body;
const approve = (from: TestGateway, id: string) =>
  from.call<{ code: string }>('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });

test('a request that nobody approves expires by itself, by the timer', async () => {
  const request = await file(gateway);
  expect(Date.parse(request.expiresAt ?? '') - Date.parse(request.createdAt)).toBeLessThanOrEqual(2500);
  const ended = await gateway.until(request.id, 'expired');
  expect(ended.expiresAt).toBeNull();
  const [event] = await sql<{ actor_id: string; data: unknown }>(
    gateway.databaseUrl,
    `select actor_id, data from audit_events where request = $1 and type = 'request.expired'`,
    [request.id.replace('REQ-', '')],
  );
  expect(event).toEqual({ actor_id: 'system', data: { was: 'awaiting_approval' } });
});

test('an approval after the window is refused, also when the timer has not rung yet', async () => {
  const request = await file(gateway);
  await after(request.expiresAt);
  const { status, body } = await approve(gateway, request.id);
  expect([status, body.code]).toEqual([409, 'request.state_conflict']);
  expect((await gateway.until(request.id, 'expired')).approvals).toEqual([]);
});

test('the start window counts from the approval: the timer of the approval window no longer ends it', async () => {
  const request = await file(gateway);
  await approve(gateway, request.id);
  const queued = await gateway.until(request.id, 'queued');
  const window = Date.parse(queued.expiresAt ?? '') - Date.parse(queued.approvals[0]?.at ?? '');
  expect(window).toBe(60_000);
  await after(request.expiresAt);
  await sql(gateway.databaseUrl, 'update guichet_jobs.job set start_after = now()'); // every timer rings
  await sql(gateway.databaseUrl, `select pg_sleep(6)`); // and was heard
  expect((await gateway.until(request.id, 'queued')).expiresAt).toBe(queued.expiresAt);
});

test('what was approved too long ago does not run: it expires when it would be claimed', async () => {
  const short = await startGateway({
    lab,
    databaseUrl: gateway.databaseUrl,
    config: { worker: ASLEEP, windows: { approval: '60s', start: '1s' } },
  });
  const request = await file(short);
  await approve(short, request.id);
  await after((await short.until(request.id, 'queued')).expiresAt);
  await short.close();
  const awake = await startGateway({ lab, databaseUrl: gateway.databaseUrl });
  expect((await awake.until(request.id, 'expired')).run).toBeNull();
  await awake.close();
});

test('windows and starts are reckoned by the clock of the database, whatever the clock of a gateway says', async () => {
  const inMinutes = (minutes: number): string => new Date(Date.now() + minutes * 60_000).toISOString();
  const [soon, past] = [inMinutes(30), inMinutes(-30)];
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3_600_000 });
  try {
    const waiting = await file(gateway);
    expect(Date.parse(waiting.expiresAt ?? '') - Date.parse(waiting.createdAt)).toBeLessThanOrEqual(2500);
    const { body: later } = await gateway.submit('nadia', { action: 'lab.change', startAt: soon });
    expect(later).toMatchObject({ state: 'queued', expiresAt: new Date(Date.parse(soon) + 60_000).toISOString() });
    const { body: queued } = await gateway.submit('nadia', { action: 'lab.change' });
    const window = Date.parse(queued.expiresAt ?? '') - Date.parse(queued.createdAt);
    expect(Math.abs(window - 60_000)).toBeLessThan(1000);
    vi.setSystemTime(Date.now() - 7_200_000);
    expect((await gateway.submit('nadia', { action: 'lab.change', startAt: past })).status).toBe(400);
  } finally {
    vi.useRealTimers();
  }
});
