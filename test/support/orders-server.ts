import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import pg from 'pg';

const PASSWORD = 'of-the-tests';

export interface OrdersServer extends AsyncDisposable {
  readonly url: string;
  /** Its entry among the instances of the provider: `pg1`, of staging. */
  readonly instance: Record<string, unknown>;
  /** As the superuser. */
  sql<Row extends object = Record<string, unknown>>(text: string): Promise<Row[]>;
  /** Roles of leases that are there. */
  leases(): Promise<string[]>;
}

/** A PostgreSQL server of its own with a database `orders`, and the logins of the guide. */
export async function startOrdersServer(settings: Readonly<Record<string, string>> = {}): Promise<OrdersServer> {
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({ dataDir, major: 18, settings: { max_connections: '60', fsync: 'off', ...settings } });
  const admin = new pg.Client({ connectionString: server.url });
  admin.on('error', () => {});
  await admin.connect();
  const guide = readFileSync(new URL('../../docs/guide/postgres.md', import.meta.url), 'utf8');
  const [logins = '', more = ''] = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) =>
    sql.replace(/(?:OBSERVER|ACTOR|ADMIN)_PASSWORD/g, PASSWORD),
  );
  await admin.query(logins);
  await admin.query('create role orders login');
  await admin.query(`${more}; grant orders to guichet_admin`);
  await admin.query('create database orders owner orders');
  const orders = new pg.Client({ connectionString: server.urlFor({ database: 'orders' }) });
  await orders.connect();
  await orders.query(
    "set role orders; create table customers as select n as id, 'Customer ' || n as name from generate_series(1, 100) n",
  );
  await orders.end();
  const login = (user: string) => ({ user, password: PASSWORD });
  return {
    url: server.url,
    instance: {
      ...{ name: 'pg1', environment: 'staging', owner: 'payments', host: '127.0.0.1', port: server.port },
      ...{ observer: login('guichet_observer'), actor: login('guichet_actor'), admin: login('guichet_admin') },
    },
    async sql<Row extends object>(text: string) {
      return (await admin.query<Row>(text)).rows;
    },
    async leases() {
      const { rows } = await admin.query<{ rolname: string }>(
        "select rolname from pg_roles where rolname like 'guichet\\_lease\\_%'",
      );
      return rows.map(({ rolname }) => rolname);
    },
    async [Symbol.asyncDispose]() {
      await admin.end();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
