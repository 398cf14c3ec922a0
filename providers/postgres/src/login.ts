import pg from 'pg';
import type { InstanceSettings } from './config.ts';
import { type Asked, InstanceError, instanceErrorOf } from './instance-error.ts';

/** What our sessions go by on every server. */
export const OWN_NAME = 'guichet';

const CONNECT_MS = 3000;
const STATEMENT_MS = 5000;
const LOCK_MS = 1000;
/** Behind the server's own limit, for a server that has stopped answering. */
const ANSWER_MS = 7000;
const MOST_CONNECTIONS = { observer: 4, actor: 2 } as const;

/** One login of one instance, with a small pool of its own. Nothing that happens to its connections ends the process. */
export class Login {
  readonly #asked: Asked;
  readonly #pool: pg.Pool;

  constructor(settings: InstanceSettings, role: 'observer' | 'actor') {
    this.#asked = { settings, role, login: settings[role] };
    this.#pool = new pg.Pool({ ...clientConfig(this.#asked), max: MOST_CONNECTIONS[role], idleTimeoutMillis: 30_000 });
    // An idle connection that the server ends is replaced when one is needed; without a listener it would be a crash.
    this.#pool.on('error', () => {});
  }

  get user(): string {
    return this.#asked.login.user;
  }

  /** Rejects with an InstanceError when the instance cannot be asked. */
  async query<Row extends object>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    try {
      const { rows } = await this.#pool.query<Row>(text, [...values]);
      return rows;
    } catch (error) {
      throw instanceErrorOf(error, this.#asked) ?? error;
    }
  }

  /** The same in another database of the instance, over a connection of its own. */
  async queryIn<Row extends object>(database: string, text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = new pg.Client({ ...clientConfig(this.#asked), database });
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
