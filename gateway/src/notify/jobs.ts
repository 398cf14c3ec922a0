import { randomUUID } from 'node:crypto';
import { formatRequestId } from '@guichet/contract';
import { type Job, PgBoss } from 'pg-boss';
import type { Transaction } from '../db/index.ts';
import type { Outbox } from '../requests/index.ts';
import { type Delivery, deliver, type Webhook } from './webhook.ts';

const EXPIRY = 'request-expiry';
const DELIVERY = 'webhook-delivery';
const DEAD = 'webhook-undelivered';
/** How often each queue is looked at: no timer here needs to ring sooner, and an idle gateway stays quiet. */
const POLL_SECONDS = 5;

export interface JobsOptions {
  readonly url: string;
  readonly webhooks: readonly Webhook[];
  readonly onError: (error: unknown) => void;
}

/** Timers and deliveries: pg-boss jobs that are inserted in the transaction of the change that they follow from. */
export class Jobs implements Outbox {
  readonly #boss: PgBoss;
  readonly #webhooks: readonly Webhook[];

  constructor({ url, webhooks, onError }: JobsOptions) {
    this.#webhooks = webhooks;
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

  /** `expire` is called for each request whose timer rings; it must bear being called late and twice. */
  async start(expire: (number: string) => Promise<void>): Promise<void> {
    await this.#boss.start();
    await this.#boss.createQueue(DEAD);
    await this.#boss.createQueue(EXPIRY, {
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
    const options = { pollingIntervalSeconds: POLL_SECONDS, batchSize: 20 } as const;
    await this.#boss.work(EXPIRY, options, async (jobs: Job<{ number: string }>[]) => {
      for (const { data } of jobs) await expire(data.number);
    });
    if (this.#webhooks.length === 0) return;
    await this.#boss.work(
      DELIVERY,
      { ...options, batchSize: 1 },
      async (jobs: Job<{ webhook: string; delivery: Delivery }>[]) => {
        for (const { data } of jobs) {
          const webhook = this.#webhooks.find(({ name }) => name === data.webhook);
          if (webhook !== undefined) await deliver(webhook, data.delivery, new Date());
        }
      },
    );
  }

  async enqueue(tx: Transaction, { request, told }: Parameters<Outbox['enqueue']>[1]): Promise<void> {
    for (const webhook of this.#webhooks) {
      for (const { type, actor, data } of told) {
        if (webhook.events !== undefined && !webhook.events.includes(type)) continue;
        const { action, environment, summary, reason, requesterId, requesterName, number } = request;
        const delivery: Delivery = {
          id: randomUUID(),
          event: { type, actor: actor ?? null, data },
          request: {
            id: formatRequestId(number),
            action,
            environment,
            summary,
            reason,
            requester: { id: requesterId, name: requesterName },
          },
        };
        await this.#boss.send(DELIVERY, { webhook: webhook.name, delivery }, { db: tx });
      }
    }
  }

  async expireLater(tx: Transaction, { number, at }: { number: string; at: Date }): Promise<void> {
    await this.#boss.send(EXPIRY, { number }, { startAfter: at, db: tx });
  }

  async stop(): Promise<void> {
    await this.#boss.stop({ graceful: true, timeout: 5000 });
  }
}
