import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());

const inHours = (hours: number): string => new Date(Date.now() + hours * 3_600_000).toISOString();
/** Lets the time come at which it may start. */
const come = (id: string) =>
  sql(gateway.databaseUrl, 'update requests set run_after = clock_timestamp() where number = $1', [id.replace('REQ-', '')]);

test('what is asked for later is approved now, and claimed no sooner', async () => {
  const startAt = inHours(48);
  const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'at night', startAt });
  expect(body).toMatchObject({ state: 'awaiting_approval', startAt });
  const approved = await gateway.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  // The start window, an hour, begins when it may start.
  const expiresAt = new Date(Date.parse(startAt) + 3_600_000).toISOString();
  expect(approved.body).toMatchObject({ state: 'queued', expiresAt });
  const { body: next } = await gateway.submit('nadia', { action: 'lab.change' });
  await gateway.until(next.id, 'succeeded');
  expect((await gateway.call('nadia', 'GET', `/v1/requests/${body.id}`)).body).toMatchObject({ state: 'queued', run: null });
  await come(body.id);
  await gateway.until(body.id, 'succeeded');
});

test('what needs nobody waits for its time too, and can be cancelled meanwhile', async () => {
  const startAt = inHours(2);
  const { body } = await gateway.submit('nadia', { action: 'lab.change', startAt });
  expect(body).toMatchObject({ state: 'queued', expiresAt: new Date(Date.parse(startAt) + 3_600_000).toISOString() });
  const { body: cancelled } = await gateway.call('nadia', 'POST', `/v1/requests/${body.id}/cancel`, { body: {} });
  expect(cancelled).toMatchObject({ state: 'cancelled', run: null });
});

test('the approval holds for that time and no other', async () => {
  const digest = async (startAt?: string): Promise<string> =>
    (await gateway.submit('nadia', { action: 'lab.destroy', reason: 'at night', ...(startAt !== undefined && { startAt }) })).body
      .digest;
  expect(new Set([await digest(), await digest(inHours(1)), await digest(inHours(2))]).size).toBe(3);
});

test.each([
  ['has passed', -1],
  ['is more than 366 days away', 24 * 367],
])('a start that %s is refused', async (what, hours) => {
  const { status, body } = await gateway.submit('nadia', { action: 'lab.change', startAt: inHours(hours) });
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/startAt', message: what }] });
});
