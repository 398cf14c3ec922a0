import pg from 'pg';
import type { InstanceSettings } from './config.ts';
import { type Asked, InstanceError, instanceErrorOf } from './instance-error.ts';
import type { LoginSettings } from './login-config.ts';

/** What our sessions go by on every server. */
export const OWN_NAME = 'guichet';

const CONNECT_MS = 3000;
const STATEMENT_MS = 5000;
const LOCK_MS = 1000;
/** Behind the server's own limit, for a server that has stopped answering. */
const ANSWER_MS = 7000;
const MOST_CONNECTIONS = { observer: 4, actor: 2, admin: 4, reader: 2, replication: 1 } as const;

/**
 * Whoever owns a database, or a role, decides what its sessions look through for functions. Listed behind other schemas,
 * pg_catalog would let them put theirs in the place of the server's, to be run with our rights: it comes first for us.
 */
const SERVER_FIRST = `select pg_catalog.set_config('search_path', pg_catalog.concat('pg_catalog, ', pg_catalog.current_setting('search_path')), false)
where pg_catalog.current_setting('search_path') operator(pg_catalog.~*) 'pg_catalog'`;

interface AskedOf {
  /** The first of the instance's when absent. */
  readonly database?: string | undefined;
  /** `server`: those of the server and the role, not ours. The answer is waited for no longer than ever. */
  readonly limits?: 'ours' | 'server' | undefined;
}

interface Question extends AskedOf {
  readonly text: string;
  readonly values?: readonly unknown[];
}

/** What a session of its own is for. */
export interface SessionWanted {
  readonly database: string;
  /** The run that it works for: its session can be told by it after a crash. */
  readonly runId?: string;
  /** A statement of it may take so long, in ms; 0: as long as it takes. */
  readonly statementMs: number;
  /** It may wait so long for one lock, in ms. */
  readonly lockMs: number;
  /** When it is aborted, the statement that runs is cancelled. */
  readonly signal: AbortSignal;
}

/** A connection of its own, for work that takes longer than a question or is made of several statements. */
export interface OwnSession {
  readonly pid: number;
  /** Rejects with the error of the driver when the server refuses the statement, else with an InstanceError. */
  query<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same in the protocol in which the server refuses a second statement in the text. */
  alone<Row extends object>(text: string, values?: readonly unknown[]): Promise<Row[]>;
  /** The same of one statement alone, whose rows may have columns of the same name, or none. */
  rows(text: string, values?: readonly unknown[]): Promise<pg.QueryArrayResult<unknown[]>>;
}

/** Asks one thing of the connection that it belongs to. */
export type Ask = <Row extends object>(text: string, values?: readonly unknown[]) => Promise<Row[]>;

/** One login of one instance, with a small pool of its own. Nothing that happens to its connections ends the process. */
export class Login {
  readonly #asked: Asked;
  readonly #pool: pg.Pool;
  #closed = false;

