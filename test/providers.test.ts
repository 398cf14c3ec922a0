import type { Provider } from '@guichet/contract';
import { afterEach, expect, test } from 'vitest';
import { startEvilProvider } from './support/evil-provider.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function open(options: Parameters<typeof startGateway>[0] = {}): Promise<TestGateway> {
  const gateway = await startGateway(options);
  closers.push(() => gateway.close());
  return gateway;
}

const show = async (gateway: TestGateway, name: string): Promise<Provider> =>
  (await gateway.call<Provider>('nadia', 'GET', `/v1/providers/${name}`)).body;

test('a provider is shown with what it says of itself, its keys, and how calls of it went here', async () => {
  const gateway = await open();
  const before = await show(gateway, 'lab');
  expect(before).toMatchObject({
    name: 'lab',
    protocol: 1,
    where: 'mounted',
    available: true,
    unavailableReason: null,
    figures: { calls: 0, failed: 0, errors: [], phases: [] },
  });
  expect(before.actions.ids).toHaveLength(before.actions.read + before.actions.write);
  expect(before.actions.ids).toContain('lab.look');
  expect(before.receipts).toBe(before.receiptKeys.length > 0);
  const read = (body: unknown) => gateway.call('nadia', 'POST', '/v1/actions/lab.look/read', { body });
  expect((await read({ environment: 'staging' })).status).toBe(200);
  const after = await show(gateway, 'lab');
  expect(after.figures).toMatchObject({ calls: 1, failed: 0, phases: [{ phase: 'read', calls: 1, failed: 0 }] });
  expect(after.figures.phases[0]?.p95Ms).toBeGreaterThan(0);
  expect(Date.parse(after.figures.since)).toBeLessThanOrEqual(Date.now());
  expect((await gateway.call<{ items: Provider[] }>('nadia', 'GET', '/v1/providers')).body.items).toMatchObject([
    { name: 'lab' },
  ]);
});

test('a provider that goes away says since when and why, and the errors of its calls are counted by code', async () => {
  const evil = await startEvilProvider();
  closers.push(() => evil.close());
  const gateway = await open({ config: { providers: [{ name: 'evil', url: evil.url }] } });
  const up = await show(gateway, 'evil');
  expect(up).toMatchObject({ where: 'remote', available: true, team: 'sre' });
  expect(JSON.stringify(up)).not.toContain(evil.url);
  evil.manifest = undefined;
  const { body } = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body: { environment: 'staging' } });
  await gateway.app.catalog.refresh();
  const down = await show(gateway, 'evil');
  expect(down).toMatchObject({
    available: false,
    unavailableReason: expect.stringContaining('answered 500'),
    manifestAt: up.manifestAt,
    figures: { failed: 1, errors: [{ code: body['code'], calls: 1 }] },
  });
  expect(Date.parse(down.since)).toBeGreaterThan(Date.parse(up.since));
});

test('a provider that has never answered is seen by people, and says so', async () => {
  const down = await startEvilProvider();
  await down.close();
  const gateway = await open({ config: { providers: [{ name: 'evil', url: down.url }] } });
  expect(await show(gateway, 'evil')).toMatchObject({
    available: false,
    title: null,
    version: null,
    manifestAt: null,
    unavailableReason: expect.stringContaining('cannot be reached'),
  });
});

test('who may see none of its actions is not told of a provider', async () => {
  const gateway = await open();
  const scope = { actions: ['other.look'] };
  const createdBy = { id: 'system', name: 'test' };
  const { secret } = await gateway.app.tokens.issue({
    name: 'narrow',
    principalId: 'user:nadia',
    expiresInDays: 1,
    scope,
    createdBy,
  });
  const narrow = { token: secret };
  expect((await gateway.call(narrow, 'GET', '/v1/providers')).body).toEqual({ items: [] });
  expect((await gateway.call(narrow, 'GET', '/v1/providers/lab')).body).toMatchObject({ code: 'provider.unknown' });
  expect((await gateway.call('nadia', 'GET', '/v1/providers/lub')).body).toMatchObject({
    code: 'provider.unknown',
    remedy: 'Did you mean lab?',
  });
});
