import Fastify from 'fastify';
import pg from 'pg';
import { startGateway } from './gateway.ts';
import { median, nowMs, quantile, type Result, round } from './statistics.ts';

const CALLS = 1000;

/** A read through the whole gateway (with its audit row) against a Fastify route that does one INSERT, one call at a time, by turns. */
export async function benchRead(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: true });
  const floor = await startFloor(databaseUrl);
  const read = (): Promise<number> =>
    timed(
      `${gateway.url}/v1/actions/noop.look/read`,
      { environment: 'production', input: { target: 'thing' } },
      gateway.requester,
    );
  const insert = (): Promise<number> =>
    timed(`${floor.url}/insert`, { environment: 'production', input: { target: 'thing' } }, 'none');
  for (let warmUp = 0; warmUp < 200; warmUp++) await Promise.all([read(), insert()]);
  const reads: number[] = [];
  const inserts: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    reads.push(await read());
    inserts.push(await insert());
  }
  await gateway.close();
  await floor.close();
  const above = median(reads) - median(inserts);
  return [
    {
      name: `read, ${CALLS} calls one after the other`,
      figures: {
        'floor p50 ms': round(median(inserts)),
        'p50 ms': round(median(reads)),
        'p99 ms': round(quantile(reads, 0.99)),
        'above the floor ms': round(above),
        ratio: round(median(reads) / median(inserts)),
      },
      bound: 'p50 at most 3 ms above the floor',
      holds: above <= 3,
    },
  ];
}

async function timed(url: string, body: unknown, token: string): Promise<number> {
  const start = nowMs();
  const response = await fetch(url, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${url} answered ${response.status}: ${text}`);
  return nowMs() - start;
}

async function startFloor(databaseUrl: string): Promise<{ url: string; close: () => Promise<void> }> {
  const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
  await pool.query(
    'create table if not exists bench_floor (id bigint generated always as identity primary key, at timestamptz default now(), data json)',
  );
  const app = Fastify();
  app.post('/insert', async (request) => {
    await pool.query({
      name: 'floor',
      text: 'insert into bench_floor (data) values ($1)',
      values: [JSON.stringify(request.body)],
    });
    return { ok: true };
  });
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  return {
    url,
    close: async () => {
      await app.close();
      await pool.end();
    },
  };
}