  constructor(settings: InstanceSettings, role: Asked['role'], login: LoginSettings) {
    this.#asked = { settings, role, login };
    this.#pool = new pg.Pool({
      ...clientConfig(this.#asked),
      max: MOST_CONNECTIONS[role],
      idleTimeoutMillis: 30_000,
      onConnect: async (client) => void (await client.query(SERVER_FIRST)),
    });
    // An idle connection that the server ends is replaced when one is needed; without a listener it would be a crash.
    this.#pool.on('error', () => {});
  }

  get user(): string {
    return this.#asked.login.user;
  }

  /**
   * Asks over the pool something that may be asked twice. A connection of the pool that was cut meanwhile (a restart, a
   * failover) shows only when it is used: then it is asked again over a new one, for the rest of the pool is cut as well.
   * Rejects with an InstanceError when the instance cannot be asked.
   */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    // The instance has left the inventory, or is reached in another way by now, and somebody still works with it.
    if (this.#closed) return this.ask<Row>({ text, values });
    try {
      const { rows } = await this.#pool.query<Row>(text, [...values]);
      return rows;
    } catch (error) {
      if (wasCut(error)) return this.ask<Row>({ text, values });
      throw instanceErrorOf(error, this.#asked) ?? error;
    }
  }

  /** Asks once, over a new connection: what has an effect, or what is in another database. Rejects with an InstanceError. */
  async ask<Row extends object>({ text, values, database, limits }: Question): Promise<Row[]> {
    return this.askSeveral((ask) => ask<Row>(text, values), { database, limits });
  }

  /**
   * Lets the work ask several things, each once and one after the other, over a new connection that ends with it. What is
   * asked, and the connection, reject with an InstanceError.
   */
  async askSeveral<Value>(work: (ask: Ask) => Promise<Value>, { database, limits = 'ours' }: AskedOf = {}): Promise<Value> {
    const client = new pg.Client({
      ...clientConfig(this.#asked),
      ...(database !== undefined && { database }),
      ...(limits === 'server' && { statement_timeout: undefined, lock_timeout: undefined }),
    });
    client.on('error', () => {}); // the query that is under way rejects as well
    const rejecting = async <Answer>(answer: Promise<Answer>): Promise<Answer> => {
      try {
        return await answer;
      } catch (error) {
        throw instanceErrorOf(error, this.#asked) ?? error;
      }
    };
    try {
      await rejecting(client.connect());
      await rejecting(client.query(SERVER_FIRST));
      return await work(async <Row extends object>(text: string, values: readonly unknown[] = []) => {
        const { rows } = await rejecting(client.query<Row>(text, [...values]));
        return rows;
      });
    } finally {
      await client.end().catch(() => {});
    }
  }

  /**
   * Opens a session, works with it and ends it, whatever comes of the work. Rejects with an InstanceError when the instance
   * cannot be reached, else with what the work rejects with.
   */
  async session<Value>(wanted: SessionWanted, work: (session: OwnSession) => Promise<Value>): Promise<Value> {
    const { database, runId, statementMs, lockMs, signal } = wanted;
    signal.throwIfAborted();
    const client = new pg.Client({
      ...clientConfig(this.#asked),
      database,
      application_name: ownName(runId),
      statement_timeout: statementMs,
      lock_timeout: lockMs,
      // A server that has stopped answering is noticed by keepalive; what takes long must not look like that.
      keepAliveInitialDelayMillis: 30_000,
      query_timeout: statementMs === 0 ? undefined : statementMs + ANSWER_MS - STATEMENT_MS,
    });
    client.on('error', () => {}); // the query that is under way rejects as well
    let pid = 0;
    const cancel = () => void this.query('select pg_cancel_backend($1)', [pid]).catch(() => {});
    const asking = async <Result>(ask: () => Promise<Result>): Promise<Result> => {
      signal.throwIfAborted();
      try {
        return await ask();
      } catch (error) {
        throw isAnswer(error) ? error : (instanceErrorOf(error, this.#asked) ?? error);
      }
    };
    try {
      await client.connect().catch((error: unknown) => {
        throw instanceErrorOf(error, this.#asked) ?? error;
      });
      await asking(() => client.query(SERVER_FIRST));
      const { rows: own } = await asking(() => client.query<{ pid: number }>('select pg_backend_pid() as pid'));
      pid = own[0]?.pid ?? 0;
      signal.addEventListener('abort', cancel);
      return await work({
        pid,
        query: (text, values = []) => asking(async () => (await client.query(text, [...values])).rows),
        alone: (text, values = []) =>
          asking(async () => {
            const question: pg.QueryConfig & { queryMode: 'extended' } = { text, values: [...values], queryMode: 'extended' };
            return (await client.query(question)).rows;
          }),
        rows: (text, values = []) => asking(() => client.query(extended(text, values))),
      });
    } finally {
      signal.removeEventListener('abort', cancel);
      await client.end().catch(() => {});
    }
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#pool.end();
  }
}

/** What the session of a run goes by, so that it can be told after a crash. */
export function ownName(runId?: string): string {
  return runId === undefined ? OWN_NAME : `${OWN_NAME} ${runId}`;
}

/** Whether a session of that name may be one of ours. */
export function isOwnName(application: string): boolean {
  return application === OWN_NAME || application.startsWith(`${OWN_NAME} `);
}

function extended(text: string, values: readonly unknown[]): pg.QueryArrayConfig & { queryMode: 'extended' } {
  return { text, values: [...values], rowMode: 'array', queryMode: 'extended' };
}

/** The server has refused the statement: the connection itself is well. */
function isAnswer(error: unknown): error is pg.DatabaseError {
  return error instanceof pg.DatabaseError && !['53300', '57P01', '57P02', '57P03'].includes(error.code ?? '');
}

function wasCut(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return code === '57P01' || code === 'ECONNRESET' || code === 'EPIPE' || error.message === 'Connection terminated unexpectedly';
}

/** How the driver reaches an instance, with the limits of a question. */
export function clientConfig({ settings, login }: Asked): pg.ClientConfig {
  const { host, port, databases, tls } = settings;
  return {
    host,
    port,
    database: databases[0],
    user: login.user,
    password: () => readPassword(settings.name, login),
    ssl: typeof tls === 'boolean' ? tls : { ca: tls.ca },
    application_name: OWN_NAME,
    connectionTimeoutMillis: CONNECT_MS,
    statement_timeout: STATEMENT_MS,
    lock_timeout: LOCK_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
  };
}

function readPassword(instance: string, { user, password }: Asked['login']): string {
  try {
    return password();
  } catch (cause) {
    throw new InstanceError(`The password of '${user}' for the instance '${instance}' cannot be read.`, {
      remedy: 'Look at its file, named in the configuration of the provider.',
      passing: false,
      cause,
    });
  }
}
