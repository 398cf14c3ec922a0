import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { type Major, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import pg from 'pg';

/** A PostgreSQL server of the company, with the logins that Guichet uses on it. */
export interface Instance {
  readonly name: string;
  readonly environment: string;
  readonly owner: string;
  readonly server: PostgresServer;
  readonly passwords: {
    readonly observer: string;
    readonly actor: string;
    readonly admin: string;
    readonly reader: string;
    readonly replication: string;
    readonly application: string;
  };
}

export const DATABASE = 'orders';

type Wanted = Omit<Instance, 'server' | 'passwords'> & {
  readonly major: Major;
  readonly settings?: Readonly<Record<string, string>>;
};

/** Starts a server, and makes its logins, database and rows; a second start finds them. */
export async function startInstance(home: string, { name, environment, owner, major, settings = {} }: Wanted): Promise<Instance> {
  const server = await startPostgres({
    dataDir: join(home, `estate-${name}`),
    major,
    settings: {
      shared_preload_libraries: 'pg_stat_statements',
      max_connections: '60',
      shared_buffers: '64MB',
      log_min_messages: 'error',
      max_slot_wal_keep_size: '200MB', // a slot that nobody reads from must not fill the disk of who tries this out
      ...settings,
    },
  });
  const password = (): string => randomBytes(18).toString('base64url');
  const passwords = {
    observer: password(),
    actor: password(),
    admin: password(),
    reader: password(),
    replication: password(),
    application: password(),
  };
  await onServer(server.url, async (client) => {
    await login(client, 'guichet_observer', passwords.observer, ['pg_monitor']);
    await login(client, 'guichet_actor', passwords.actor, ['pg_signal_backend', 'pg_read_all_stats']);
    await login(client, 'orders', passwords.application, []);
    await login(client, 'guichet_admin', passwords.admin, ['pg_monitor', 'pg_signal_backend', 'orders']);
    await login(client, 'guichet_reader', passwords.reader, ['pg_read_all_data']);
    await login(client, 'guichet_replication', passwords.replication, []);
    await client.query('alter role guichet_replication replication');
    await client.query(
      'alter role guichet_admin createrole; grant pg_read_all_data, pg_write_all_data, orders to guichet_admin with admin option',
    );
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (rowCount === 0) await client.query(`create database ${DATABASE} owner orders`);
  });
  await onServer(server.urlFor({ database: DATABASE }), async (client) => {
    await client.query('create extension if not exists pg_stat_statements');
    await client.query('set role orders');
    await client.query(SCHEMA);
  });
  return { name, environment, owner, server, passwords };
}

const SCHEMA = `
  create table if not exists customers (id int primary key, name text not null, tier text not null default 'standard', seen_at timestamptz not null default now());
  create table if not exists orders (id bigint generated always as identity primary key, customer int not null references customers (id), cents int not null,
    placed_at timestamptz not null default now());
  create index if not exists orders_by_customer on orders (customer, placed_at desc);
  insert into customers (id, name) select n, 'Customer ' || n from generate_series(1, 500) n on conflict do nothing;
  delete from orders where placed_at < now() - interval '1 hour';`;

async function login(client: pg.Client, name: string, password: string, memberOf: readonly string[]): Promise<void> {
  const { rowCount } = await client.query('select from pg_roles where rolname = $1', [name]);
  await client.query(`${rowCount === 0 ? 'create' : 'alter'} role ${name} login password ${pg.escapeLiteral(password)}`);
  for (const role of memberOf) await client.query(`grant ${role} to ${name}`);
}

async function onServer(url: string, work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

/** URL of a login of the application, with the name that it goes by in pg_stat_activity. */
export function applicationUrl({ server, passwords }: Instance, applicationName: string): string {
  const url = new URL(server.urlFor({ database: DATABASE, user: 'orders', password: passwords.application }));
  url.searchParams.set('application_name', applicationName);
  return url.href;
}
