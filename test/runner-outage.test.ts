import { rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { freePort, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { readEvents, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

/** A database server of our own, that is stopped and started under two gateways. */
let dataDir: string;
let port: number;
let server: PostgresServer;
let databaseUrl: string;
let one: TestGateway;
let two: TestGateway;
const lab = new Lab();
/** Renews its leases late, but in time. */
const SLOW = { tickMs: 1000, leaseSeconds: 2, graceMs: 500, drainMs: 2000 };
const heard: string[] = [];
const receiver = createServer((request, response) => {
  request.setEncoding('utf8').on('data', (text: string) => {
    const { event, request: about } = JSON.parse(text) as { event: { type: string }; request: { id: string } };
    heard.push(`${about.id} ${event.type}`);
  });
  request.on('end', () => response.writeHead(204).end());
});

beforeAll(async () => {
  dataDir = await temporaryDataDir();
  port = await freePort();
  await startDatabase();
  databaseUrl = (await createDatabase(server.url)).url;
  await new Promise<void>((done) => receiver.listen(0, '127.0.0.1', done));
  const { port: hookPort } = receiver.address() as AddressInfo; // it listens on TCP
  const config = {
    windows: { approval: '5s', start: '60s' },
    webhooks: [{ name: 'chat', url: `http://127.0.0.1:${hookPort}/`, events: ['request.succeeded', 'request.expired'] }],
  };
  one = await startGateway({ lab, databaseUrl, config: { ...config, worker: SLOW } });
  two = await startGateway({ lab, databaseUrl, config: { ...config, worker: { enabled: false } } });
});
afterAll(async () => {
  await two.close();
  await one.close();
  receiver.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(lab, { mode: 'succeed', planning: 'succeed', observation: 'unknown' });
  lab.effects.length = 0;
  lab.entries.length = 0;
});

async function startDatabase(): Promise<void> {
  server = await startPostgres({ dataDir, port });
}
const seconds = (count: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, count * 1000));
const submit = (action = 'lab.change') => one.submit('nadia', { action, reason: 'in the way' });

/** Calls until the gateway is served by its database again. */
async function untilServed(): Promise<void> {
  await expect.poll(async () => (await one.call('nadia', 'GET', '/v1/me')).status, { timeout: 15_000 }).toBe(200);
}

test('while the database is away everything is refused clearly; afterwards all of it comes back by itself', async () => {
  const { body: before } = await submit();
  await one.until(before.id, 'succeeded');
  await server.stop();
  for (const [method, path, body] of [
    ['POST', '/v1/requests', { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } }],
    ['POST', `/v1/requests/${before.id}/cancel`, {}],
    ['POST', '/v1/actions/lab.look/read', { environment: 'staging' }],
    ['GET', '/v1/requests', undefined],
  ] as const) {
    const answer = await one.call('nadia', method, path, body === undefined ? {} : { body });
    expect([path, answer.status, answer.body['code']]).toEqual([path, 503, 'database.unavailable']);
  }
  expect((await fetch(`${one.app.url}/readyz`)).status).toBe(503);
  await startDatabase();
  await untilServed();

  // Requests are filed and run again.
  const { body: after } = await submit();
  await one.until(after.id, 'succeeded');
  expect(lab.effects).toHaveLength(2);

  // The second gateway hears of what the first does, as it happens: a stream of events is only ever woken by NOTIFY.
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const { body: watched } = await submit();
  await entry;
  const watching = readEvents(two, watched.id);
  lab.release();
  expect((await watching).at(-1)?.type).toBe('request.succeeded');

  // Timers ring and deliveries go out: pg-boss is back.
  lab.mode = 'succeed';
  const { body: expiring } = await submit('lab.destroy');
  await one.until(expiring.id, 'expired');
  await expect
    .poll(() => heard, { timeout: 20_000 })
    .toEqual(expect.arrayContaining([`${after.id} request.succeeded`, `${expiring.id} request.expired`]));
}, 90_000);

test('a run that ends while the database is away has succeeded when it is back, with every line it said', async () => {
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const { body } = await submit();
  await entry;
  await server.stop();
  lab.release();
  await expect.poll(() => lab.effects.length).toBe(1);
  await seconds(1);
  await startDatabase();
  await untilServed();
  const ended = await one.until(body.id, 'succeeded');
  expect(ended.run?.attempt).toBe(1);
  const types = (await readEvents(one, body.id)).map(({ type }) => type);
  expect(types.slice(-3)).toEqual(['run.progress', 'run.log', 'request.succeeded']);
  expect(lab.effects).toHaveLength(1);
}, 60_000);

test('an outage longer than the lease buries nobody who lives', async () => {
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const { body } = await submit();
  await entry;
  // It looks for the dead long before the living have renewed.
  const third = await startGateway({ lab, databaseUrl, config: { worker: { ...SLOW, tickMs: 100 } } });
  try {
    await server.stop({ mode: 'immediate' });
    await seconds(4); // the lease is 2 s
    await startDatabase();
    await untilServed();
    await seconds(3);
    expect((await one.until(body.id, 'running')).run?.attempt).toBe(1);
    lab.release();
    await one.until(body.id, 'succeeded');
    expect(lab.effects).toHaveLength(1);
    expect((await readEvents(one, body.id)).map(({ type }) => type)).not.toContain('request.lost');
  } finally {
    await third.close();
  }
}, 60_000);

test('a gateway that is stopped while the database is away stops all the same, and leaves its run to others', async () => {
  const stopped = await startGateway({
    lab,
    databaseUrl,
    config: { worker: { tickMs: 200, leaseSeconds: 2, graceMs: 300, drainMs: 500 } },
  });
  lab.mode = 'hang';
  // It alone may take the run.
  await one.close();
  const entry = lab.nextEntry();
  const { body } = await stopped.submit('nadia', { action: 'lab.change' });
  await entry;
  await server.stop();
  await stopped.close();
  await startDatabase();
  lab.observation = 'succeeded';
  one = await startGateway({ lab, databaseUrl });
  await one.until(body.id, 'succeeded');
  const [row] = await sql<{ count: number }>(
    databaseUrl,
    `select count(*)::int as count from audit_events where request = $1 and type = 'request.lost'`,
    [body.id.slice(4)],
  );
  expect(row?.count).toBe(1);
}, 60_000);
