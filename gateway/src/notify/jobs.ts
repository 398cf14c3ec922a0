import { randomUUID } from 'node:crypto';
import { type Actor, formatRequestId } from '@guichet/contract';
import { type Job, type JobResult, PgBoss } from 'pg-boss';
import type { Queryable, Transaction } from '../db/index.ts';
import type { News, Outbox, Told } from '../requests/index.ts';
import { type Delivery, deliver, type Webhook } from './webhook.ts';

const EXPIRY = 'request-expiry';
const REVIEW = 'review-reminder';
const DELIVERY = 'webhook-delivery';
const DEAD = 'webhook-undelivered';
/** How often each queue is looked at: no timer here needs to ring sooner, and an idle gateway stays quiet. */
const POLL_SECONDS = 5;

const POLLING = { pollingIntervalSeconds: POLL_SECONDS, batchSize: 20, burstWhenBatchFull: true, perJobResults: true } as const;

export interface JobsOptions {
  readonly url: string;
  readonly webhooks: readonly Webhook[];
  /** Whom ids and groups stand for now. */
  readonly people: (db: Queryable, concerns: readonly string[]) => Promise<Actor[]>;
  readonly onError: (error: unknown) => void;
}

/** What is done when a timer of a request rings. */
export interface Timers {
  readonly expire: (number: string) => Promise<void>;
  readonly remind: (number: string) => Promise<void>;
}

/** Timers and deliveries: pg-boss jobs that are inserted in the transaction of the change that they follow from. */
export class Jobs implements Outbox {
  readonly #boss: PgBoss;
  readonly #webhooks: readonly Webhook[];
  readonly #people: JobsOptions['people'];

  constructor({ url, webhooks, people, onError }: JobsOptions) {
    this.#webhooks = webhooks;
    this.#people = people;
    this.#boss = new PgBoss({
      connectionString: url,
      application_name: 'guichet-jobs',
      schema: 'guichet_jobs',
      max: 2,
      connectionTimeoutMillis: 3000,
      schedule: false,
      superviseIntervalSeconds: 60,
      monitorIntervalSeconds: 60,
      queueCacheIntervalSeconds: 60,
      bamIntervalSeconds: 3600,
      flowIntervalSeconds: 3600,
    });
    this.#boss.on('error', onError);
  }

  /** The queues whose backlog tells how late the world outside is; the last one holds what was given up. */
  readonly queues: readonly string[] = [EXPIRY, REVIEW, DELIVERY, DEAD];

  /** Each is called for a request whose timer rings; it must bear being called late and twice. */
  async start({ expire, remind }: Timers): Promise<void> {
    await this.#boss.start();
    await this.#boss.createQueue(DEAD);
    for (const queue of [EXPIRY, REVIEW])
      await this.#boss.createQueue(queue, {
        retryLimit: 20,
        retryDelay: 5,
        retryBackoff: true,
        expireInSeconds: 60,
        heartbeatSeconds: 10,
      });
    await this.#boss.createQueue(DELIVERY, {
      retryLimit: 12,
      retryDelay: 2,
      retryBackoff: true,
      expireInSeconds: 60,
      heartbeatSeconds: 10,
      deadLetter: DEAD,
    });
    for (const [queue, ring] of [[EXPIRY, expire] as const, [REVIEW, remind] as const])
      await this.#boss.work<{ number: string }, void, typeof POLLING>(queue, POLLING, (jobs) =>
        each(jobs, ({ number }) => ring(number)),
      );
    if (this.#webhooks.length === 0) return;
    await this.#boss.work<{ webhook: string; delivery: Delivery }, void, typeof POLLING>(DELIVERY, POLLING, (jobs) =>
      each(jobs, async ({ webhook: name, delivery }) => {
        const webhook = this.#webhooks.find((known) => known.name === name);
        if (webhook !== undefined) await deliver(webhook, delivery, new Date());
      }),
    );
  }

  async enqueue(tx: Transaction, news: News): Promise<void> {
    for (const { type, actor, data } of news.told) {
      const subscribed = this.#webhooks.filter(({ events }) => events === undefined || events.includes(type));
      if (subscribed.length === 0) continue;
      const event = { type, actor: actor ?? null, data: await this.#withPeople(tx, data) };
      for (const webhook of subscribed) {
        const delivery: Delivery = { id: randomUUID(), event, ...subjectOf(news) };
        await this.#boss.send(DELIVERY, { webhook: webhook.name, delivery: storable(delivery) }, { db: tx });
      }
    }
  }

  /** Receivers cannot look up who is in a team. */
  async #withPeople(tx: Transaction, data: Told['data']): Promise<Told['data']> {
    const { concerns } = data;
    return isTexts(concerns) ? { ...data, people: await this.#people(tx, concerns) } : data;
  }

  async expireLater(tx: Transaction, { number, at }: { number: string; at: Date }): Promise<void> {
    await this.#boss.send(EXPIRY, { number }, { startAfter: at, db: tx });
  }

  async remindLater(tx: Transaction, { number, at }: { number: string; at: Date }): Promise<void> {
    await this.#boss.send(REVIEW, { number }, { startAfter: at, db: tx });
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5000 });
  }
}

function subjectOf(news: News): Pick<Delivery, 'request' | 'schedule'> {
  if ('schedule' in news) {
    const { name, action, environment, reason, ownerId, ownerName } = news.schedule;
    return { schedule: { name, action, environment, reason, owner: { id: ownerId, name: ownerName } } };
  }
  const { action, environment, summary, reason, requesterId, requesterName, number } = news.request;
  const requester = { id: requesterId, name: requesterName };
  return { request: { id: formatRequestId(number), action, environment, summary, reason, requester } };
}

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((each) => typeof each === 'string');

/** Does a batch at once; one that fails is tried again alone, and holds up none of the others. */
function each<Data>(jobs: readonly Job<Data>[], work: (data: Data) => Promise<void>): Promise<JobResult[]> {
  return Promise.all(
    jobs.map(async ({ id, data }): Promise<JobResult> => {
      try {
        await work(data);
        return { id, status: 'completed' };
      } catch (error) {
        return { id, status: 'failed', output: { message: error instanceof Error ? error.message : String(error) } };
      }
    }),
  );
}

/** pg-boss keeps jsonb, which has no NUL and no half of a character; a provider's words may hold both. */
function storable(delivery: Delivery): Delivery {
  const plain = JSON.stringify(delivery, (_, value) =>
    typeof value === 'string' ? value.toWellFormed().replaceAll('\0', '\uFFFD') : value,
  );
  return JSON.parse(plain) as Delivery; // the same shape, with other characters
}
