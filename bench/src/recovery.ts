import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { freePort, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { createDatabase, temporaryDataDir } from '@guichet/postgres-server/testing';
import { type BenchGateway, startGateway } from './gateway.ts';
import { nowMs, type Result, round } from './statistics.ts';

const KILLS = 5;
const RESTARTS = 3;
const POLL_MS = 10;
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** How long a killed gateway is not noticed, and how long all is not well after the database is back. On a server of its own. */
export async function benchRecovery(_databaseUrl: string): Promise<Result[]> {
  const dataDir = await temporaryDataDir();
  const port = await freePort();
  const start = (): Promise<PostgresServer> => startPostgres({ dataDir, port });
  let server = await start();
  const { url } = await createDatabase(server.url);
  try {
    const detected = await killGateways(url);
    const back: number[] = [];
    const gateways = [await startGateway(url, { worker: true }), await startGateway(url, { worker: true })];
    for (let index = 0; index < RESTARTS * 2; index++) {
      const load = loadOn(gateways);
      await wait(500);
      await server.stop({ mode: index % 2 === 0 ? 'fast' : 'immediate' });
      await wait(1500);
      server = await start();
      back.push(await untilWell(gateways, `after-${index}`));
      await load.stop();
    }
    for (const gateway of gateways) await gateway.close();
    const worst = (values: readonly number[]): number => round(Math.max(...values) / 1000);
    return [
      {
        name: `a gateway killed while it runs something, ${KILLS} times: until its run is unknown`,
        figures: { 'min s': round(Math.min(...detected) / 1000), 'max s': worst(detected) },
        bound: 'at most 10 s',
        holds: worst(detected) <= 10,
      },
      {
        name: `PostgreSQL stopped under load and started again, ${RESTARTS} times fast, ${RESTARTS} times immediate: until calls, runs and watching at another gateway work`,
        figures: { 'min s': round(Math.min(...back) / 1000), 'max s': worst(back) },
        bound: 'at most 5 s after it takes connections',
        holds: worst(back) <= 5,
      },
    ];
  } finally {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** How long each kill was not noticed, in ms. */
async function killGateways(url: string): Promise<number[]> {
  const survivor = await startGateway(url, { worker: false });
  const times: number[] = [];
  for (let index = 0; index < KILLS; index++) {
    const victim = await startGateway(url, { worker: true });
    const target = `killed-${index}`;
    const entered = once(victim.entries, target);
    const id = await submit(victim, 'noop.hang', target);
    await entered;
    const finder = await startGateway(url, { worker: true });
    // Somewhere between two renewals of its lease.
    await wait((index * 2000) / KILLS);
    await victim.kill();
    const killedAt = nowMs();
    while ((await stateOf(survivor, id)) !== 'unknown') await wait(POLL_MS);
    times.push(nowMs() - killedAt);
    await finder.close();
  }
  await survivor.close();
  return times;
}

/** Both gateways answer, a new request is run, and who watches it at the other gateway is told of its end. In ms from now. */
async function untilWell([one, two]: readonly BenchGateway[], target: string): Promise<number> {
  if (one === undefined || two === undefined) throw new Error('two gateways are needed');
  const from = nowMs();
  for (const gateway of [one, two]) while ((await call(gateway, 'GET', '/v1/me')).status !== 200) await wait(POLL_MS);
  const id = await submit(one, 'noop.change', target);
  for (;;) {
    const events = await call(two, 'GET', `/v1/requests/${id}/events`);
    if (events.ok && (await events.text().catch(() => '')).includes('request.succeeded')) return nowMs() - from;
    await wait(POLL_MS);
  }
}

/** Requests and reads without a pause; what is refused meanwhile is refused clearly, or the bench fails. */
function loadOn(gateways: readonly BenchGateway[]): { stop: () => Promise<unknown> } {
  let busy = true;
  let calls = 0;
  const loop = async (gateway: BenchGateway): Promise<void> => {
    while (busy) {
      const body = { action: 'noop.change', environment: 'staging', input: { target: `load-${calls++}` } };
      const answer = await call(gateway, 'POST', '/v1/requests', body);
      const problem = answer.ok ? '' : await answer.text();
      if (!answer.ok && !(answer.status === 503 && problem.includes('database.unavailable'))) throw new Error(problem);
    }
  };
  const loops = Promise.all(gateways.flatMap((gateway) => [loop(gateway), loop(gateway)]));
  loops.catch(() => {}); // looked at in stop
  return {
    stop: () => {
      busy = false;
      return loops;
    },
  };
}

const call = ({ url, requester }: BenchGateway, method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${url}${path}`, {
    method,
    headers: { authorization: `Bearer ${requester}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

async function submit(gateway: BenchGateway, action: string, target: string): Promise<string> {
  const answer = await call(gateway, 'POST', '/v1/requests', { action, environment: 'staging', input: { target } });
  return ((await answer.json()) as { id: string }).id; // what the route answers
}

async function stateOf(gateway: BenchGateway, id: string): Promise<string> {
  return ((await (await call(gateway, 'GET', `/v1/requests/${id}`)).json()) as { state: string }).state; // as above
}
