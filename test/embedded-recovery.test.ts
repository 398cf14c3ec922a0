import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Request } from '@guichet/contract';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { expect, test } from 'vitest';
import { COMPANY, SEALING } from './support/gateway.ts';
import { startGatewayProcess } from './support/gateway-process.ts';

const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const MOUNTED = new URL('./support/mounted-lab.ts', import.meta.url).pathname;
const ENV = { [SEALING.variable]: SEALING.key };

test('a gateway and its embedded database that are killed at once come back with all that was answered', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'guichet-embedded-'));
  const dataDir = await temporaryDataDir();
  const config = {
    listen: { port: 0 },
    database: { embedded: { dataDir } },
    company: COMPANY,
    sealing: { keyFromEnv: SEALING.variable },
    providers: [{ name: 'lab', module: MOUNTED }],
    worker: { tickMs: 200, leaseSeconds: 2 },
  };
  const file = join(folder, 'issue.yaml');
  await writeFile(file, JSON.stringify(config));
  const issue = [MAIN, '--config', file, 'issue-token', 'user:nadia'];
  const token = (await promisify(execFile)(process.execPath, issue, { env: { ...process.env, ...ENV } })).stdout.trim();
  const call = (url: string, path: string, body?: unknown): Promise<Response> =>
    fetch(`${url}${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  const answered = new Set<string>();
  for (let round = 0; round < 2; round++) {
    const gateway = await startGatewayProcess(folder, config, ENV);
    for (const id of answered) expect((await call(gateway.url, `/v1/requests/${id}`)).status, id).toBe(200);
    const callers = Array.from({ length: 4 }, async (_, caller) => {
      for (;;) {
        const body = { action: 'lab.change', environment: 'staging', input: { target: `t-${caller}` } };
        const answer = await call(gateway.url, '/v1/requests', body).catch(() => undefined);
        const request = (await answer?.json().catch(() => undefined)) as Request | undefined; // as the route answers
        if (request === undefined) return;
        answered.add(request.id);
      }
    });
    const enough = answered.size + 20;
    while (answered.size < enough) await new Promise((resolve) => setTimeout(resolve, 10));
    gateway.kill('SIGKILL'); // its guard ends the database a moment later
    await gateway.exited;
    await Promise.all(callers);
  }

  const last = await startGatewayProcess(folder, config, ENV);
  for (const id of answered) expect((await call(last.url, `/v1/requests/${id}`)).status, id).toBe(200);
  last.kill('SIGTERM');
  expect(await last.exited).toBe(0);
  await rm(dataDir, { recursive: true, force: true });
  await rm(folder, { recursive: true, force: true });
}, 90_000);
