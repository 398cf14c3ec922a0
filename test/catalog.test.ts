import type { Action } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, expect, test } from 'vitest';
import { type EvilProvider, MANIFEST, startEvilProvider } from './support/evil-provider.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function provider(port?: number): Promise<EvilProvider> {
  const evil = await startEvilProvider(port === undefined ? {} : { port });
  closers.push(() => evil.close());
  return evil;
}

async function gatewayWith(url: string, databaseUrl?: string): Promise<TestGateway> {
  const config = { providers: [{ name: 'evil', url }] };
  const gateway = await startGateway({ config, ...(databaseUrl !== undefined && { databaseUrl }) });
  closers.push(() => gateway.close());
  return gateway;
}

async function look(gateway: TestGateway): Promise<Action | undefined> {
  const { body } = await gateway.call<{ items: Action[] }>('nadia', 'GET', '/v1/actions?provider=evil');
  return body.items.find(({ name }) => name === 'look');
}

const codeOf = async (gateway: TestGateway): Promise<unknown> =>
  (await gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body: { environment: 'staging' } })).body['code'];

test('a provider that is down at the start is said to be silent, and appears when it comes', async () => {
  const down = await provider();
  await down.close();
  closers.pop();
  const gateway = await gatewayWith(down.url);
  expect(await look(gateway)).toBeUndefined();
  expect(await codeOf(gateway)).toBe('action.unavailable');
  await provider(down.port);
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ id: 'evil.look', available: true, team: 'sre' });
});

test('a provider that goes away keeps its actions, unavailable and with why, and comes back', async () => {
  const evil = await provider();
  const gateway = await gatewayWith(evil.url);
  expect(await look(gateway)).toMatchObject({ available: true });
  evil.manifest = undefined;
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ available: false, unavailableReason: expect.stringContaining('answered 500') });
  const { body } = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body: { environment: 'staging' } });
  expect(body).toMatchObject({ code: 'action.unavailable', remedy: expect.stringContaining("team 'sre'") });
  evil.manifest = MANIFEST;
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ available: true });
});

test('of a provider that hangs it is said that it does not answer, and for how long it was waited for', async () => {
  const evil = await provider();
  const gateway = await gatewayWith(evil.url);
  evil.isSilent = true;
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ available: false, unavailableReason: 'It did not answer within 5 s.' });
  evil.isSilent = false;
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ available: true });
});

test('a provider that is gone when the gateway starts again is still listed, unavailable', async () => {
  await using database = await testDatabase();
  const evil = await provider();
  const first = await gatewayWith(evil.url, database.url);
  await first.close();
  await evil.close();
  closers.splice(0);
  const second = await gatewayWith(evil.url, database.url);
  expect(await look(second)).toMatchObject({ available: false, unavailableReason: expect.stringContaining('cannot be reached') });
  expect(await codeOf(second)).toBe('action.unavailable');
  await second.close();
  closers.splice(0);
});

test('what was saved of a provider and cannot be read any more does not stop the start', async () => {
  await using database = await testDatabase();
  const evil = await provider();
  await (await gatewayWith(evil.url, database.url)).close();
  await evil.close();
  closers.splice(0);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  await client.query(`update providers set manifest = '{"protocol": 99}' where name = 'evil'`);
  await client.end();
  const again = await gatewayWith(evil.url, database.url);
  expect(await look(again)).toBeUndefined();
  expect(await codeOf(again)).toBe('action.unavailable');
  await again.close();
  closers.splice(0);
});

test('a changed manifest is taken over, with its form', async () => {
  const evil = await provider();
  const gateway = await gatewayWith(evil.url);
  const [first, ...rest] = MANIFEST.actions;
  const input = { type: 'object', properties: { y: { type: 'string' } }, required: ['y'], additionalProperties: false };
  evil.manifest = { ...MANIFEST, version: '2.0.0', actions: [{ ...first, version: '2', title: 'Look closer', input }, ...rest] };
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({ title: 'Look closer', version: '2' });
  const { body } = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body: { environment: 'staging' } });
  expect(body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/input/y' }] });
});

const twice = [...MANIFEST.actions, ...MANIFEST.actions];
const badSchema = [{ ...MANIFEST.actions[0], input: { type: 'nonsense' } }];
test.each([
  ['what is no JSON', '<html>', 'not JSON'],
  ['another protocol', { ...MANIFEST, protocol: 2 }, '/protocol must be 1'],
  ['another name', { ...MANIFEST, provider: 'other' }, "calls itself 'other'"],
  ['an action twice', { ...MANIFEST, actions: twice }, "offers 'look' twice"],
  ['a form that cannot be checked', { ...MANIFEST, actions: badSchema }, "input schema of 'look'"],
  ['a NUL in a title', { ...MANIFEST, title: 'a\0b' }, '/title holds a NUL'],
  ['no team', { ...MANIFEST, team: undefined }, '/team is required'],
])('a manifest with %s makes the provider unavailable and says why; what it offered stays', async (_what, manifest, words) => {
  const evil = await provider();
  const gateway = await gatewayWith(evil.url);
  evil.manifest = manifest;
  await gateway.app.catalog.refresh();
  expect(await look(gateway)).toMatchObject({
    title: 'Look',
    available: false,
    unavailableReason: expect.stringContaining(words),
  });
  expect((await gateway.call('nadia', 'GET', '/v1/actions/lab.look')).body).toMatchObject({ available: true });
});

test('the catalogue has a tag that changes with it, and an unchanged one is not sent again', async () => {
  const evil = await provider();
  const gateway = await gatewayWith(evil.url);
  const get = (tag?: string) =>
    gateway.call('nadia', 'GET', '/v1/actions', { headers: tag === undefined ? {} : { 'if-none-match': tag } });
  const first = await get();
  const tag = first.headers.get('etag') ?? '';
  expect(tag).toMatch(/^"[\w-]{20,}"$/);
  expect(first.headers.get('cache-control')).toBe('private, no-cache');
  for (const sent of [tag, `W/${tag}`, `"other", ${tag}`, '*']) {
    const again = await get(sent);
    expect([again.status, again.body, again.headers.get('etag')]).toEqual([304, undefined, tag]);
  }
  expect((await get('"other"')).status).toBe(200);
  evil.manifest = undefined;
  await gateway.app.catalog.refresh();
  const changed = await get(tag);
  expect(changed.status).toBe(200);
  expect(changed.headers.get('etag')).not.toBe(tag);
  const filtered = await gateway.call('nadia', 'GET', '/v1/actions?provider=lab');
  expect(filtered.headers.get('etag')).not.toBe(changed.headers.get('etag'));
});
