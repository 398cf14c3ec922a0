import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { type HeldKey, loadAuditKeys } from '../../src/audit/audit-keys.ts';
import { LogSealer } from '../../src/audit/log-sealer.ts';
import { type Verified, type VerifyOptions, verifyLog } from '../../src/audit/verify-log.ts';
import { Database, migrate } from '../../src/db/index.ts';
import { Keyring, Sealer } from '../../src/sealing/index.ts';
import { parseKeys } from '../../src/sealing/local-keys.ts';

/** An audit log without a gateway, which the test writes and seals by itself. */
export interface TestLog {
  readonly db: Database;
  readonly database: TestDatabase;
  readonly vault: Sealer;
  readonly sealer: LogSealer;
  /** Any SQL, as a superuser; `tampering` with triggers disabled. */
  sql<Row extends object>(text: string): Promise<Row[]>;
  tamper(text: string): Promise<void>;
  /** Writes so many events, each in a transaction of its own, and seals them under one head. */
  write(count: number): Promise<void>;
  keys(): Promise<HeldKey[]>;
  verify(options?: VerifyOptions): Promise<Verified>;
  /** A sealer on a connection of its own. */
  anotherSealer(options?: { batch?: number }): Promise<LogSealer>;
  close(): Promise<void>;
}

export async function testLog(): Promise<TestLog> {
  const database = await testDatabase();
  await migrate(database.url);
  const db = new Database({ url: database.url, poolSize: 4, onError: () => {} });
  const vault = await Sealer.start({ db, keyring: new Keyring(parseKeys(Buffer.alloc(32, 9).toString('base64'), 'the test')) });
  const clients: pg.Client[] = [];
  const connect = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    clients.push(client);
    return client;
  };
  const keys = (): Promise<HeldKey[]> => loadAuditKeys(db, vault);
  const client = await connect();
  const sealer = new LogSealer({ client: await connect(), keys });
  let written = 0;
  return {
    db,
    database,
    vault,
    sealer,
    keys,
    sql: async <Row extends object>(text: string) => (await client.query<Row>(text)).rows,
    tamper: async (text) => {
      await client.query(`set session_replication_role = replica; ${text}; set session_replication_role = origin`);
    },
    write: async (count) => {
      for (let index = 0; index < count; index++)
        await client.query(
          `insert into audit_events (type, actor_id, actor_name, outcome, data) values ('test.event', 'user:a', 'Ana "A"', 'ok', $1)`,
          [JSON.stringify({ number: ++written, text: 'ligne\n"é"' })],
        );
      await sealer.seal();
    },
    verify: (options) => verifyLog(db, options),
    anotherSealer: async (options = {}) => new LogSealer({ client: await connect(), keys, ...options }),
    close: async () => {
      for (const each of clients) await each.end();
      await db.close();
      await database.drop();
    },
  };
}
