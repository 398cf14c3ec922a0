import { readFileSync } from 'node:fs';
import { chown, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableMajors, type Major, type PostgresServer, startPostgres } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import { type Harness, harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { createPostgresProvider, type PostgresConfigInput, type PostgresProvider } from '../src/index.ts';

/** The oldest and the newest that there are here. */
export const MAJORS: readonly Major[] = [...new Set([availableMajors()[0] ?? 18, 18 as const])];

/** Those that have the roles which an admin login needs: 14, 16 and 18 on Linux, 15 and 18 elsewhere. */
export const ADMIN_MAJORS: readonly Major[] = availableMajors().filter((major) => major >= 14);

const PASSWORDS = {
  OBSERVER_PASSWORD: 'observer-s3cret',
  ACTOR_PASSWORD: 'actor-s3cret',
  ADMIN_PASSWORD: 'admin-s3cret',
  READER_PASSWORD: 'reader-s3cret',
  orders: 'orders-s3cret',
} as const;

/** The statements that the guide tells people to run, so that they are known to be enough. */
function guideStatements(): { logins: string; admin: string } {
  const guide = readFileSync(new URL('../../../docs/guide/postgres.md', import.meta.url), 'utf8');
  const [logins, admin] = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, sql = '']) =>
    sql.replace(/(?:OBSERVER|ACTOR|ADMIN|READER)_PASSWORD/g, (name) => PASSWORDS[name as keyof typeof PASSWORDS]),
  );
  if (logins === undefined || admin === undefined) throw new Error('the guide has no SQL');
  return { logins, admin };
}

export type InstanceInput = NonNullable<PostgresConfigInput['instances']>[number];

/** The instance of the tests, with the logins of the guide. */
export function instanceAt(port: number, major: Major): InstanceInput {
  return {
    name: 'pg1',
    environment: 'production',
    owner: 'payments',
    host: '127.0.0.1',
    port,
    observer: { user: 'guichet_observer', password: PASSWORDS.OBSERVER_PASSWORD },
    actor: { user: 'guichet_actor', password: PASSWORDS.ACTOR_PASSWORD },
    ...(major >= 14 && {
      admin: { user: 'guichet_admin', password: PASSWORDS.ADMIN_PASSWORD },
      reader: { user: 'guichet_reader', password: PASSWORDS.READER_PASSWORD },
    }),
  };
}

/** Makes the logins of the guide, the application's user, its databases and its rows. */
export async function prepare(admin: pg.Client, major: Major): Promise<void> {
  const statements = guideStatements();
  await admin.query(statements.logins);
  await admin.query(`create role orders login password '${PASSWORDS.orders}'; grant create on schema public to orders`);
  if (major >= 14) await admin.query(`${statements.admin}; grant orders to guichet_admin`);
  await admin.query('create database shop owner orders');
  await admin.query('set role orders; create table customers (id int primary key, name text); reset role');
  await admin.query("insert into customers select n, 'Customer ' || n from generate_series(1, 100) n");
}

/** URL of the application's user. */
export function applicationUrl(server: PostgresServer, database = 'postgres'): string {
  return server.urlFor({ database, user: 'orders', password: PASSWORDS.orders });
}

/** A session of an application, with its pid. */
export interface AppSession {
  readonly client: pg.Client;
  readonly pid: number;
  /** Runs a statement and does not wait for it; its error, if any, is what the promise gives. */
  start(sql: string): Promise<unknown>;
}

export interface Lab extends AsyncDisposable {
  readonly major: Major;
  readonly port: number;
  readonly superuserUrl: string;
  readonly provider: PostgresProvider;
  readonly postgres: Harness;
  readonly instance: InstanceInput;
  /** As the superuser. */
  sql<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Opens a session of the application's user; `superuser` for one of the superuser. */
  open(application: string, options?: { superuser?: boolean; database?: string }): Promise<AppSession>;
  /** Waits until the pid waits for a lock. */
  blocked(pid: number): Promise<void>;
  /** Ends all sessions that `open` has made, and rolls back prepared transactions. */
  quiet(): Promise<void>;
}

