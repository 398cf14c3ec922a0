import { formatDuration } from '@guichet/contract';

/** So long before the end it is said, in seconds. */
const BEFORE = [600, 120];
/** A timer cannot wait longer. */
const LONGEST_MS = 2_147_483_647;

/** Says that something ends soon, in time to put it off. */
export class EndWarnings {
  readonly #request: string;
  readonly #say: (text: string) => void;
  #timers: NodeJS.Timeout[] = [];

  constructor(request: string, say: (text: string) => void) {
    this.#request = request;
    this.#say = say;
  }

  /** It ends so many seconds from now; null when nobody knows. What was to be said of an earlier end is not. */
  set(seconds: number | null): void {
    this.stop();
    if (seconds === null) return;
    this.#timers = BEFORE.filter((before) => before < seconds && (seconds - before) * 1000 < LONGEST_MS).map((before) =>
      setTimeout(() => this.#warn(before), (seconds - before) * 1000),
    );
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers = [];
  }

  #warn(seconds: number): void {
    this.#say(
      `${this.#request} ends in ${formatDuration(seconds)}. To keep it longer: guichet requests extend ${this.#request} --for 1h`,
    );
  }
}
