import type { SharedMetric } from './metric-table.ts';

export interface Sample {
  readonly name: SharedMetric;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads what all replicas share. Rejects when the database is away. */
export type Reading = () => Promise<readonly Sample[]>;

/** Scrapes that come closer together share one look at the database. */
const FRESH_MS = 5000;
/** A scrape waits no longer for a database: what it knows without is more worth in time. */
const PATIENCE_MS = 1500;

/** The last look at what all replicas share, taken when somebody asks and it is not fresh. */
export class SharedGauges {
  readonly #readings: readonly Reading[];
  readonly #now: () => number;
  #looking: Promise<void> | undefined;
  #samples: readonly Sample[] | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(readings: readonly Reading[], now: () => number = () => performance.now()) {
    this.#readings = readings;
    this.#now = now;
  }

  /** Undefined when the database did not answer in time: what is old is not shown as new. */
  async current(): Promise<readonly Sample[] | undefined> {
    if (this.#now() - this.#lookedAt < FRESH_MS) return this.#samples;
    // One look at a time: a database that is frozen must not gather a look for each scrape.
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    const { promise, resolve } = Promise.withResolvers<'late'>();
    const timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    const outcome = await Promise.race([this.#looking, promise]);
    clearTimeout(timer);
    return outcome === 'late' ? undefined : this.#samples;
  }

  async #look(): Promise<void> {
    try {
      this.#samples = (await Promise.all(this.#readings.map((read) => read()))).flat();
    } catch {
      this.#samples = undefined; // readyz and the log say why
    }
    this.#lookedAt = this.#now();
  }
}
