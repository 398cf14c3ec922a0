import { rm } from 'node:fs/promises';
import { startPostgres } from '@guichet/postgres-server';
import { TEST_SERVER_VARIABLE, temporaryDataDir } from '@guichet/postgres-server/testing';

/** Starts the one PostgreSQL server that all test files of a run share; gives what stops it. */
export async function setup(): Promise<() => Promise<void>> {
  const dataDir = await temporaryDataDir();
  // fsync stays on: durability is part of what the tests are about.
  const server = await startPostgres({ dataDir, settings: { max_connections: '300' } });
  process.env[TEST_SERVER_VARIABLE] = server.url; // test files run in processes that inherit it
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
