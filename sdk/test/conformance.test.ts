import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { generateGrantKey } from '../src/grants.ts';
import { serve, staticKeys } from '../src/index.ts';
import { conformance } from '../src/testing.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const shop = openShop();
const key = await generateGrantKey('key-1');
const silent = { info() {}, warn() {}, error() {} };
const dataDir = await mkdtemp(join(tmpdir(), 'guichet-conformance-'));
const server = await serve(shopProvider(shop), { port: 0, keys: staticKeys([key]), logger: silent, dataDir });
afterAll(async () => {
  await server.close();
  await rm(dataDir, { recursive: true, force: true });
});

const checks = conformance({
  baseUrl: server.url,
  key,
  read: { action: 'list', input: {} },
  write: { action: 'items.sell', input: { item: 'apple' } },
  options: { action: 'items.sell', input: { item: 'apple' }, field: 'item' },
  endless: { action: 'items.sell', input: { item: 'apple', mood: 'wait' }, stopped: async (run) => shop.aborted.includes(run) },
});

describe('a served provider', () => {
  for (const { title, run } of checks) test(title, run);
});

test('the kit finds a provider that answers every call with yes', async () => {
  const { createServer } = await import('node:http');
  const manifest = shopProvider(openShop()).manifest;
  const yes = createServer((request, response) => {
    request.resume();
    response.end(JSON.stringify(request.url === '/guichet/v1/manifest' ? manifest : {}));
  });
  await new Promise<void>((resolve) => yes.listen(0, '127.0.0.1', resolve));
  const address = yes.address();
  const baseUrl = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const failed: string[] = [];
  const sample = { action: 'items.sell', input: { item: 'apple' } };
  for (const { title, run } of conformance({
    baseUrl,
    key,
    read: { action: 'list', input: {} },
    write: sample,
    options: { ...sample, field: 'item' },
  })) {
    await run().catch(() => failed.push(title));
  }
  yes.closeAllConnections();
  yes.close();
  const passed = [
    'describes itself in a valid manifest with distinct names',
    'says that it is healthy',
    'reads the members of a body in any order',
    // It does not say that it signs, or keeps a ledger.
    'signs a receipt for a run, with the key of its manifest',
    'has each run in its ledger before it says how it ended',
    'shows its ledger for a grant of this very query alone',
  ];
  expect(failed).toEqual(
    checks.map(({ title }) => title).filter((title) => !passed.includes(title) && !title.startsWith('stops a run')),
  );
});
