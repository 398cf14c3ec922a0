import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import type { Problem, Request } from '@guichet/contract';
import { freePort, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';
import { checkProblem } from './support/problems.ts';

/** Two gateways at work on a database server of our own, which is restarted under them. */
const lab = new Lab();
let dataDir: string;
let port: number;
let server: PostgresServer;
let gateways: TestGateway[];
beforeAll(async () => {
  dataDir = await temporaryDataDir();
  port = await freePort();
  server = await startPostgres({ dataDir, port });
  const databaseUrl = (await createDatabase(server.url)).url;
  gateways = [await startGateway({ lab, databaseUrl }), await startGateway({ lab, databaseUrl })];
});
afterAll(async () => {
  for (const gateway of gateways) await gateway.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});
beforeEach(() => {
  Object.assign(lab, { observation: 'unknown' });
  lab.effects.length = 0;
});

interface Load {
  /** Ids of requests that were answered; the key of each, and of those whose answer was another one. */
  readonly filed: Set<string>;
  readonly refusals: { readonly status: number; readonly body: Problem; readonly headers: Headers }[];
  stop(): Promise<unknown>;
}

/** Files requests at both gateways without a pause; one that is refused is sent again with its key until it is answered. */
function load(): Load {
  const filed = new Set<string>();
  const refusals: Load['refusals'] = [];
  let busy = true;
  const one = async (gateway: TestGateway): Promise<void> => {
    for (let key = randomUUID(); busy; ) {
      const submission = { action: 'lab.change', input: { target: key } };
      const { status, body, headers } = await gateway.submit('nadia', submission, { 'idempotency-key': key });
      if (status === 201) {
        filed.add((body as Request).id);
        key = randomUUID();
      } else refusals.push({ status, body, headers });
    }
  };
  const loops = Promise.all(gateways.flatMap((gateway) => [one(gateway), one(gateway)]));
  return {
    filed,
    refusals,
    stop: () => {
      busy = false;
      return loops;
    },
  };
}

test.each(['fast', 'immediate'] as const)(
  'PostgreSQL restarted (%s) under load: refused clearly meanwhile; then every request that was answered is done, once',
  async (mode) => {
    for (const gateway of gateways) await gateway.token('user:nadia');
    const { filed, refusals, stop } = load();
    await expect.poll(() => filed.size, { timeout: 20_000 }).toBeGreaterThan(10);
    await server.stop({ mode });
    await expect.poll(() => refusals.length, { timeout: 20_000 }).toBeGreaterThan(4);
    server = await startPostgres({ dataDir, port });
    const before = filed.size;
    await expect.poll(() => filed.size, { timeout: 20_000 }).toBeGreaterThan(before + 10);
    await stop();
    for (const { status, body, headers } of refusals) {
      expect(checkProblem(body, status)).toMatchObject({ code: 'database.unavailable', retryable: true });
      expect(headers.get('retry-after')).toBe('1');
    }
    // A run that was being sent as the database went away may have been lost; the lab knows what it has done.
    lab.observation = 'succeeded';
    const [first] = gateways;
    for (const id of filed) await first?.until(id, 'succeeded');
    expect(new Set(lab.effects).size).toBe(lab.effects.length);
    expect(lab.effects.length).toBeGreaterThanOrEqual(filed.size);
  },
  120_000,
);
