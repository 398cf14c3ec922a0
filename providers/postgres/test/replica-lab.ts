import { readFileSync, readlinkSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort, type Major, type PostgresServer, startPostgres, stopKept } from '@guichet/postgres-server';
import { temporaryDataDir } from '@guichet/postgres-server/testing';
import type { ProviderLogger } from '@guichet/sdk';
import { type Harness, harness } from '@guichet/sdk/testing';
import pg from 'pg';
import { createPostgresProvider, type PostgresConfigInput, type PostgresProvider } from '../src/index.ts';
import { applicationUrl, instanceAt, prepare } from './lab.ts';

const PASSWORD = 'replication-s3cret';

/** The statement that the guide tells people to run on a source. */
function guideStatement(): string {
  const guide = readFileSync(new URL('../../../docs/guide/postgres-replicas.md', import.meta.url), 'utf8');
  const sql = /```sql\n(CREATE ROLE guichet_replication[\s\S]*?)```/.exec(guide)?.[1];
  if (sql === undefined) throw new Error('the guide has no SQL');
  return sql.replace('REPLICATION_PASSWORD', PASSWORD);
}

/** A source with its replication login, and a folder for its replicas. */
export interface ReplicaLab extends AsyncDisposable {
  readonly source: PostgresServer;
  readonly folder: string;
  readonly config: PostgresConfigInput;
  /** A provider of its own on the source and the folder, which lives until `close` or the end of the lab. */
  provider(options?: Partial<NonNullable<PostgresConfigInput['replicas']>>, config?: PostgresConfigInput): PostgresProvider;
  use(provider: PostgresProvider): Harness;
  /** On the source, as the superuser. */
  sql<Row extends object = Record<string, unknown>>(text: string, values?: unknown[]): Promise<Row[]>;
  /** On a server that listens on this machine, as the application's user. */
  ask<Row extends object = Record<string, unknown>>(port: number, text: string): Promise<Row[]>;
  /** The same as the superuser. */
  superuser<Row extends object = Record<string, unknown>>(port: number, text: string): Promise<Row[]>;
  /** Where a replica listens. */
  portOf(name: string): Promise<number>;
  restartSource(): Promise<void>;
  /** Restarts the source where it is reached at another port; `config` says so from then on. */
  moveSource(): Promise<void>;
  /** What is there of replicas: slots of the source, folders, servers. */
  remains(): Promise<{ slots: string[]; folders: string[]; servers: number[] }>;
}

const silent: ProviderLogger = { info() {}, warn() {}, error() {} };

export const NOTHING = { slots: [], folders: [], servers: [] };

export async function openReplicaLab(major: Major, settings: Readonly<Record<string, string>> = {}): Promise<ReplicaLab> {
  const dataDir = await temporaryDataDir();
  const folder = await temporaryDataDir();
  let port = await freePort();
  const start = () => startPostgres({ dataDir, major, port, settings: { fsync: 'off', max_connections: '50', ...settings } });
  let source = await start();
  await onServer(source.url, async (client) => {
    await prepare(client, major);
    await client.query(guideStatement());
  });
  const first = await freePort();
  const replicas = { folder, lookSeconds: 1, ports: [first, Math.min(first + 50, 65_535)] as [number, number] };
  const instance = { ...instanceAt(source.port, major), replication: { user: 'guichet_replication', password: PASSWORD } };
  let config: PostgresConfigInput = { watchSeconds: 2, instances: [instance], replicas };
  const providers: PostgresProvider[] = [];
  return {
    get source() {
      return source;
    },
    folder,
    get config() {
      return config;
    },
    provider(options = {}, base = config) {
      const provider = createPostgresProvider({ ...base, replicas: { ...replicas, ...options } }, {}, { logger: silent });
      providers.push(provider);
      return provider;
    },
    use: (provider) => harness(provider),
    sql: <Row extends object>(text: string, values: unknown[] = []) =>
      onServer(source.url, async (client) => (await client.query<Row>(text, values)).rows),
    ask: <Row extends object>(at: number, text: string) => askAt<Row>(applicationUrl(source), at, text),
    superuser: <Row extends object>(at: number, text: string) => askAt<Row>(source.url, at, text),
    async portOf(name) {
      const record: unknown = JSON.parse(await readFile(join(folder, name, 'replica.json'), 'utf8'));
      return typeof record === 'object' && record !== null && 'port' in record ? Number(record.port) : 0;
    },
    async restartSource() {
      await source.stop();
      source = await start();
    },
    async moveSource() {
      await source.stop();
      port = await freePort();
      source = await start();
      config = { ...config, instances: [{ ...instance, port }] };
    },
    async remains() {
      const slots = await onServer(source.url, (client) =>
        client.query<{ slot_name: string }>('select slot_name from pg_replication_slots'),
      );
      const folders = (await readdir(folder)).filter((name) => name !== '.locks');
      return { slots: slots.rows.map((row) => row.slot_name), folders, servers: await postmastersIn(folder) };
    },
    async [Symbol.asyncDispose]() {
      for (const provider of providers) await provider.close();
      for (const name of await readdir(folder)) await stopKept(join(folder, name, 'data'));
      await source.stop({ mode: 'immediate' });
      for (const path of [dataDir, folder]) await rm(path, { recursive: true, force: true });
    },
  };
}

async function askAt<Row extends object>(url: string, port: number, text: string): Promise<Row[]> {
  const at = new URL(url);
  at.port = String(port);
  return onServer(at.href, async (client) => (await client.query<Row>(text)).rows);
}

/** Pids of the servers that work below a folder, be it there or deleted. */
async function postmastersIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc').catch(() => [])).map(Number).filter((pid) => pid > 0);
  const isPostmaster = (pid: number): boolean => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${folder}/`) && command[1] === '-D';
    } catch {
      return false; // it has ended
    }
  };
  return pids.filter(isPostmaster);
}

async function onServer<Value>(url: string, work: (client: pg.Client) => Promise<Value>): Promise<Value> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
