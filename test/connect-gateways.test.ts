import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Balancer, startBalancer } from '@guichet/demo';
import { createPostgresProvider } from '@guichet/provider-postgres';
import { gatewayKeys, type KeySource, type ProviderServer, serve } from '@guichet/sdk';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CommandLine, commandLine, waitFor } from './support/command-line.ts';
import { COMPANY, SEALING, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { type OrdersServer, startOrdersServer } from './support/orders-server.ts';

let folder: string;
let orders: OrdersServer;
let provider: ReturnType<typeof createPostgresProvider>;
let server: ProviderServer;
/** Asked by nobody but this test. */
let aside: TestGateway;
let balancer: Balancer;
let cli: CommandLine;
const replicas: GatewayProcess[] = [];

/** Two gateways as processes behind a balancer, the provider on the network, and the real command line. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gateways-'));
  orders = await startOrdersServer();
  provider = createPostgresProvider({ instances: [orders.instance as never] }); // what it is, the provider checks
  const keys: KeySource = { find: (kid) => source.find(kid) };
  server = await serve(provider, { port: 0, keys, logger: SILENT });
  const providers = [{ name: 'postgres', url: server.url }];
  aside = await startGateway({ mounted: 'none', config: { providers, worker: { enabled: false } } });
  const source = gatewayKeys(aside.app.url);
  const config = {
    ...{ listen: { port: 0, announceMs: 0 }, company: COMPANY, database: { url: aside.databaseUrl }, providers },
    ...{ sealing: { keyFromEnv: SEALING.variable }, poolSize: 6, worker: { tickMs: 200, leaseSeconds: 2 }, logLevel: 'info' },
  };
  for (let count = 0; count < 2; count++)
    replicas.push(await startGatewayProcess(folder, config, { [SEALING.variable]: SEALING.key }));
  balancer = await startBalancer({ port: 0, gateways: replicas.map(({ url }) => url), checkMs: 50 });
  cli = await commandLine();
  const profile = { gateway: balancer.url, token: await aside.token('user:nadia'), principal: 'user:nadia' };
  await writeFile(cli.config, JSON.stringify({ current: 'nadia', profiles: { nadia: profile } }), { mode: 0o600 });
}, 90_000);
afterAll(async () => {
  await cli.close();
  await balancer.close();
  for (const replica of replicas) replica.kill('SIGKILL');
  await aside.close();
  await server.close();
  await provider.close();
  await orders[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

async function query(address: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: address });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

/** Roles that somebody could sign in as at this moment. */
const usable = () =>
  orders.sql<{ rolname: string }>(
    "select rolname from pg_roles where rolname like 'guichet\\_lease\\_%' and rolcanlogin and rolvaliduntil > now()",
  );

test('a connection goes on when its gateway is killed, and nothing usable is left when there is no other', async () => {
  const { child, said, finished } = cli.start(
    'postgres connect --instance pg1 --database orders --env staging --no-open'.split(' '),
  );
  await waitFor(() => /^postgres:\S+$/m.test(said()), said);
  const address = /^postgres:\S+$/m.exec(said())?.[0] ?? '';
  const id = /REQ-\d+/.exec(said())?.[0] ?? '';
  expect(await query(address, 'select count(*)::int as count from customers')).toEqual([{ count: 100 }]);
  const [row] = await holders();
  const first = replicas.find(({ worker }) => worker === row?.gateway) ?? replicas[0];
  const second = replicas.find((replica) => replica !== first);
  await killed(first);
  await waitFor(() => said().includes('Connected again.'), said);
  expect(await query(address, 'select 1 as one')).toEqual([{ one: 1 }]);
  expect(await usable()).toHaveLength(1);
  expect((await holders()).some(({ gateway }) => gateway === second?.worker)).toBe(true);

  await killed(second);
  // The promise is 60 seconds.
  await expect.poll(usable, { timeout: 60_000, interval: 250 }).toEqual([]);
  await expect(query(address, 'select 1')).rejects.toThrow();
  await expect.poll(() => orders.leases(), { timeout: 60_000, interval: 250 }).toEqual([]);
  expect((await finished).code).toBe(7);
  expect(said()).toContain('What was open has been ended.');
  expect(child.exitCode).toBe(7);
  expect(id).toMatch(/^REQ-/);
}, 180_000);

async function killed(replica: GatewayProcess | undefined): Promise<void> {
  replica?.kill('SIGKILL');
  await replica?.exited;
}

/** The gateways that have a hold. */
async function holders(): Promise<{ gateway: string }[]> {
  const client = new pg.Client({ connectionString: aside.databaseUrl });
  await client.connect();
  const { rows } = await client.query<{ gateway: string }>('select gateway from tunnels where hold order by opened_at');
  await client.end();
  return rows;
}
