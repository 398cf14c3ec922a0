import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataHome, makeFolder, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { startGateway } from '../gateway.ts';
import { fill, type Scale } from './fill.ts';

/** What lists and searches are measured on, unless GUICHET_BENCH_REQUESTS and GUICHET_BENCH_EVENTS say otherwise. */
export const SCALE: Scale = {
  requests: Number(process.env['GUICHET_BENCH_REQUESTS'] ?? 1_000_000),
  events: Number(process.env['GUICHET_BENCH_EVENTS'] ?? 10_000_000),
};

export const tell = (line: string): void => void process.stderr.write(`  ${line}\n`);

/**
 * A server whose database holds so much. Its folder is kept for the next run: 10 million events take some minutes and
 * about 10 GB. It is in the data folder of the project; GUICHET_BENCH_DATA names another.
 */
export async function startScaled(scale: Scale = SCALE, say = tell): Promise<PostgresServer> {
  const home = process.env['GUICHET_BENCH_DATA'] ?? dataHome(fileURLToPath(new URL('../../..', import.meta.url)));
  makeFolder(home);
  const server = await startPostgres({
    dataDir: join(home, `bench-${scale.requests}-${scale.events}`),
    settings: {
      shared_buffers: '2GB',
      max_connections: '200',
      max_wal_size: '8GB',
      maintenance_work_mem: '512MB',
      effective_cache_size: '8GB',
    },
  });
  try {
    await (await startGateway(server.url, { worker: false })).close(); // brings the schema up to date
    await fill(server.url, scale, say);
    return server;
  } catch (error) {
    await server.stop();
    throw error;
  }
}
