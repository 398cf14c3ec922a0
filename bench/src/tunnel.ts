import { rm } from 'node:fs/promises';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { median, quantile, type Result, round } from './statistics.ts';
import { countCopy } from './tunnel/copy-reader.ts';
import { type Chain, startChain } from './tunnel/processes.ts';

const GIGABYTE = 1e9;
const ROUNDS = 3;
const AT_ONCE = 200;
const EACH = 20;
const BOUND = 0.6;

/**
 * A gigabyte of rows from a server to a client, through provider, gateway and command line, each a process, and in the same
 * run over a direct connection, taking turns. And many connections at once, each with statements that are recorded.
 */
export async function benchTunnel(databaseUrl: string): Promise<Result[]> {
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({ dataDir, settings: { max_connections: '450', shared_buffers: '1GB', fsync: 'off' } });
  try {
    const direct = server.urlFor({ database: 'postgres' });
    const admin = new pg.Client({ connectionString: direct });
    await admin.connect();
    await admin.query("create table big as select n, repeat('x', 190) as filler from generate_series(1, 5000000) n");
    await admin.query('vacuum analyze big');
    await admin.end();
    const chain = await startChain(databaseUrl, { url: direct, database: 'postgres' });
    try {
      return [await gigabyte(direct, chain), await manyAtOnce(direct, chain.address)];
    } finally {
      await chain.close();
    }
  } finally {
    await server.stop({ mode: 'immediate' });
    await rm(dataDir, { recursive: true, force: true });
  }
}

async function gigabyte(direct: string, { address, usage }: Chain): Promise<Result> {
  await countCopy(direct, '(select * from big limit 100000)');
  await countCopy(address, '(select * from big limit 100000)');
  const before = await usage();
  const rates = { direct: [] as number[], tunnel: [] as number[] };
  let bytes = 0;
  for (let index = 0; index < ROUNDS; index++)
    for (const [how, url] of [
      ['direct', direct],
      ['tunnel', address],
    ] as const) {
      const read = await countCopy(url, 'big');
      bytes = read.bytes;
      rates[how].push(read.bytes / read.seconds / 1e6);
      process.stderr.write(`  ${how} ${round(read.bytes / read.seconds / 1e6, 0)} MB/s\n`);
    }
  const after = await usage();
  const cost = after.map(
    ({ name, cpuSeconds }, at) => `${name} ${round((cpuSeconds - (before[at]?.cpuSeconds ?? 0)) / ROUNDS / (bytes / GIGABYTE))}`,
  );
  const [floor, tunnel] = [median(rates.direct), median(rates.tunnel)];
  return {
    name: `${round(bytes / GIGABYTE, 1)} GB of rows through a tunnel`,
    figures: {
      'direct MB/s': round(floor, 0),
      'MB/s': round(tunnel, 0),
      ratio: round(tunnel / floor),
      'CPU s per GB': cost.join(', '),
      MiB: after.map(({ name, mebibytes }) => `${name} ${round(mebibytes, 0)}`).join(', '),
    },
    bound: `ratio at least ${BOUND}`,
    holds: tunnel / floor >= BOUND,
  };
}

async function manyAtOnce(direct: string, address: string): Promise<Result> {
  const floor = await many(direct);
  const tunnel = await many(address);
  return {
    name: `${AT_ONCE} tunnels at once, each opened, and ${EACH} statements on each that are recorded`,
    figures: {
      'direct: all open s': round(floor.openSeconds),
      'all open s': round(tunnel.openSeconds),
      'direct: statements/s': round(floor.perSecond, 0),
      'statements/s': round(tunnel.perSecond, 0),
      'p95 of a statement ms': round(tunnel.p95),
      'answers that were wrong': tunnel.wrong,
    },
    bound: 'all open, all answers right',
    holds: tunnel.wrong === 0,
  };
}

async function many(connectionString: string): Promise<{ openSeconds: number; perSecond: number; p95: number; wrong: number }> {
  const startedAt = performance.now();
  const clients = await Promise.all(
    Array.from({ length: AT_ONCE }, async () => {
      const client = new pg.Client({ connectionString });
      await client.connect();
      return client;
    }),
  );
  const openSeconds = (performance.now() - startedAt) / 1000;
  const times: number[] = [];
  let wrong = 0;
  const askedAt = performance.now();
  await Promise.all(
    clients.map(async (client, number) => {
      for (let index = 0; index < EACH; index++) {
        const sentAt = performance.now();
        const { rows } = await client.query('select $1::int as answer', [number * EACH + index]);
        times.push(performance.now() - sentAt);
        if (rows[0]?.answer !== number * EACH + index) wrong += 1;
      }
    }),
  );
  const perSecond = (AT_ONCE * EACH) / ((performance.now() - askedAt) / 1000);
  await Promise.all(clients.map((client) => client.end()));
  return { openSeconds, perSecond, p95: quantile(times, 0.95), wrong };
}
