/** Writes schema.sql anew: applies all migrations to a fresh PostgreSQL, and writes down what came of it. */
import { rm, writeFile } from 'node:fs/promises';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { dumpSchema, SCHEMA_HEAD } from './src/db/dump-schema.ts';
import { migrate } from './src/db/migrate.ts';

const dataDir = await temporaryDataDir();
const server = await startPostgres({ dataDir });
try {
  await migrate(server.url);
  const client = new pg.Client({ connectionString: server.url });
  await client.connect();
  await writeFile(new URL('./schema.sql', import.meta.url), SCHEMA_HEAD + (await dumpSchema(client)));
  await client.end();
} finally {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}
