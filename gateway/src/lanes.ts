/** So many lanes at a time; the one that waits longest comes next. */
const MOST_LANES = 8;
/** After so long a lane gives way, though it has more to do. */
const TURN_MS = 30_000;

export interface Lane<Item> {
  /** The next one that is due, for this caller alone; undefined when there is none. */
  take(): Promise<Item | undefined>;
  work(item: Item): Promise<void>;
}

/**
 * Does what is due one after the other in each lane, and the lanes at the same time: a provider that does not answer delays
 * what waits for it, and nothing else. One that fails in a way that nobody foresaw is told, and holds up none behind it.
 */
export class Lanes {
  readonly #onError: (error: unknown) => void;
  readonly #busy = new Map<string, Promise<void>>();
  #stopped = false;

  constructor({ onError }: { onError: (error: unknown) => void }) {
    this.#onError = onError;
  }

  /** Nothing when the lane is busy, or too many are: the next call comes soon. */
  start<Item>(name: string, lane: Lane<Item>): void {
    if (this.#stopped || this.#busy.has(name) || this.#busy.size >= MOST_LANES) return;
    const done = this.#run(lane)
      .catch(this.#onError)
      .finally(() => this.#busy.delete(name));
    this.#busy.set(name, done);
  }

  /** Takes no more; resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#busy.values());
  }

  async #run<Item>({ take, work }: Lane<Item>): Promise<void> {
    const until = performance.now() + TURN_MS;
    while (!this.#stopped && performance.now() < until) {
      const item = await take();
      if (item === undefined) return;
      await work(item).catch(this.#onError);
    }
  }
}
