import pg from 'pg';
import type { InstanceSettings, LoginSettings } from './config.ts';
import { type Asked, InstanceError, instanceErrorOf } from './instance-error.ts';

/** What our sessions go by on every server. */
export const OWN_NAME = 'guichet';

const CONNECT_MS = 3000;
const STATEMENT_MS = 5000;
const LOCK_MS = 1000;
/** Behind the server's own limit, for a server that has stopped answering. */
const ANSWER_MS = 7000;
const MOST_CONNECTIONS = { observer: 4, actor: 2, admin: 4 } as const;

interface Question {
  readonly text: string;
  readonly values?: readonly unknown[];
  /** The first of the instance's when absent. */
  readonly database?: string;
}

/** One login of one instance, with a small pool of its own. Nothing that happens to its connections ends the process. */
export class Login {
  readonly #asked: Asked;
  readonly #pool: pg.Pool;

  constructor(settings: InstanceSettings, role: Asked['role'], login: LoginSettings) {
    this.#asked = { settings, role, login };
    this.#pool = new pg.Pool({ ...clientConfig(this.#asked), max: MOST_CONNECTIONS[role], idleTimeoutMillis: 30_000 });
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
    try {
      const { rows } = await this.#pool.query<Row>(text, [...values]);
      return rows;
    } catch (error) {
      if (wasCut(error)) return this.ask<Row>({ text, values });
      throw instanceErrorOf(error, this.#asked) ?? error;
    }
  }

  /** Asks once, over a new connection: what has an effect, or what is in another database. Rejects with an InstanceError. */
  async ask<Row extends object>({ text, values = [], database }: Question): Promise<Row[]> {
    const client = new pg.Client({ ...clientConfig(this.#asked), ...(database !== undefined && { database }) });
    client.on('error', () => {}); // the query that is under way rejects as well
    try {
      await client.connect();
      const { rows } = await client.query<Row>(text, [...values]);
      return rows;
    } catch (error) {
      throw instanceErrorOf(error, this.#asked) ?? error;
    } finally {
      await client.end().catch(() => {});
    }
  }

  async close(): Promise<void> {
    await this.#pool.end();
  }
}

function wasCut(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const code = 'code' in error ? error.code : undefined;
  return code === '57P01' || code === 'ECONNRESET' || code === 'EPIPE' || error.message === 'Connection terminated unexpectedly';
}

function clientConfig({ settings, login }: Asked): pg.ClientConfig {
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
