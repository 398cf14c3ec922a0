import { afterEach, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway | undefined;
afterEach(async () => {
  await gateway?.close();
  gateway = undefined;
});

const limited = (limits: unknown): Promise<TestGateway> => startGateway({ config: { limits } });

test('one principal that calls too often is told when to come back, others are not', async () => {
  gateway = await limited({ calls: { max: 3, per: '1h' } });
  for (let calls = 0; calls < 3; calls++) expect((await gateway.call('nadia', 'GET', '/v1/me')).status).toBe(200);
  const { status, body, headers } = await gateway.call('nadia', 'GET', '/v1/me');
  expect([status, body['code'], body['retryable']]).toEqual([429, 'rate.limited', true]);
  expect(Number(headers.get('retry-after'))).toBeGreaterThan(3000);
  expect((await gateway.call('amine', 'GET', '/v1/me')).status).toBe(200);
});

test('a write is limited for each caller, exactly, also when all come at once', async () => {
  gateway = await limited({ actions: [{ action: 'lab.change', max: 3, per: '1h' }] });
  const file = (who: 'nadia' | 'amine') => gateway?.submit(who, { action: 'lab.change' }).then(({ status }) => status);
  const statuses = await Promise.all(Array.from({ length: 12 }, () => file('nadia')));
  expect(statuses.filter((status) => status === 201)).toHaveLength(3);
  expect(statuses.filter((status) => status === 429)).toHaveLength(9);
  expect(await file('amine')).toBe(201);
});

test('a limit of all counts everybody, and a prefix counts all of its actions', async () => {
  gateway = await limited({ actions: [{ action: 'lab.*', max: 2, per: '1h', of: 'all' }] });
  expect((await gateway.submit('nadia', { action: 'lab.change' })).status).toBe(201);
  expect((await gateway.submit('amine', { action: 'lab.destroy', reason: 'because of it' })).status).toBe(201);
  const { status, body } = await gateway.submit('sven', { action: 'lab.change' });
  expect([status, body.code]).toEqual([429, 'rate.limited']);
  expect(body.detail).toContain('lab.* is limited to 2');
});

test('a window ends: what was filed before it counts no more', async () => {
  gateway = await limited({ actions: [{ action: 'lab.change', max: 1, per: '1s' }] });
  expect((await gateway.submit('nadia', { action: 'lab.change' })).status).toBe(201);
  expect((await gateway.submit('nadia', { action: 'lab.change' })).status).toBe(429);
  await expect
    .poll(async () => (await gateway?.submit('nadia', { action: 'lab.change' }))?.status, { timeout: 5000, interval: 200 })
    .toBe(201);
});

test('the same idempotency key again is the same request, limit or not', async () => {
  gateway = await limited({ actions: [{ action: 'lab.change', max: 1, per: '1h' }] });
  const headers = { 'idempotency-key': 'once' };
  const first = await gateway.submit('nadia', { action: 'lab.change' }, headers);
  const again = await gateway.submit('nadia', { action: 'lab.change' }, headers);
  expect([first.status, again.status, again.body.id]).toEqual([201, 201, first.body.id]);
});

test('reads are limited as well', async () => {
  gateway = await limited({ actions: [{ action: 'lab.look', max: 1, per: '1h' }] });
  const read = () => gateway?.call('nadia', 'POST', '/v1/actions/lab.look/read', { body: { environment: 'staging', input: {} } });
  expect((await read())?.status).toBe(200);
  expect((await read())?.status).toBe(429);
});

test('an address that sends one unknown token after the other is made to wait, also with a good one', async () => {
  gateway = await startGateway();
  const guess = () => gateway?.call({ token: `gct_u_${'A'.repeat(43)}` }, 'GET', '/v1/me').then(({ status }) => status);
  const statuses: (number | undefined)[] = [];
  for (let round = 0; round < 13; round++) statuses.push(...(await Promise.all(Array.from({ length: 50 }, guess))));
  expect(statuses.filter((status) => status === 401).length).toBeLessThanOrEqual(650);
  expect(await guess()).toBe(429);
  expect((await gateway.call('nadia', 'GET', '/v1/me')).status).toBe(429);
});

test('new tokens are made so often and no more', async () => {
  gateway = await startGateway();
  const make = () => gateway?.call('nadia', 'POST', '/v1/tokens', { body: { name: 'one more', expiresInDays: 1 } });
  const statuses: (number | undefined)[] = [];
  for (let made = 0; made < 121; made++) statuses.push((await make())?.status);
  expect(statuses.slice(0, 120)).toEqual(Array(120).fill(201));
  expect(statuses[120]).toBe(429);
});
