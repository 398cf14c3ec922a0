/** Does what is due, every so often, as long as the gateway runs. Each work finds out in the database what that is. */
export class Timekeeper {
  readonly #works: readonly (() => Promise<void>)[];
  readonly #everyMs: number;
  readonly #onError: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<unknown> = Promise.resolve();
  #stopped = false;

  constructor({
    works,
    everyMs,
    onError,
  }: { works: readonly (() => Promise<void>)[]; everyMs: number; onError: (error: unknown) => void }) {
    this.#works = works;
    this.#everyMs = everyMs;
    this.#onError = onError;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = Promise.all(this.#works.map((work) => work().catch(this.#onError))).finally(() => {
        if (!this.#stopped) this.start();
      });
    }, this.#everyMs);
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#round;
  }
}
