import { formatDuration, GuichetError } from '@guichet/contract';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { statement, type Transaction } from '../db/index.ts';
import type { ActionLimit, LimitsConfig } from './config.ts';

const LOCK = statement('limit-lock', 'select pg_advisory_xact_lock(hashtextextended($1, 0))');
/** When the oldest of the last `max` requests was filed, if there are so many in the window; how long until it leaves it. */
const WAIT = statement(
  'limit-wait',
  `select ceil(extract(epoch from created_at + make_interval(secs => $3) - clock_timestamp()) * 1000)::float8 as "waitMs" from requests
   where (action = $1 or ($2::text is not null and action like $2)) and ($4::text is null or requester_id = $4)
   order by number desc offset $5 limit 1`,
);

/**
 * Rate limits. Calls and reads are counted in the memory of each gateway; requests for writes are counted in the database,
 * under a lock: exact, however many gateways there are.
 */
export class Limits {
  readonly #config: LimitsConfig;
  readonly #calls: RateLimiterMemory;
  readonly #reads: ReadonlyMap<ActionLimit, RateLimiterMemory>;

  constructor(config: LimitsConfig) {
    this.#config = config;
    this.#calls = new RateLimiterMemory({ points: config.calls.max, duration: config.calls.per / 1000 });
    this.#reads = new Map(
      config.actions.map((rule) => [rule, new RateLimiterMemory({ points: rule.max, duration: rule.per / 1000 })]),
    );
  }

  /** Counts a call of the principal; throws `rate.limited`. */
  async call(principalId: string): Promise<void> {
    const { max, per } = this.#config.calls;
    await consume(this.#calls, principalId, `You make more than ${max} calls in ${formatDuration(per / 1000)}.`);
  }

  /** Counts a read of an action; throws `rate.limited`. */
  async read(action: string, principalId: string): Promise<void> {
    for (const rule of this.#rulesOf(action)) {
      const limiter = this.#reads.get(rule);
      if (limiter !== undefined) await consume(limiter, rule.of === 'each' ? principalId : '', wording(rule));
    }
  }

  /** Inside the transaction that files a request: throws `rate.limited` when it would be one too many. */
  async submission(tx: Transaction, { action, principalId }: { action: string; principalId: string }): Promise<void> {
    for (const rule of this.#rulesOf(action)) {
      const counted = rule.of === 'each' ? principalId : null;
      await tx.query(LOCK, [`limit:${rule.action}:${counted ?? '*'}`]);
      const prefix = rule.action.endsWith('.*') ? `${rule.action.slice(0, -1).replace(/[%_\\]/g, '\\$&')}%` : null;
      const values = [rule.action, prefix, rule.per / 1000, counted, rule.max - 1];
      const waitMs = (await tx.query<{ waitMs: number }>(WAIT, values))[0]?.waitMs ?? 0;
      if (waitMs > 0) throw limited(wording(rule), waitMs);
    }
  }

  #rulesOf(action: string): ActionLimit[] {
    return this.#config.actions.filter((rule) =>
      rule.action.endsWith('.*') ? action.startsWith(rule.action.slice(0, -1)) : rule.action === action,
    );
  }
}

function wording({ action, max, per, of }: ActionLimit): string {
  return `${action} is limited to ${max} in ${formatDuration(per / 1000)} ${of === 'each' ? 'for each caller' : 'for all callers together'}.`;
}

async function consume(limiter: RateLimiterMemory, key: string, message: string): Promise<void> {
  try {
    await limiter.consume(key);
  } catch (refusal) {
    if (!(refusal instanceof RateLimiterRes)) throw refusal;
    throw limited(message, refusal.msBeforeNext);
  }
}

/** `details.retryAfterSeconds` is sent as retry-after. */
function limited(message: string, waitMs: number): GuichetError {
  const retryAfterSeconds = Math.max(1, Math.ceil(waitMs / 1000));
  return new GuichetError('rate.limited', message, {
    remedy: `Try again in ${formatDuration(retryAfterSeconds)}.`,
    details: { retryAfterSeconds },
  });
}
