import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RequestEvent } from '@guichet/contract';
import { gatewayKeys, type KeySource, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { COMPANY, readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** `front` takes calls in this process and runs nothing; gateways that run are processes; the provider is on the network. */
let front: TestGateway;
let provider: ProviderServer;
let folder: string;
const lab = new Lab();
const processes: GatewayProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-processes-'));
  // The provider is there before the gateway whose keys it trusts.
  const keys: KeySource = { find: (kid) => source.find(kid) };
  provider = await serve(labProvider(lab), { port: 0, keys, logger: SILENT });
  const config = { ...shared(), worker: { enabled: false } };
  front = await startGateway({ lab, mounted: 'none', config });
  const source = gatewayKeys(front.app.url);
});
afterAll(async () => {
  await front.close();
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(lab, { mode: 'succeed', planning: 'succeed', observation: 'unknown' });
  lab.effects.length = 0;
  lab.entries.length = 0;
});
afterEach(async () => {
  for (const each of processes.splice(0)) {
    each.kill('SIGKILL');
    await each.exited;
  }
});

const shared = () => ({
  providers: [{ name: 'lab', url: provider.url }],
  sealing: { keyFile: join(folder, 'sealing.key') },
});

/** A gateway with the settings that it has when nobody sets any. */
async function start(): Promise<GatewayProcess> {
  const config = { ...shared(), listen: { port: 0 }, company: COMPANY, database: { url: front.databaseUrl } };
  const started = await startGatewayProcess(folder, config);
  processes.push(started);
  return started;
}

async function enteredOn(gateway: GatewayProcess): Promise<string> {
  const entry = lab.nextEntry();
  const { body } = await front.submit('nadia', { action: 'lab.change' });
  await entry;
  expect((await front.until(body.id, 'running')).run?.worker).toBe(gateway.worker);
  return body.id;
}

const eventsOf = (id: string, enough?: (event: RequestEvent) => boolean): Promise<RequestEvent[]> =>
  readEvents(front, id, enough === undefined ? {} : { enough });

test('a gateway killed with SIGKILL while it runs something: another notices, and the run is settled by what was done', async () => {
  lab.mode = 'hang';
  lab.observation = 'succeeded';
  const killed = await start();
  const id = await enteredOn(killed);
  const survivor = await start();
  killed.kill('SIGKILL');
  const events = await eventsOf(id);
  const lost = events.find(({ type }) => type === 'request.lost');
  expect(lost?.data['message']).toContain(killed.worker);
  expect(events.slice(-2).map(({ type }) => type)).toEqual(['request.settled', 'request.succeeded']);
  expect(lab.entries).toHaveLength(1);
  survivor.kill('SIGTERM');
  expect(await survivor.exited).toBe(0);
});

test('a gateway killed before it called the provider: the run is taken up by another, and done once', async () => {
  const killed = await start();
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  lab.planning = 'hang';
  const planning = lab.nextPlan();
  await front.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  await planning;
  killed.kill('SIGKILL');
  await killed.exited;
  lab.planning = 'succeed';
  await start();
  const ended = await front.until(body.id, 'succeeded');
  expect(ended.run?.attempt).toBe(2);
  expect(lab.effects).toEqual([ended.run?.id]);
});

test('SIGTERM lets what runs come to its end; what waits is done by the next gateway; nothing is lost, nothing is twice', async () => {
  lab.mode = 'hang';
  const stopped = await start();
  const running = await enteredOn(stopped);
  stopped.kill('SIGTERM');
  // It takes nothing new from the moment that it drains.
  await expect.poll(() => fetch(`${stopped.url}/healthz`).then(String, () => 'closed')).toBe('closed');
  const { body: waiting } = await front.submit('nadia', { action: 'lab.change' });
  lab.mode = 'succeed';
  lab.release();
  expect(await stopped.exited).toBe(0);
  expect((await front.until(running, 'succeeded')).run?.attempt).toBe(1);
  expect((await front.until(waiting.id, 'queued')).run).toBeNull();
  await start();
  await front.until(waiting.id, 'succeeded');
  expect(lab.effects).toHaveLength(2);
  expect(new Set(lab.effects).size).toBe(2);
});
