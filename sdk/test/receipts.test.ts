import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ProviderEndpoint, ReceiptClaims, type RunMessage, SuccessionClaims } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import { ImportPublicKeyFactory, VerifyFactory } from 'paseto/v4/public';
import { afterEach, expect, test } from 'vitest';
import { generateGrantKey } from '../src/grants.ts';
import { generateReceiptKey, rotateReceiptKey } from '../src/index.ts';
import { callOf, collect } from './calls.ts';
import { remoteEndpoint } from './remote-endpoint.ts';
import { openShop, shopProvider } from './shop-provider.ts';

const SCRIPT = fileURLToPath(new URL('./serve-shop.ts', import.meta.url));
const silent = { info() {}, warn() {}, error() {} };
const sell = { input: { item: 'apple' }, seen: { stock: 3 } };
const v4 = new PublicProtocol(VerifyFactory, ImportPublicKeyFactory);
const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-receipts-'));
  folders.push(folder);
  return folder;
}

async function verified(token: string | undefined, paserk: string | undefined): Promise<unknown> {
  const key = await v4.ImportPublicKey(paserk as `k4.public.${string}`);
  return (await v4.Verify(key, token ?? '', { allowNonExpiring: true })).claims;
}

const receiptOf = (messages: readonly RunMessage[]): string | undefined => {
  const last = messages.at(-1);
  return last?.type === 'result' || last?.type === 'failure' ? last.receipt : undefined;
};

const observe = (endpoint: ProviderEndpoint, run: string | null) =>
  endpoint.observe(callOf(shopProvider(openShop()), 'observe', 'items.sell', { body: sell, grant: { run } }));

test('signs a receipt for the grant of each write, whatever came of it', async () => {
  const provider = shopProvider(openShop());
  const endpoint = provider.endpoint({ dataDir: await newFolder(), logger: silent });
  const { receipts } = await endpoint.manifest();
  for (const mood of [undefined, 'permanent'] as const) {
    const call = callOf(provider, 'run', 'items.sell', { body: { ...sell, input: { item: 'apple', ...(mood && { mood }) } } });
    const messages = await collect(endpoint.run(call));
    const last = messages.at(-1);
    const result = last?.type === 'result' ? last.output : last?.type === 'failure' ? last.failure : undefined;
    const claims = ReceiptClaims.parse(await verified(receiptOf(messages), receipts?.paserk));
    expect(claims).toMatchObject({
      provider: 'shop',
      grant: call.grant.jti,
      run: call.grant.run,
      request: 'REQ-7',
      action: 'items.sell',
      input: digestOf(call.body.input),
      status: mood === undefined ? 'succeeded' : 'failed',
      result: digestOf(result),
    });
  }
});

test('answers observe from its ledger, also after a restart, with the receipt that was signed', async () => {
  const dataDir = await newFolder();
  const provider = shopProvider(openShop());
  const endpoint = provider.endpoint({ dataDir, logger: silent });
  const call = callOf(provider, 'run', 'items.sell', { body: sell });
  const messages = await collect(endpoint.run(call));
  // Another shop: its own handler of observe knows nothing of the run.
  const later = shopProvider(openShop()).endpoint({ dataDir, logger: silent });
  const observed = await observe(later, call.grant.run);
  expect(observed).toMatchObject({ status: 'succeeded', output: { summary: 'sold' }, receipt: receiptOf(messages) });
  await expect(collect(later.run(call))).rejects.toMatchObject({ code: 'grant.used' });
});

test('makes its key at the first start, for its own account alone, and keeps it', async () => {
  const dataDir = await newFolder();
  const provider = shopProvider(openShop());
  const both = await Promise.all([provider.endpoint({ dataDir }).manifest(), provider.endpoint({ dataDir }).manifest()]);
  expect(both[0]?.receipts).toEqual(both[1]?.receipts);
  expect((await stat(join(dataDir, 'receipt-key.json'))).mode & 0o777).toBe(0o600);
  await writeFile(join(dataDir, 'receipt-key.json'), 'k4.secret.hunter2');
  const broken = provider.endpoint({ dataDir }).manifest();
  await expect(broken).rejects.toMatchObject({ code: 'config.invalid', message: expect.not.stringContaining('hunter2') });
});

test('signs with a key that is given, and with none where it has nowhere to keep one', async () => {
  const provider = shopProvider(openShop());
  expect((await provider.endpoint().manifest()).receipts).toBeUndefined();
  expect((await provider.endpoint().manifest()).ledger).toBeUndefined();
  const [secret, next] = [await generateReceiptKey(), await generateReceiptKey()];
  const first = (await provider.endpoint({ receiptKey: secret }).manifest()).receipts;
  const second = (await provider.endpoint({ receiptKey: { secret: next, formerly: [secret] } }).manifest()).receipts;
  const announced = SuccessionClaims.parse(await verified(second?.successions?.[0], first?.paserk));
  expect(announced).toMatchObject({ provider: 'shop', kid: second?.kid, paserk: second?.paserk });
  expect(() => provider.endpoint({ receiptKey: 'k4.secret.no' })).toThrow(/PASERK/);
});

