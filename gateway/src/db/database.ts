import { GuichetError } from '@guichet/contract';
import { SpanKind } from '@opentelemetry/api';
import pg from 'pg';
import { inSpanOfTrace } from '../telemetry/index.ts';

/** A statement with a name: parsed and planned once for each connection. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export function statement(name: string, text: string): Statement {
  return { name, text };
}

/** A statement and its parameters. */
export type Sent = readonly [statement: Statement, values: readonly unknown[]];

export interface Queryable {
  // A row's shape is what the SQL beside the call says; the caller states it.
  query<Row extends object>(statement: Statement, values?: readonly unknown[]): Promise<Row[]>;
}

export interface Transaction extends Queryable {
  /**
   * Sends statements that change nothing (reads, locks) without waiting for the one before, at the beginning of a
   * transaction also without waiting for its begin. The server does one after the other, each with a snapshot of its own.
   * The rows of the last one.
   */
  queryAhead<Row extends object>(...statements: readonly Sent[]): Promise<Row[]>;
  /** Runs after the commit, and only then: this is where others are told. Must not throw. */
  afterCommit(effect: () => void): void;
  /** For libraries that write in our transaction (pg-boss). */
  executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
}

/** Of a statement its name is told, never its values; of a transaction that it was one. */
const DB_SPAN = { kind: SpanKind.CLIENT, attributes: { 'db.system.name': 'postgresql' } } as const;

export interface DatabaseOptions {
  readonly url: string;
  readonly poolSize: number;
  readonly onError: (error: Error) => void;
  /** How long a statement may take, in seconds; 10 when absent. An operator at a terminal waits longer than a caller does. */
  readonly statementSeconds?: number;
}

/**
 * The gateway's PostgreSQL. A database that is away is a `database.unavailable` within the connection timeout (3 s), one
 * that is frozen within the query timeout (12 s as a rule): callers are refused clearly instead of queueing up.
 */
export class Database implements Queryable {
  readonly pool: pg.Pool;

  constructor({ url, poolSize, onError, statementSeconds = 10 }: DatabaseOptions) {
    this.pool = new pg.Pool({
      connectionString: url,
      max: poolSize,
      connectionTimeoutMillis: 3000,
      idleTimeoutMillis: 60_000,
      application_name: 'guichet',
      // A server that is frozen refuses nothing and closes nothing: only our own clock ends the wait for it.
      query_timeout: (statementSeconds + 2) * 1000,
      // Statements can be sent before the one ahead of them is answered: who does so is named above.
      pipeline: true,
      // A transaction that is forgotten would hold its row locks and stall vacuum for ever. The locks of a gateway that is
      // cut off from its database are gone before the leases of its runs are over: see worker.leaseSeconds.
      options: `-c idle_in_transaction_session_timeout=5000 -c statement_timeout=${statementSeconds * 1000}`,
    });
    this.pool.on('error', onError);
    // A connection that dies between two statements says so by an event, and with nobody listening that would end the
    // process; the pool listens only while nobody uses it. The next statement on it fails, and the pool lets go of it.
    this.pool.on('connect', (client) => client.on('error', () => {}));
  }

  query<Row extends object>(statement: Statement, values: readonly unknown[] = []): Promise<Row[]> {
    return inSpanOfTrace(`db ${statement.name}`, DB_SPAN, () => this.#query<Row>(statement, values));
  }

  async #query<Row extends object>(statement: Statement, values: readonly unknown[]): Promise<Row[]> {
    try {
      const result = await this.pool.query<Row>({ ...statement, values: [...values] });
      return result.rows;
    } catch (error) {
      throw asDatabaseError(error);
    }
  }

  /** Reads, sent together over one connection: one after the other, each with a snapshot of its own, in one round trip. */
  queryTogether<Rows extends readonly object[]>(
    ...statements: { [Index in keyof Rows]: Sent }
  ): Promise<{
    [Index in keyof Rows]: Rows[Index][];
  }> {
    const name = statements.map(([{ name: each }]) => each).join('+');
    return inSpanOfTrace(`db ${name}`, DB_SPAN, async () => {
      const client = await this.pool.connect().catch((error: unknown) => {
        throw asDatabaseError(error);
      });
      let broken: Error | undefined;
      try {
        const results = await Promise.all(statements.map((each) => send(client, each)));
        // A row's shape is what the SQL beside the call says; the caller states it.
        return results.map(({ rows }) => rows) as { [Index in keyof Rows]: Rows[Index][] };
      } catch (error) {
        broken = error instanceof Error ? error : new Error(String(error)); // others may be under way on it
        throw asDatabaseError(error);
      } finally {
        client.release(broken);
      }
    });
  }

  transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return inSpanOfTrace('db transaction', DB_SPAN, () => this.#transaction(work));
  }

  async #transaction<Result>(work: (tx: Transaction) => Promise<Result>): Promise<Result> {
    const effects: (() => void)[] = [];
    const result = await this.#committed(work, effects);
    // The connection is free by now: what is woken goes on with it while it is warm.
    for (const effect of effects) effect();
    return result;
  }

  async #committed<Result>(work: (tx: Transaction) => Promise<Result>, effects: (() => void)[]): Promise<Result> {
    const client = await this.pool.connect().catch((error: unknown) => {
      throw asDatabaseError(error);
    });
    let broken: Error | undefined;
    try {
      const begun = client.query('begin');
      begun.catch(() => {}); // told by whatever waits for it, below at the latest
      const result = await work(transactionOn(client, { begun, effects }));
      await begun;
      await client.query('commit').catch((error: unknown) => {
        throw asCommitError(error);
      });
      return result;
    } catch (error) {
      // Behind a statement without an answer a rollback would wait as long again: the connection is dropped instead.
      if (error instanceof Error && isUnanswered(error)) broken = error;
      else
        await client.query('rollback').catch((rollbackError: Error) => {
          broken = rollbackError;
        });
      throw asDatabaseError(error);
    } finally {
      client.release(broken);
    }
  }

  async close(): Promise<void> {
    // From here on a connection that breaks is no news.
    this.pool.removeAllListeners('error').on('error', () => {});
    await this.pool.end();
  }
}

function send<Row extends object>(client: pg.ClientBase, [statement, values]: Sent): Promise<pg.QueryResult<Row>> {
  return client.query<Row>({ ...statement, values: [...values] });
}

/** What changes something waits for the begin: outside of a transaction it could not be taken back. */
function transactionOn(
  client: pg.PoolClient,
  { begun, effects }: { begun: Promise<unknown>; effects: (() => void)[] },
): Transaction {
  return {
    query: async <Row extends object>(statement: Statement, values: readonly unknown[] = []) => {
      await begun;
      return (await send<Row>(client, [statement, values])).rows;
    },
    queryAhead: async <Row extends object>(...statements: readonly Sent[]) => {
      const [, ...results] = await Promise.all([begun, ...statements.map((each) => send<Row>(client, each))]);
      return results.at(-1)?.rows ?? [];
    },
    executeSql: async (text, values) => {
      await begun;
      return client.query(text, values);
    },
    afterCommit: (effect) => effects.push(effect),
  };
}

/** Lost connections, no room, no right to write (a standby), and what PostgreSQL stopped to protect itself. */
const UNAVAILABLE = /^(08|53|57P0|57014|25006|25P0[34]|40001|40P01|55P03)/;
/** Errors of the network and of the driver that come before a statement was sent. */
const UNSENT =
  /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|timeout exceeded when trying to connect|Cannot use a pool after/;
const BROKEN =
  /Query read timeout|ECONNRESET|ETIMEDOUT|EPIPE|Connection terminated|Client has encountered a connection error|not queryable/;

/** The error of `query_timeout`, or one made of it. */
function isUnanswered(error: Error): boolean {
  return error.message === 'Query read timeout' || (error.cause instanceof Error && isUnanswered(error.cause));
}

/** A lost or missing database becomes `database.unavailable`; every other error stays what it is. */
export function asDatabaseError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof GuichetError) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const text = `${code} ${error.message}`;
  const unsent = UNSENT.test(text);
  if (!unsent && !UNAVAILABLE.test(code) && !BROKEN.test(text)) return error;
  return new GuichetError(
    'database.unavailable',
    `The database of the gateway does not answer${unsent ? '; nothing was done' : ''}.`,
    {
      remedy: 'Try again in a few seconds. If it lasts, tell the team that runs Guichet.',
      cause: error,
    },
  );
}

/** A commit whose answer was lost may have happened. */
function asCommitError(error: unknown): unknown {
  const known = asDatabaseError(error);
  if (!(known instanceof GuichetError)) return known;
  return new GuichetError(
    'database.unavailable',
    'The database went away in the middle of a commit: it may have been done, or not.',
    {
      remedy: 'Look before you do it again; with an Idempotency-Key a repeat is safe.',
      cause: error,
    },
  );
}
