import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient } from '@guichet/client';
import type { RequestEvent } from '@guichet/contract';
import { type Balancer, startBalancer } from '@guichet/demo';
import { freePort } from '@guichet/postgres-server';
import { gatewayKeys, type KeySource, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPANY, SEALING, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** Two gateways as processes behind a balancer. `aside` is never called by the load: it is for looking. */
const lab = new Lab();
let folder: string;
let provider: ProviderServer;
let aside: TestGateway;
let balancer: Balancer;
const replicas: { readonly port: number; process: GatewayProcess }[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-rolling-'));
  const keys: KeySource = { find: (kid) => source.find(kid) };
  provider = await serve(labProvider(lab), { port: 0, keys, logger: SILENT });
  aside = await startGateway({
    lab,
    mounted: 'none',
    config: { providers: [{ name: 'lab', url: provider.url }], worker: { enabled: false } },
  });
  const source = gatewayKeys(aside.app.url);
  for (let count = 0; count < 2; count++) {
    const port = await freePort();
    replicas.push({ port, process: await start(port) });
  }
  balancer = await startBalancer({ port: 0, gateways: replicas.map(({ process }) => process.url), checkMs: 50 });
}, 60_000);
afterAll(async () => {
  await balancer.close();
  for (const { process } of replicas) process.kill('SIGKILL');
  await aside.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

function start(port: number): Promise<GatewayProcess> {
  const config = {
    listen: { port, announceMs: 500 },
    company: COMPANY,
    database: { url: aside.databaseUrl },
    providers: [{ name: 'lab', url: provider.url }],
    sealing: { keyFromEnv: SEALING.variable },
    limits: { calls: { max: 100_000, per: '1m' } },
    poolSize: 6,
    worker: { tickMs: 200, leaseSeconds: 2 },
    logLevel: 'info',
  };
  return startGatewayProcess(folder, config, { [SEALING.variable]: SEALING.key });
}

test('all replicas are restarted under load: no call fails for a client that repeats, no run is lost, none is done twice', async () => {
  const clientOf = async (person: string) =>
    createClient({ baseUrl: balancer.url, token: await aside.token(`user:${person}`), retries: 8 });
  const [nadia, amine] = [await clientOf('nadia'), await clientOf('amine')];
  const over = new AbortController();
  const filed: string[] = [];
  const endsOfWatched: (RequestEvent['type'] | undefined)[] = [];
  let reads = 0;
  const submit = async (action: string): Promise<string> => {
    const body = { action, environment: 'staging', input: { target: 'alpha' }, reason: 'as the test asks' };
    const { id } = await nadia.call('requests.submit', { body, idempotencyKey: randomUUID() });
    filed.push(id);
    return id;
  };
  const until = async (work: () => Promise<unknown>): Promise<void> => {
    while (!over.signal.aborted) await work();
  };
  // Any rejection fails the test.
  const load = [
    until(() => submit('lab.change')),
    until(() => submit('lab.change')),
    until(async () => {
      reads += (await nadia.call('requests.list', { query: { limit: 5 } })).items.length;
    }),
    until(async () => {
      const id = await submit('lab.destroy');
      await amine.call('requests.approve', { params: { request: id }, body: {} });
      let last: RequestEvent | undefined;
      for await (const event of nadia.watch(id)) last = event;
      endsOfWatched.push(last?.type);
    }),
  ];
  const failed = Promise.all(load).then(
    () => undefined,
    (error: unknown) => error,
  );
  const served = (url: string) => () => balancer.ready().includes(url);
  for (const replica of replicas) {
    const { process } = replica;
    const before = filed.length;
    await expect.poll(() => filed.length, { timeout: 20_000 }).toBeGreaterThan(before + 5);
    process.kill('SIGTERM');
    expect(await process.exited).toBe(0);
    replica.process = await start(replica.port);
    await expect.poll(served(replica.process.url), { timeout: 20_000 }).toBe(true);
  }
  over.abort();
  expect(await failed).toBeUndefined();
  for (const id of filed) await aside.until(id, 'succeeded');
  expect([filed.length, new Set(filed).size, lab.effects.length, new Set(lab.effects).size]).toEqual(
    Array.from({ length: 4 }, () => filed.length),
  );
  expect(reads).toBeGreaterThan(0);
  expect(new Set(endsOfWatched)).toEqual(new Set(['request.succeeded']));
}, 120_000);