test('a new key in the folder is announced by the one before it', async () => {
  const dataDir = await newFolder();
  const provider = shopProvider(openShop());
  const before = (await provider.endpoint({ dataDir }).manifest()).receipts;
  const { kid } = await rotateReceiptKey(dataDir, 'shop');
  const after = (await provider.endpoint({ dataDir }).manifest()).receipts;
  expect(after).toMatchObject({ kid });
  expect(await verified(after?.successions?.[0], before?.paserk)).toMatchObject({ kid, paserk: after?.paserk });
});

test('a provider killed between intent and effect says that nothing was done, and the run never happens', async () => {
  const { dataDir, call } = await killedWhile({ mood: 'wait', at: 'log' });
  const endpoint = shopProvider(openShop()).endpoint({ dataDir, logger: silent });
  const query = { since: '2020-01-01T00:00:00Z' };
  const grant = { ...call.grant, phase: 'ledger', action: '*', body: digestOf(query) } as const;
  const listed = () => endpoint.ledger?.({ query, grant, signal: call.signal });
  expect((await listed())?.entries).toMatchObject([{ grant: call.grant.jti, status: 'started', receipt: null }]);
  await expect(collect(endpoint.run(call))).rejects.toMatchObject({ code: 'grant.used' });
  expect(await observe(endpoint, call.grant.run)).toEqual({ status: 'not_started' });
  expect((await listed())?.entries).toMatchObject([{ status: 'not_started' }]);
});

test('of a run whose process may live where it cannot be seen nobody is told that it has not started', async () => {
  const { dataDir, call } = await killedWhile({ mood: 'wait', at: 'log' });
  const folder = join(dataDir, 'ledger');
  const path = join(folder, (await readdir(folder)).find((name) => name.endsWith('.jsonl')) ?? '');
  const line = JSON.parse(await readFile(path, 'utf8'));
  // As if another container had begun it, an hour ago, whose process had the number that this one has.
  const by = { ...line.by, pid: process.pid, born: { boot: 'another', space: 'pid:[1]', at: '1' } };
  const intent = { ...line.intent, deadlineAt: new Date(Date.now() - 3_600_000).toISOString() };
  await writeFile(path, `\n${JSON.stringify({ ...line, by, intent })}\n`);
  const shop = openShop();
  const endpoint = shopProvider(shop).endpoint({ dataDir, logger: silent });
  expect(await observe(endpoint, call.grant.run)).toMatchObject({
    status: 'unknown',
    message: expect.stringContaining('cannot be told'),
  });
  shop.runs.push(call.grant.run ?? ''); // it was on its way
  expect(await observe(endpoint, call.grant.run)).toMatchObject({ status: 'succeeded' });
});

test('a provider killed between effect and outcome signs the receipt when its author sees the effect', async () => {
  const { dataDir, call } = await killedWhile({ at: 'effect' });
  const shop = openShop();
  shop.runs.push(call.grant.run ?? ''); // what the author finds where the effect is
  const endpoint = shopProvider(shop).endpoint({ dataDir, logger: silent });
  const observed = await observe(endpoint, call.grant.run);
  expect(observed).toMatchObject({ status: 'succeeded' });
  const receipt = observed.status === 'succeeded' ? observed.receipt : undefined;
  const claims = await verified(receipt, (await endpoint.manifest()).receipts?.paserk);
  expect(claims).toMatchObject({ grant: call.grant.jti, run: call.grant.run, status: 'succeeded' });
});

/** A run in a process that is killed in the middle of it. */
async function killedWhile({ mood, at }: { mood?: string; at: 'log' | 'effect' }) {
  const dataDir = await newFolder();
  const key = await generateGrantKey('key-1');
  const child = spawn(process.execPath, [SCRIPT], {
    env: { ...process.env, KEY: JSON.stringify(key), DATA: dataDir, ...(at === 'effect' && { HANG: 'yes' }) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const url = (await lines.next()).value ?? '';
  const input = { item: 'apple', ...(mood !== undefined && { mood }) };
  const body = { ...sell, input };
  const call = callOf(shopProvider(openShop()), 'run', 'items.sell', { body, grant: { run: randomUUID() } });
  const listening = (async () => {
    for await (const message of remoteEndpoint(url, key).run(call))
      if (at === 'log' && message.type === 'log') child.kill('SIGKILL');
  })();
  if (at === 'effect') {
    expect((await lines.next()).value).toBe('sold');
    child.kill('SIGKILL');
  }
  await expect(listening).rejects.toThrow(/terminated/);
  return { dataDir, call };
}
