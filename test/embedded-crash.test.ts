import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { createClient } from '@guichet/client';
import { freePort } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { gatewayKeys, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { COMPANY, SEALING, SILENT } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** A gateway with the PostgreSQL that it brings along, both of which are killed in the middle of writes. */
const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const env = { [SEALING.variable]: SEALING.key };
let folder: string;
let dataDir: string;
let config: Record<string, unknown>;
let provider: ProviderServer;
let gateway: GatewayProcess;
let token: string;

beforeAll(async () => {
  folder = await temporaryDataDir();
  dataDir = join(folder, 'db');
  const port = await freePort();
  provider = await serve(labProvider(new Lab()), { port: 0, keys: gatewayKeys(`http://127.0.0.1:${port}`), logger: SILENT });
  config = {
    listen: { port },
    company: COMPANY,
    database: { embedded: { dataDir } },
    providers: [{ name: 'lab', url: provider.url }],
    sealing: { keyFromEnv: SEALING.variable },
    limits: { calls: { max: 100_000, per: '1m' } },
    worker: { enabled: false },
    poolSize: 8,
  };
  const file = join(folder, 'operator.yaml');
  await writeFile(file, JSON.stringify(config));
  const issue = [MAIN, '--config', file, 'issue-token', 'user:nadia'];
  token = (await promisify(execFile)(process.execPath, issue, { env: { ...process.env, ...env } })).stdout.trim();
  gateway = await startGatewayProcess(folder, config, env);
}, 60_000);
afterAll(async () => {
  gateway.kill('SIGTERM');
  await gateway.exited;
  await provider.close();
  await rm(folder, { recursive: true, force: true });
});

const postmaster = (): number => Number(readFileSync(join(dataDir, 'postmaster.pid'), 'utf8').split('\n')[0]);
const client = (retries = 0) => createClient({ baseUrl: gateway.url, token, retries });

/** Files requests over several connections; `filed` has those that were answered. Resolves when none can be filed any more. */
function load(filed: string[]): Promise<unknown> {
  const { call } = client();
  const one = async (): Promise<void> => {
    for (;;) {
      const body = { action: 'lab.change', environment: 'staging', input: { target: randomUUID() } };
      filed.push((await call('requests.submit', { body, idempotencyKey: randomUUID() })).id);
    }
  };
  return Promise.allSettled([one(), one(), one(), one()]);
}

/** All that was answered is there, with its first line in the audit log. */
async function expectAllThere(filed: readonly string[]): Promise<void> {
  const { call } = client(8);
  for (const id of filed) {
    expect((await call('requests.show', { params: { request: id } })).state).toBe('queued');
    const { items } = await call('audit.list', { query: { request: id, type: 'request.submitted' } });
    expect(items).toHaveLength(1);
  }
}

test('gateway and database killed in the middle of writes: started again, every request that was answered is there', async () => {
  const filed: string[] = [];
  const loaded = load(filed);
  await expect.poll(() => filed.length, { timeout: 20_000 }).toBeGreaterThan(20);
  process.kill(postmaster(), 'SIGKILL');
  gateway.kill('SIGKILL');
  await gateway.exited;
  await loaded;
  gateway = await startGatewayProcess(folder, config, env);
  await expectAllThere(filed);
}, 60_000);

test('the database alone killed in the middle of writes: it is started again under the gateway, which loses nothing', async () => {
  const filed: string[] = [];
  const loaded = load(filed);
  await expect.poll(() => filed.length, { timeout: 20_000 }).toBeGreaterThan(20);
  const killed = postmaster();
  process.kill(killed, 'SIGKILL');
  await loaded;
  await expect.poll(() => fetch(`${gateway.url}/readyz`).then(({ status }) => status), { timeout: 30_000 }).toBe(200);
  expect(postmaster()).not.toBe(killed);
  await expectAllThere(filed);
}, 60_000);
