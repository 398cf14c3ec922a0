import { randomBytes } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import { createLogger, loadConfig, startApp } from '@guichet/gateway';
import { availableMajors, type Major } from '@guichet/postgres-server';
import pg from 'pg';
import { startAilments, startForgottenReport } from './ailments.ts';
import { type Instance, startInstance } from './estate.ts';
import { isFree } from './free-port.ts';
import { CLIENT_ID, CLIENT_SECRET, type GatewayConfigOptions, writeGatewayConfig } from './gateway-config.ts';
import { type IdentityProvider, startIdentityProvider } from './identity-provider.ts';
import { startOrders } from './orders-process.ts';
import { type DemoPerson, demoPeople, PASSWORD } from './people.ts';
import { writeProfiles } from './profiles.ts';
import { type Replica, startReplicas } from './replicas/gateways.ts';
import { replicasWelcome } from './replicas/welcome.ts';
import { startBlockedCheckout, startTraffic } from './traffic.ts';
import { welcome } from './welcome.ts';

export interface CompanyOptions {
  readonly home: string;
  readonly port: number;
  readonly ordersPort: number;
  /** Of the identity provider; the one after `port`, or another that is free, when undefined. */
  readonly identityPort: number | undefined;
  /** True when the data is not where ./guichet looks by itself. */
  readonly ownData: boolean;
  /** Ends the start early. */
  readonly signal: AbortSignal;
  /** Several gateways behind a balancer, instead of one in this process. */
  readonly replicas?: { readonly count: number; readonly databaseUrl: string | undefined } | undefined;
}

export interface RunningCompany {
  readonly url: string;
  readonly instances: readonly Instance[];
  stop(): Promise<void>;
}

