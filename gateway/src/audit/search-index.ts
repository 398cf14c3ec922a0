import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, statement } from '../db/index.ts';
import { SettledReader } from './settled.ts';

export const SEARCH_CURSOR = 'search';
const BATCH = 500;
const LEASE_SECONDS = 15;
/** While events come they are taken a second's worth at a time; while none do, it looks seldom, so that idle is quiet. */
const BUSY_MS = 1000;
const IDLE_MS = 5000;

const PARTS = statement('audit-search-parts', 'select make_audit_search_parts($1, $2)');
/** Again after a crash between this and the move of the cursor: then they are there already. */
const STORE = statement(
  'audit-search-store',
  `insert into audit_search (at, id, terms)
   select e.at, e.id, audit_terms(e.type, e.actor_id, e.actor_name, e.action, e.environment, e.resource, e.request, e.outcome, e.data)
   from unnest($1::timestamptz[], $2::bigint[]) k (at, id) join audit_events e on e.at = k.at and e.id = k.id
   on conflict do nothing`,
);

/** Makes what the search looks through, of settled events, a moment after they were written: at one replica at a time. */
export class SearchIndex {
  readonly #db: Database;
  readonly #reader: SettledReader;
  readonly #onError: (error: unknown) => void;
  readonly #stop = new AbortController();
  /** Months whose parts are known to be there, as 2026-11. */
  readonly #months = new Set<string>();
  #running: Promise<void> | undefined;

  constructor({ db, holder, onError }: { db: Database; holder: string; onError: (error: unknown) => void }) {
    this.#db = db;
    this.#reader = new SettledReader({ db, name: SEARCH_CURSOR, holder, leaseSeconds: LEASE_SECONDS });
    this.#onError = onError;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#reader.letGo().catch(() => {}); // the lease ends by itself
  }

  /** Takes one batch; gives how many events there were. */
  async step(): Promise<number> {
    const batch = await this.#reader.take(BATCH);
    if (batch === undefined || batch.events.length === 0) return 0;
    const times = batch.events.map(({ at }) => at).sort();
    try {
      await this.#makeParts(times);
      await this.#db.query(STORE, [batch.events.map(({ at }) => at), batch.events.map(({ id }) => id)]);
    } catch (error) {
      this.#months.clear(); // an archive may have taken a part away: the next step looks again
      throw error;
    }
    await batch.advance();
    return batch.events.length;
  }

  async #makeParts(times: readonly string[]): Promise<void> {
    const months = times.map((time) => time.slice(0, 7)).filter((month) => !this.#months.has(month));
    if (months.length === 0) return;
    await this.#db.query(PARTS, [times[0], times.at(-1)]);
    for (const month of months) this.#months.add(month);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const started = performance.now();
      const count = await this.step().catch((error: unknown) => {
        this.#onError(error);
        return 0;
      });
      // Those who write come first: after a full batch it rests for as long as that took.
      const pause = count === BATCH ? performance.now() - started : count > 0 ? BUSY_MS : IDLE_MS;
      await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }
}
