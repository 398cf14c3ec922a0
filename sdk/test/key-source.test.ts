import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GrantKey, generateGrantKey } from '../src/grants.ts';
import { gatewayKeys, staticKeys } from '../src/index.ts';

let gateway: Server;
let url: string;
/** What the gateway publishes now. */
let published: unknown;
let fetches: string[];
const [first, second] = await Promise.all([generateGrantKey('first'), generateGrantKey('second')]);

async function open(port = 0): Promise<void> {
  gateway = createServer((request, response) => {
    fetches.push(request.url ?? '');
    if (published instanceof Error) response.writeHead(500).end();
    else response.end(JSON.stringify(published));
  });
  await once(gateway.listen(port, '127.0.0.1'), 'listening');
  // A server on a TCP port has an address of this shape.
  url = `http://127.0.0.1:${(gateway.address() as AddressInfo).port}`;
}
async function shut(): Promise<void> {
  gateway.closeAllConnections();
  await new Promise((resolve) => gateway.close(resolve));
}
const publish = (...keys: GrantKey[]) => {
  published = { keys: keys.map(({ kid, paserk }) => ({ kid, paserk })) };
};

beforeEach(() => {
  fetches = [];
  publish(first);
  return open();
});
afterEach(shut);

test('fetches the keys when the first is needed, and keeps them', async () => {
  const keys = gatewayKeys(url);
  expect(fetches).toEqual([]);
  await Promise.all(Array.from({ length: 10 }, () => keys.find('first')));
  expect(await keys.find('first')).toBeDefined();
  expect(fetches).toEqual(['/v1/keys']);
});

test('keeps the path of an address that has one', async () => {
  await gatewayKeys(`${url}/guichet`).find('first');
  expect(fetches).toEqual(['/guichet/v1/keys']);
});

test('fetches again for an id that it does not know', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0 });
  await keys.find('first');
  publish(first, second);
  expect(await keys.find('second')).toBeDefined();
});

test('does not let forged ids drive the gateway: one fetch an interval', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0.2 });
  await keys.find('first');
  const startedAt = performance.now();
  const forged = Array.from({ length: 50 }, (_, index) => keys.find(`forged-${index}`));
  expect(new Set(await Promise.all(forged))).toEqual(new Set([undefined]));
  expect(fetches).toHaveLength(3);
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(350);
});

test('finds a key that was published a moment after the last fetch, and one that a replica heard of late', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0.1 });
  await keys.find('first');
  const found = keys.find('second');
  publish(first, second);
  expect(await found).toBeDefined();
  const third = await generateGrantKey('third');
  const late = keys.find('third');
  await expect.poll(() => fetches.length, { interval: 5 }).toBe(3);
  publish(second, third);
  expect(await late).toBeDefined();
});

test('keeps the last good keys while the gateway is away or confused', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0, maxAgeSeconds: 0 });
  await keys.find('first');
  published = new Error('500');
  expect(await keys.find('first')).toBeDefined();
  published = { nonsense: true };
  expect(await keys.find('first')).toBeDefined();
  await shut();
  expect(await keys.find('first')).toBeDefined();
  await open(Number(new URL(url).port));
  publish(second);
  expect(await keys.find('second')).toBeDefined();
});

test('does not ask a gateway that is away at every call, while it has the key', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0, maxAgeSeconds: 0 });
  await keys.find('first');
  published = new Error('500');
  for (let call = 0; call < 20; call += 1) expect(await keys.find('first')).toBeDefined();
  expect(fetches).toHaveLength(2);
  // A key that it does not have is worth asking for.
  publish(first, second);
  expect(await keys.find('second')).toBeDefined();
  expect(fetches).toHaveLength(3);
});

test('stops trusting a key that was withdrawn as soon as it meets the one that signs in its place', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0 });
  expect(await keys.find('first')).toBeDefined();
  publish(second);
  expect(await keys.find('first')).toBeDefined(); // fetched a moment ago
  expect(await keys.find('second')).toBeDefined();
  expect(await keys.find('first')).toBeUndefined();
});

test('stops trusting a key that was withdrawn, once its keys are old', async () => {
  const keys = gatewayKeys(url, { minimumIntervalSeconds: 0, maxAgeSeconds: 0 });
  expect(await keys.find('first')).toBeDefined();
  publish(second);
  expect(await keys.find('first')).toBeUndefined();
});

test('says that the keys cannot be had when the gateway never answered', async () => {
  await shut();
  await expect(gatewayKeys(url).find('first')).rejects.toMatchObject({
    code: 'action.unavailable',
    message: expect.stringContaining(`${url}/v1/keys`),
  });
  await open();
});

test('is not upset by a key of a kind that it does not know', async () => {
  published = {
    keys: [
      { kid: 'new', paserk: 'k9.public.AAAA' },
      { kid: 'first', paserk: first.paserk },
    ],
  };
  const keys = gatewayKeys(url);
  expect(await keys.find('first')).toBeDefined();
  expect(await keys.find('new')).toBeUndefined();
});

test('refuses a static key that is none, when it is configured', () => {
  expect(() => staticKeys([{ kid: 'x', paserk: first.secret }])).toThrow(/'x' is not a PASERK/);
});
