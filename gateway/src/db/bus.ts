import { randomUUID } from 'node:crypto';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import pg from 'pg';
import type { Database, Queryable, Statement } from './database.ts';
import { statement } from './database.ts';

const CHANNEL = 'guichet';
const PAYLOAD_BYTES = 7000; // PostgreSQL refuses 8000 and more
const NOTIFY: Statement = statement('bus-notify', `select pg_notify('${CHANNEL}', $1)`);

/**
 * `queue`: something can be claimed. `request:42`: request 42 has new events. `cancel:42`: somebody wants its run stopped.
 * `grant-keys`: other keys sign, or are published.
 */
export type Topic = 'queue' | 'grant-keys' | `request:${string}` | `cancel:${string}`;
export type Listener = () => void;
/** Told the number of a request with new events; undefined when messages may have been lost. */
export type RequestListener = (number: string | undefined) => void;

export interface BusOptions {
  readonly url: string;
  readonly database: Database;
  readonly onError: (error: Error) => void;
}

/**
 * Tells all replicas that something is new: NOTIFY from a statement of its own after the commit (inside the writing
 * transaction it would serialise all commits), many topics in one. It carries no facts: whoever wakes reads the tables
 * by its own cursor, so a lost message costs time and nothing else; after each reconnection everybody is woken.
 */
export class Bus {
  readonly #options: BusOptions;
  /** First word of our own payloads: what comes back from ourselves has been heard already. */
  readonly #id = randomUUID();
  readonly #listeners = new Map<Topic, Set<Listener>>();
  readonly #requestListeners = new Set<RequestListener>();
  #pending = new Set<Topic>();
  #flushing = false;
  #client: pg.Client | undefined;
  #closed = false;
  #retry: NodeJS.Timeout | undefined;

  constructor(options: BusOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    await this.#connect();
  }

  /** Wakes the listeners here at once, and those of other replicas by NOTIFY. */
  publish(topic: Topic): void {
    // What is woken is work of its own: it is no part of the call that brought the news, nor of its trace.
    context.with(ROOT_CONTEXT, () => {
      this.#wake(topic);
      this.#pending.add(topic);
      if (this.#flushing) return;
      this.#flushing = true;
      queueMicrotask(() => void this.#flush()); // what is told in the same moment goes with it
    });
  }

  /** Returns the function that ends the subscription. */
  subscribe(topic: Topic, listener: Listener): () => void {
    const set = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0) this.#listeners.delete(topic);
    };
  }

  /** For whoever wants to know of all requests. Returns the function that ends it. */
  subscribeToRequests(listener: RequestListener): () => void {
    this.#requestListeners.add(listener);
    return () => this.#requestListeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#client?.end().catch(() => {});
  }

  #wake(topic: Topic): void {
    for (const listener of this.#listeners.get(topic) ?? []) listener();
    if (this.#requestListeners.size === 0 || !topic.startsWith('request:')) return;
    const number = topic.slice('request:'.length);
    for (const listener of this.#requestListeners) listener(number);
  }

  async #flush(): Promise<void> {
    while (this.#pending.size > 0 && !this.#closed) {
      const topics = [...this.#pending];
      this.#pending = new Set();
      for (const payload of payloads(topics)) {
        await this.#options.database
          .query(NOTIFY, [`${this.#id} ${payload}`])
          .catch((error: Error) => this.#options.onError(error));
      }
    }
    this.#flushing = false;
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#options.url,
      application_name: 'guichet-bus',
      keepAlive: true,
      connectionTimeoutMillis: 3000,
    });
    client.on('error', (error) => this.#options.onError(error));
    client.on('end', () => this.#reconnect());
    client.on('notification', ({ payload }) => {
      const [id, ...topics] = (payload ?? '').split(' ');
      if (id === this.#id) return;
      // The payload was written by payloads() below.
      for (const topic of topics as Topic[]) this.#wake(topic);
    });
    try {
      await client.connect();
      await client.query(`listen ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    this.#client = client;
    if (this.#closed) await client.end();
  }

  #reconnect(): void {
    if (this.#closed) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.#connect().then(
        () => {
          for (const topic of this.#listeners.keys()) this.#wake(topic);
          for (const listener of this.#requestListeners) listener(undefined);
        },
        (error: Error) => {
          this.#options.onError(error);
          this.#reconnect();
        },
      );
    }, 500);
  }
}

/**
 * Wakes all replicas when the transaction commits, our own bus too. For what is rare: a NOTIFY inside a transaction makes
 * commits wait for each other.
 */
export async function notifyAll(tx: Queryable, topic: Topic): Promise<void> {
  await tx.query(NOTIFY, [`transaction ${topic}`]);
}

function payloads(topics: readonly Topic[]): string[] {
  const result: string[] = [];
  let current = '';
  for (const topic of topics) {
    if (current.length + topic.length + 1 > PAYLOAD_BYTES) {
      result.push(current);
      current = '';
    }
    current = current === '' ? topic : `${current} ${topic}`;
  }
  return [...result, current];
}
