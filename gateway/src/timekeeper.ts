export interface Clock {
  /** Begins what is due. */
  ring(): Promise<void>;
  /** Resolves when nothing is being done any more. */
  stop(): Promise<void>;
}

/** Rings clocks, every so often, as long as the gateway runs. Each finds out in the database what is due, and waits for no other. */
export class Timekeeper {
  readonly #clocks: readonly Clock[];
  readonly #everyMs: number;
  readonly #onError: (error: unknown) => void;
  readonly #timers = new Map<Clock, NodeJS.Timeout>();
  readonly #rounds = new Map<Clock, Promise<void>>();
  #stopped = false;

  constructor({ clocks, everyMs, onError }: { clocks: readonly Clock[]; everyMs: number; onError: (error: unknown) => void }) {
    this.#clocks = clocks;
    this.#everyMs = everyMs;
    this.#onError = onError;
  }

  start(): void {
    for (const clock of this.#clocks) this.#wind(clock);
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers.values()) clearTimeout(timer);
    await Promise.all(this.#rounds.values());
    await Promise.all(this.#clocks.map((clock) => clock.stop()));
  }

  #wind(clock: Clock): void {
    const ring = (): void => {
      const round = clock.ring().catch(this.#onError);
      this.#rounds.set(
        clock,
        round.finally(() => {
          if (!this.#stopped) this.#wind(clock);
        }),
      );
    };
    this.#timers.set(clock, setTimeout(ring, this.#everyMs));
  }
}
