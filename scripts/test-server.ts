import { rm } from 'node:fs/promises';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir, testServerVariable } from '@guichet/postgres-server/testing';
import type { TestProject } from 'vitest/node';

/**
 * Starts a PostgreSQL server for each worker of a run; gives what stops them. Workers share none: what is sealed waits for the
 * oldest transaction of a whole server, also for one that a test of another file holds open.
 */
export async function setup({ vitest }: TestProject): Promise<() => Promise<void>> {
  const workers = Array.from({ length: vitest.config.maxWorkers }, (_, index) => index + 1);
  const stops = await Promise.all(workers.map(startServer));
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

async function startServer(worker: number): Promise<() => Promise<void>> {
  const dataDir = await temporaryDataDir();
  // fsync stays on: durability is part of what the tests are about.
  const server = await startPostgres({ dataDir, settings: { max_connections: '300' } });
  process.env[testServerVariable(worker)] = server.url; // test files run in processes that inherit it
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
