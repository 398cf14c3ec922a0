import { formatDuration } from '@guichet/contract';
import { type Queryable, statement, type Transaction } from '../db/index.ts';
import type { ActionLimit, LimitsConfig } from './config.ts';
import { limited, Throttle } from './throttle.ts';

const LOCK = statement('limit-lock', 'select pg_advisory_xact_lock(hashtextextended($1, 0))');
/** When the oldest of the last `max` requests was filed, if there are so many in the window; how long until it leaves it. */
const WAIT = statement(
  'limit-wait',
  `select ceil(extract(epoch from created_at + make_interval(secs => $3) - clock_timestamp()) * 1000)::float8 as "waitMs" from requests
   where (action = $1 or ($2::text is not null and action like $2)) and ($4::text is null or requester_id = $4)
   order by number desc offset $5 limit 1`,
);

/** Streams of one principal at a time, at each gateway: each holds memory, and asks the database as long as it lasts. */
const MOST_STREAMS = 500;
const STREAM_RETRY_MS = 5000;

/**
 * Rate limits. Calls and reads are counted in the memory of each gateway; requests for writes are counted in the database,
 * under a lock: exact, however many gateways there are.
 */
export class Limits {
  readonly #config: LimitsConfig;
  readonly #calls: Throttle;
  readonly #reads: ReadonlyMap<ActionLimit, Throttle>;
  readonly #streams = new Map<string, number>();

  constructor(config: LimitsConfig) {
    this.#config = config;
    const { max, per } = config.calls;
    this.#calls = new Throttle({
      message: `You make more than ${max} calls in ${formatDuration(per / 1000)}.`,
      max,
      seconds: per / 1000,
    });
    this.#reads = new Map(
      config.actions.map((rule) => [rule, new Throttle({ message: wording(rule), max: rule.max, seconds: rule.per / 1000 })]),
    );
  }

  /** Counts a call of the principal; throws `rate.limited`. */
  call(principalId: string): Promise<void> {
    return this.#calls.take(principalId);
  }

  /** Counts a stream of the principal until what it gives is called; throws `rate.limited`. */
  stream(principalId: string): () => void {
    const open = this.#streams.get(principalId) ?? 0;
    if (open >= MOST_STREAMS) throw limited(`You have ${MOST_STREAMS} streams of events open.`, STREAM_RETRY_MS);
    this.#streams.set(principalId, open + 1);
    return () => {
      const left = (this.#streams.get(principalId) ?? 1) - 1;
      if (left === 0) this.#streams.delete(principalId);
      else this.#streams.set(principalId, left);
    };
  }

  /** Counts a read of an action; throws `rate.limited`. */
  async read(action: string, principalId: string): Promise<void> {
    for (const rule of this.#rulesOf(action)) await this.#reads.get(rule)?.take(rule.of === 'each' ? principalId : '');
  }

  /** Throws `rate.limited` when a request for the action would be one too many by now; counts nothing. */
  async mayFile(db: Queryable, { action, principalId }: { action: string; principalId: string }): Promise<void> {
    for (const rule of this.#rulesOf(action)) await this.#refuseAboveLimit(db, rule, { principalId });
  }

  /** Inside the transaction that files a request: throws `rate.limited` when it would be one too many. */
  async submission(tx: Transaction, { action, principalId }: { action: string; principalId: string }): Promise<void> {
    for (const rule of this.#rulesOf(action)) {
      await tx.query(LOCK, [`limit:${rule.action}:${rule.of === 'each' ? principalId : '*'}`]);
      await this.#refuseAboveLimit(tx, rule, { principalId });
    }
  }

  async #refuseAboveLimit(db: Queryable, rule: ActionLimit, { principalId }: { principalId: string }): Promise<void> {
    const counted = rule.of === 'each' ? principalId : null;
    const prefix = rule.action.endsWith('.*') ? `${rule.action.slice(0, -1).replace(/[%_\\]/g, '\\$&')}%` : null;
    const values = [rule.action, prefix, rule.per / 1000, counted, rule.max - 1];
    const waitMs = (await db.query<{ waitMs: number }>(WAIT, values))[0]?.waitMs ?? 0;
    if (waitMs > 0) throw limited(wording(rule), waitMs);
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