/** Brings up the estate, its services and the gateway, says what to try, and gives back how to stop it all. */
export async function startCompany({
  home,
  port,
  ordersPort,
  identityPort,
  ownData,
  signal,
  replicas,
}: CompanyOptions): Promise<RunningCompany | undefined> {
  await refuseTakenPort(port, '--port');
  if (identityPort !== undefined) await refuseTakenPort(identityPort, '--identity-port');
  const closers: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0).reverse())
      await close().catch((error: unknown) => process.stderr.write(`while stopping: ${String(error)}\n`));
  };
  try {
    say('starting two PostgreSQL servers (production and staging)');
    const majors = availableMajors().filter((major) => major >= 14); // older ones lack the roles that the admin login has
    const started = async (wanted: Parameters<typeof startInstance>[1]): Promise<Instance> => {
      const instance = await startInstance(home, wanted);
      closers.push(() => instance.server.stop());
      return instance;
    };
    const instances = await Promise.all([
      started({ name: 'pg1', environment: 'production', owner: 'payments', major: 18 }),
      // As in many companies, not every server is of the same age. The smallest of a list of majors is a major.
      started({ name: 'pg2', environment: 'staging', owner: 'payments', major: Math.min(...majors) as Major, settings: STAGING }),
    ]);
    if (signal.aborted) return void (await stop());
    const ordersUrl = `http://127.0.0.1:${ordersPort}`;
    const orders = await startOrders({ home, port: ordersPort, gatewayUrl: `http://127.0.0.1:${port}`, signal });
    closers.push(() => orders.stop());
    say('starting the identity provider and the gateway');
    const people = demoPeople();
    const secret = randomBytes(32).toString('base64url');
    const identity = await startAccounts({ people, secret, gatewayPort: port, port: identityPort });
    closers.push(() => identity.close());
    const { issuer } = identity;
    const world = { home, ordersUrl, issuer, instances };
    const gateway = await startGateways({ ...world, port, secret, signal, replicas });
    closers.push(gateway.stop);
    const { url } = gateway;
    const profiles = await writeProfiles(home, { url, people: people.map(({ name }) => name) });
    closers.push(startLife(instances));
    const blocker = await blockerOf(instances);
    const shown = { url, issuer, people, blocker, profiles: ownData ? profiles : undefined };
    process.stdout.write(
      gateway.replicas === undefined
        ? welcome(shown)
        : replicasWelcome({ ...shown, gateways: gateway.replicas, orders: orders.pid() }),
    );
    return { url, instances, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What somebody has tried out there, and left. */
const STAGING = { synchronous_commit: 'off', work_mem: '1MB' };

type GatewaysOptions = Pick<CompanyOptions, 'home' | 'port' | 'signal' | 'replicas'> &
  Omit<GatewayConfigOptions, 'replica'> & { readonly secret: string };

/** The gateway, in this process; or several of them, each a process, behind a balancer. */
async function startGateways({
  replicas,
  secret,
  ...options
}: GatewaysOptions): Promise<{ url: string; replicas?: readonly Replica[]; stop: () => Promise<void> }> {
  const { home, port, signal } = options;
  if (replicas === undefined) {
    const path = await writeGatewayConfig(options);
    const config = loadConfig(path, { ...process.env, [CLIENT_SECRET]: secret });
    const app = await startApp(config, { logger: createLogger(config.logLevel, { forPeople: true }) });
    return { url: app.url, stop: () => app.close() };
  }
  const { url, gateways, stop } = await startReplicas({
    home,
    port,
    signal,
    ...replicas,
    clientSecret: secret,
    configure: ({ port: own, ...replica }) => writeGatewayConfig({ ...options, port: own, replica }),
  });
  return { url, replicas: gateways, stop };
}

/** Traffic on all servers, a blocked checkout and what else is wrong in production, a forgotten report in staging; the returned function ends both. */
function startLife(instances: readonly Instance[]): () => Promise<unknown> {
  const quiet = new AbortController();
  const sessions = instances.flatMap((instance) => [
    ...startTraffic(instance, { sessions: 3, signal: quiet.signal }),
    ...(instance.environment === 'production'
      ? [...startBlockedCheckout(instance, quiet.signal), ...startAilments(instance, quiet.signal)]
      : [startForgottenReport(instance, quiet.signal)]),
  ]);
  return () => {
    quiet.abort();
    return Promise.all(sessions);
  };
}

/** The pid of the migration that blocks production, once somebody waits for it. */
async function blockerOf(instances: readonly Instance[]): Promise<number | undefined> {
  const production = instances.find(({ environment }) => environment === 'production');
  const client = new pg.Client({ connectionString: production?.server.url });
  await client.connect();
  try {
    for (let tries = 0; tries < 50; tries++) {
      const { rows } = await client.query<{ pid: number; waiting: number }>(
        `select a.pid, (select count(*)::int from pg_stat_activity w where w.wait_event_type = 'Lock' and a.pid = any (pg_blocking_pids(w.pid))) as waiting
         from pg_stat_activity a where a.application_name = 'orders-migration'`,
      );
      const found = rows.find(({ waiting }) => waiting >= 1);
      if (found !== undefined) return found.pid;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    return undefined;
  } finally {
    await client.end();
  }
}

interface Accounts {
  readonly people: readonly DemoPerson[];
  readonly secret: string;
  readonly gatewayPort: number;
  readonly port: number | undefined;
}

/** The identity provider of the company, with the gateway as its one client. */
async function startAccounts({ people, secret, gatewayPort, port }: Accounts): Promise<IdentityProvider> {
  const next = gatewayPort < 65_535 && (await isFree(gatewayPort + 1)) ? gatewayPort + 1 : 0;
  const gateway = `http://127.0.0.1:${gatewayPort}`;
  const client = {
    clientId: CLIENT_ID,
    clientSecret: secret,
    clientName: 'Guichet',
    redirectUris: [`${gateway}/v1/auth/callback`],
    postLogoutRedirectUris: [`${gateway}/`],
  };
  return startIdentityProvider({
    port: port ?? next,
    clients: [client],
    people,
    hint: `This is a demo: everybody's password is '${PASSWORD}'.`,
  });
}

async function refuseTakenPort(port: number, flag: string): Promise<void> {
  if (await isFree(port)) return;
  throw new GuichetError('config.invalid', `Port ${port} is taken.`, {
    remedy: `Is Guichet running already? Stop it, or choose another port: npm start -- ${flag} ${Math.min(port + 100, 65_535)}`,
  });
}

function say(text: string): void {
  process.stdout.write(`· ${text}\n`);
}
