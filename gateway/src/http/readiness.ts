import { setTimeout as sleep } from 'node:timers/promises';

/** Who has asked within this time decides by the answer where calls go. */
const WATCHED_MS = 60_000;

export type Ready = { readonly status: 'ready' } | { readonly status: 'not ready' | 'draining'; readonly why: string };

/** What /readyz says, and for how long it says so before the door closes. */
export class Readiness {
  readonly #hindrance: () => Promise<string | undefined>;
  readonly #closing = new AbortController();
  #askedAt = Number.NEGATIVE_INFINITY;

  /** `hindrance`: what keeps the gateway from serving, in a sentence; undefined when nothing does. */
  constructor(hindrance: () => Promise<string | undefined>) {
    this.#hindrance = hindrance;
  }

  /** Aborted from the moment that the gateway is told to stop: it still serves, and keeps no connection. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  async ask(): Promise<Ready> {
    this.#askedAt = performance.now();
    if (this.closing.aborted) return { status: 'draining', why: 'This gateway is stopping.' };
    const why = await this.#hindrance();
    return why === undefined ? { status: 'ready' } : { status: 'not ready', why };
  }

  /**
   * Says from now on that the gateway is stopping. Comes back at once where nobody asks, else after `announceMs`: by then
   * those who ask send their calls elsewhere, and none of them finds a closed door.
   */
  async announce(announceMs: number): Promise<void> {
    this.#closing.abort();
    if (performance.now() - this.#askedAt < WATCHED_MS) await sleep(announceMs);
  }
}
