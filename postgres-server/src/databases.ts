import { randomBytes } from 'node:crypto';
import pg from 'pg';

export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** As the user of the server's URL. */
  readonly url: string;
  /** Ends every session on it and drops it. */
  drop(): Promise<void>;
}

/**
 * Makes a fresh database, a clone of the template when one is named.
 * @param serverUrl of a user that may create databases
 */
export async function createDatabase(
  serverUrl: string,
  { template }: { readonly template?: string } = {},
): Promise<TestDatabase> {
  const name = `t_${randomBytes(8).toString('hex')}`;
  const source = template === undefined ? '' : ` TEMPLATE ${pg.escapeIdentifier(template)}`;
  await onServer(serverUrl, (client) => client.query(`CREATE DATABASE ${name}${source}`));
  const drop = () => onServer(serverUrl, (client) => dropDatabase(client, name));
  return { name, url: withDatabase(serverUrl, name), drop, [Symbol.asyncDispose]: drop };
}

/**
 * Makes a database to clone others from, once per server however many processes ask: `prepare` fills it (migrations),
 * and only when it has come back does the template get its name. Put a hash of what prepare does into the name.
 */
export async function ensureTemplate(
  serverUrl: string,
  { name, prepare }: { readonly name: string; readonly prepare: (url: string) => Promise<void> },
): Promise<string> {
  await onServer(serverUrl, async (client) => {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [name]); // ends with the session
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
    if (rowCount !== 0) return;
    const unfinished = `${name}_unfinished`;
    await dropDatabase(client, unfinished);
    await client.query(`CREATE DATABASE ${pg.escapeIdentifier(unfinished)}`);
    await prepare(withDatabase(serverUrl, unfinished));
    await endSessions(client, unfinished);
    await client.query(`ALTER DATABASE ${pg.escapeIdentifier(unfinished)} RENAME TO ${pg.escapeIdentifier(name)}`);
  });
  return name;
}

async function dropDatabase(client: pg.Client, name: string): Promise<void> {
  // In PostgreSQL 12 there is no DROP DATABASE ... WITH (FORCE). Closed first, so that nobody comes back meanwhile.
  const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [name]);
  if (rowCount === 0) return;
  await client.query(`ALTER DATABASE ${pg.escapeIdentifier(name)} ALLOW_CONNECTIONS false`);
  await endSessions(client, name);
  await client.query(`DROP DATABASE ${pg.escapeIdentifier(name)}`);
}

async function endSessions(client: pg.Client, database: string): Promise<void> {
  await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()', [
    database,
  ]);
}

/** The same URL for another database of its server. */
export function withDatabase(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = `/${encodeURIComponent(database)}`;
  return other.href;
}

async function onServer(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}