/** A real server of that major (with more settings, where a test needs them) with the tables of the tests, and the provider on it with the logins of the guide. */
export async function openLab(major: Major, more: Readonly<Record<string, string>> = {}): Promise<Lab> {
  const dataDir = await temporaryDataDir();
  const server = await startPostgres({
    dataDir,
    major,
    settings: {
      max_connections: '80',
      max_prepared_transactions: '5',
      // A deadlock of the tests stays until somebody ends it.
      deadlock_timeout: '10min',
      fsync: 'off',
      ...more,
    },
  });
  const admin = new pg.Client({ connectionString: server.url });
  admin.on('error', () => {});
  await admin.connect();
  await prepare(admin, major);
  const instance = instanceAt(server.port, major);
  const provider = createPostgresProvider({ watchSeconds: 2, instances: [instance] });
  const opened: pg.Client[] = [];

  const lab: Lab = {
    major,
    port: server.port,
    superuserUrl: server.url,
    provider,
    postgres: harness(provider),
    instance,
    async sql<Row extends object>(text: string, values: unknown[] = []) {
      const { rows } = await admin.query<Row>(text, values);
      return rows;
    },
    async open(application, { superuser = false, database = 'postgres' } = {}) {
      const url = superuser
        ? server.urlFor({ database })
        : server.urlFor({ database, user: 'orders', password: PASSWORDS.orders });
      const client = new pg.Client({ connectionString: url, application_name: application });
      client.on('error', () => {});
      await client.connect();
      opened.push(client);
      const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
      return {
        client,
        pid: rows[0]?.pid ?? 0,
        start: (sql) => client.query(sql).catch((error: unknown) => error),
      };
    },
    async blocked(pid) {
      for (let tries = 0; tries < 400; tries++) {
        const [row] = await lab.sql<{ waits: boolean }>(
          "select wait_event_type = 'Lock' as waits from pg_stat_activity where pid = $1",
          [pid],
        );
        if (row?.waits === true) return;
        await sleep(20);
      }
      throw new Error(`pid ${pid} does not wait for a lock`);
    },
    async quiet() {
      for (const client of opened.splice(0)) void client.end().catch(() => {});
      await lab.sql(
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and application_name <> 'guichet'",
      );
      for (const { gid, database } of await lab.sql<{ gid: string; database: string }>(
        'select gid, database from pg_prepared_xacts',
      )) {
        const client = new pg.Client({ connectionString: server.urlFor({ database }) });
        await client.connect();
        await client.query(`rollback prepared ${pg.escapeLiteral(gid)}`);
        await client.end();
      }
      await until(async () => {
        const rows = await lab.sql(
          "select from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend' and application_name <> 'guichet'",
        );
        return rows.length === 0;
      });
    },
    async [Symbol.asyncDispose]() {
      await provider.close();
      await lab.quiet();
      await admin.end();
      await server.stop({ mode: 'immediate' });
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  return lab;
}

/** Waits until it is so; fails when it never is. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 400; tries++) {
    if (await condition()) return;
    await sleep(20);
  }
  throw new Error('it never came to be so');
}

export interface ReplicaLab extends AsyncDisposable {
  readonly server: PostgresServer;
  /** The provider with the replica as `pg1`. */
  readonly postgres: Harness;
}

/** A real server with the logins and rows of the tests, started again in recovery: a replica whose primary never says anything. */
export async function openReplica(): Promise<ReplicaLab> {
  const dataDir = await temporaryDataDir();
  const primary = await startPostgres({ dataDir });
  const admin = new pg.Client({ connectionString: primary.url });
  await admin.connect();
  await prepare(admin, 18);
  await admin.end();
  await primary.stop();
  const { uid, gid } = await stat(dataDir);
  const signal = join(dataDir, 'standby.signal');
  await writeFile(signal, '');
  await chown(signal, uid, gid);
  const server = await startPostgres({ dataDir });
  const provider = createPostgresProvider({ instances: [instanceAt(server.port, 18)] });
  return {
    server,
    postgres: harness(provider),
    async [Symbol.asyncDispose]() {
      await provider.close();
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}
