export interface Clock {
  /** A condition of SQL: something is due. Asked every tick of every gateway, so it is to be answered by an index. */
  readonly due: string;
  /** Begins what is due. */
  ring(): Promise<void>;
  /** Resolves when nothing is being done any more. */
  stop(): Promise<void>;
}

/** Rings clocks when something is due by them. Whoever looks at the tables anyway asks for all of them: each waits for no other. */
export class Timekeeper {
  readonly #clocks: readonly Clock[];
  readonly #onError: (error: unknown) => void;
  readonly #rounds = new Map<Clock, Promise<void>>();
  #stopped = false;

  constructor({ clocks, onError }: { clocks: readonly Clock[]; onError: (error: unknown) => void }) {
    this.#clocks = clocks;
    this.#onError = onError;
  }

  /** What is to be asked: one condition for each clock. */
  get conditions(): readonly string[] {
    return this.#clocks.map(({ due }) => due);
  }

  /** The answers, in the order of the conditions. A clock that still rings is left alone: what is due stays so. */
  ring(due: readonly boolean[]): void {
    if (this.#stopped) return;
    for (const [index, clock] of this.#clocks.entries()) {
      if (due[index] !== true || this.#rounds.has(clock)) continue;
      const round = clock
        .ring()
        .catch(this.#onError)
        .finally(() => this.#rounds.delete(clock));
      this.#rounds.set(clock, round);
    }
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#rounds.values());
    await Promise.all(this.#clocks.map((clock) => clock.stop()));
  }
}
