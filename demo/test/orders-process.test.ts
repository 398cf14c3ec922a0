import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type GrantClaims, Manifest, type Phase, Plan } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type GrantKey, generateGrantKey, signGrant } from '@guichet/sdk/grants';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/orders/main.ts', import.meta.url));

let folder: string;
let key: GrantKey;
let gateway: Server;
let service: ChildProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'orders-'));
  key = await generateGrantKey('key-1');
  gateway = createServer((_, response) => response.end(JSON.stringify({ keys: [{ kid: key.kid, paserk: key.paserk }] })));
  await once(gateway.listen(0, '127.0.0.1'), 'listening');
});
afterEach(() => service?.kill('SIGKILL'));
afterAll(async () => {
  gateway.close();
  gateway.closeAllConnections();
  await rm(folder, { recursive: true });
});

/** Starts the service as `npm start` does, and resolves with its address. */
async function start(): Promise<string> {
  // A server on a TCP port has an address of this shape.
  const { port } = gateway.address() as AddressInfo;
  const env = { ...process.env, ORDERS_PORT: '0', ORDERS_DATA: folder, GUICHET_URL: `http://127.0.0.1:${port}` };
  const child = spawn(process.execPath, [MAIN], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  service = child;
  for await (const line of createInterface({ input: child.stdout })) {
    const url = /serving on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('the service ended before it served');
}

async function call(url: string, phase: Phase, body: { input: Record<string, unknown>; seen?: unknown }, run: string | null) {
  const manifest = Manifest.parse(await (await fetch(`${url}/guichet/v1/manifest`)).json());
  const whole = { environment: 'production', ...body };
  const claims: GrantClaims = {
    jti: randomUUID(),
    iss: 'test',
    aud: 'orders',
    iat: new Date().toISOString(),
    exp: new Date(Date.now() + 60_000).toISOString(),
    phase,
    action: 'refund',
    version: manifest.actions.find(({ name }) => name === 'refund')?.version ?? '',
    environment: 'production',
    caller: { id: 'user:nadia', name: 'Nadia', teams: ['orders'] },
    approvers: [{ id: 'user:omar', name: 'Omar' }],
    request: run === null ? null : 'REQ-1',
    run,
    body: digestOf(whole),
  };
  return fetch(`${url}/guichet/v1/actions/refund/${phase}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${await signGrant(key, claims)}` },
    body: JSON.stringify(whole),
  });
}

test('a refund survives SIGKILL: the next process observes it, and counts it', async () => {
  const input = { order: 'A-1042', amount: 1250 };
  let url = await start();
  const plan = Plan.parse(await (await call(url, 'plan', { input }, null)).json());
  const run = randomUUID();
  const lines = (await (await call(url, 'run', { input, seen: plan.seen }, run)).text()).trim().split('\n');
  expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ type: 'result' });
  const killed = service && once(service, 'exit');
  service?.kill('SIGKILL');
  await killed;

  url = await start();
  expect(await (await call(url, 'observe', { input, seen: plan.seen }, run)).json()).toMatchObject({ status: 'succeeded' });
  expect(await (await call(url, 'plan', { input }, null)).json()).toMatchObject({
    warnings: ['12.50 EUR of this order was refunded before.'],
  });
});

test('stops on SIGTERM with exit code 0', async () => {
  await start();
  const ended = service && once(service, 'exit');
  service?.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
});

test('names what is missing in its environment, without a stack trace', async () => {
  const child = spawn(process.execPath, [MAIN], { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'pipe'] });
  const said = (await child.stderr.toArray()).join('');
  expect(said).toBe('orders: ORDERS_DATA is not set: name a folder for the refund ledger\n');
  if (child.exitCode === null) await once(child, 'exit');
  expect(child.exitCode).toBe(78);
});
