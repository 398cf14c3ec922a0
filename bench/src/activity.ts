import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { type BenchGateway, startGateway } from './gateway.ts';
import { median, nowMs, quantile, type Result, round } from './statistics.ts';

const SESSIONS = 2000;
const AT_ONCE = 50;
const CALLS = 40;
const BOUND_MS = 300;

/** What the provider signs in as, and a table. */
export const LOGINS = `
create role guichet_observer login password 'observer'; grant pg_monitor to guichet_observer;
create role guichet_actor login password 'actor'; grant pg_signal_backend, pg_read_all_stats to guichet_actor;
create table rows (id int primary key, name text); insert into rows values (1, '');`;

/**
 * activity of an instance with 2,000 sessions, each of another statement, through the whole gateway; against what the server
 * alone takes for a plain look at pg_stat_activity, by turns. First 100 of them wait for a row, then 1,900.
 */
export async function benchActivity(databaseUrl: string): Promise<Result[]> {
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({
    dataDir,
    settings: { max_connections: String(SESSIONS + 50), shared_buffers: '64MB', deadlock_timeout: '10min', fsync: 'off' },
  });
  const floor = new pg.Client({ connectionString: server.url });
  await floor.connect();
  await floor.query(LOGINS);
  const sessions = await open(server);
  const gateway = await startGateway(databaseUrl, { worker: false, postgres: { instances: [instanceAt(server)] } });
  try {
    await sessions[0]?.query("begin; update rows set name = 'x'");
    const results: Result[] = [];
    for (const waiting of [100, 1900]) {
      await letWait(sessions, waiting, floor);
      results.push(await measure(gateway, floor, waiting));
    }
    return results;
  } finally {
    await gateway.close();
    for (const session of sessions) session.end().catch(() => {});
    await floor.end();
    await server.stop({ mode: 'immediate' });
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** The server as the provider is told of it. */
export function instanceAt(server: PostgresServer) {
  return {
    name: 'pg1',
    environment: 'production',
    owner: 'platform',
    host: '127.0.0.1',
    port: server.port,
    observer: { user: 'guichet_observer', password: 'observer' },
    actor: { user: 'guichet_actor', password: 'actor' },
  };
}

async function open(server: PostgresServer): Promise<pg.Client[]> {
  const sessions: pg.Client[] = [];
  while (sessions.length < SESSIONS) {
    const more = Array.from({ length: AT_ONCE }, async (_, index) => {
      const number = sessions.length + index;
      const client = new pg.Client({ connectionString: server.url, application_name: `service-${number % 20}` });
      client.on('error', () => {});
      await client.connect();
      await client.query(`select ${number} as number, 'of session ${number}' as name, count(*) from rows where id > ${number}`);
      return client;
    });
    sessions.push(...(await Promise.all(more)));
  }
  return sessions;
}

/** Lets so many of them in all wait for the row that the first one holds. */
async function letWait(sessions: readonly pg.Client[], count: number, observer: pg.Client): Promise<void> {
  const waits = async (): Promise<number> => {
    const { rows } = await observer.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock'",
    );
    return rows[0]?.n ?? 0;
  };
  const already = await waits();
  for (const [index, session] of sessions.slice(already + 1, count + 1).entries())
    session.query(`update rows set name = 'of wait ${already + index}' where id = 1`).catch(() => {});
  while ((await waits()) < count) await sleep(100);
}

async function measure(gateway: BenchGateway, floor: pg.Client, waiting: number): Promise<Result> {
  const first = await timed(gateway, { instance: 'pg1' });
  const plain: number[] = [];
  const hundred: number[] = [];
  const all: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const began = nowMs();
    await floor.query('select * from pg_stat_activity');
    plain.push(nowMs() - began);
    hundred.push(await timed(gateway, { instance: 'pg1' }));
    if (call % 4 === 0) all.push(await timed(gateway, { instance: 'pg1', limit: 2000 }));
  }
  return {
    name: `postgres activity, ${SESSIONS} sessions of which ${waiting} wait for a lock, ${CALLS} calls`,
    figures: {
      'floor (select * from pg_stat_activity) p50 ms': round(median(plain)),
      'first ms': round(first),
      'p50 ms': round(median(hundred)),
      'p95 ms': round(quantile(hundred, 0.95)),
      ratio: round(median(hundred) / median(plain)),
      'all 2000 rows p50 ms': round(median(all)),
    },
    bound: `p95 at most ${BOUND_MS} ms`,
    holds: quantile(hundred, 0.95) <= BOUND_MS,
  };
}

async function timed({ url, requester }: BenchGateway, input: Record<string, unknown>): Promise<number> {
  const began = nowMs();
  const response = await fetch(`${url}/v1/actions/postgres.activity/read`, {
    method: 'POST',
    headers: { authorization: `Bearer ${requester}`, 'content-type': 'application/json' },
    body: JSON.stringify({ environment: 'production', input }),
  });
  const answer = (await response.json()) as { output?: { rows: unknown[] } }; // what the route answers
  const shown = answer.output?.rows.length;
  if (shown !== (input['limit'] ?? 100)) throw new Error(`activity answered ${response.status} with ${shown} rows`);
  return nowMs() - began;
}
