import type { Caller, Tokens } from './tokens.ts';

/** How old what is known of a caller may be when something is shown to them. */
const FRESH_MS = 5000;
/** How often it is renewed meanwhile: sooner, so that nothing that is to be shown has to wait for it. */
const RENEW_MS = 3500;

export interface StandingCaller {
  /** Who it is by now, as of 5 s ago at most; throws `token.*` when the token has ended since. */
  readonly now: () => Promise<Caller>;
  /** Forgets them. */
  readonly leave: () => void;
}

interface Held {
  caller: Caller;
  at: number;
}

/**
 * Those whose calls last. All of their tokens are verified anew by one statement every few seconds, and not when there is
 * news for them: three hundred who watch the same thing would ask for three hundred tokens before they were shown it.
 */
export class StandingCallers {
  readonly #tokens: Tokens;
  readonly #onError: (error: unknown) => void;
  readonly #renewMs: number;
  readonly #held = new Set<Held>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor({ tokens, onError, renewMs = RENEW_MS }: StandingCallersOptions) {
    this.#tokens = tokens;
    this.#onError = onError;
    this.#renewMs = renewMs;
  }

  /** Begins with a caller that has just been verified. */
  enter(caller: Caller): StandingCaller {
    const held: Held = { caller, at: Date.now() };
    this.#held.add(held);
    this.#timer ??= setInterval(() => void this.#renew(), this.#renewMs).unref();
    const now = async (): Promise<Caller> => {
      // The round is late, or found that the token has ended: then who asks is told so, and is shown nothing.
      if (Date.now() - held.at > FRESH_MS) {
        const at = Date.now();
        held.caller = await this.#tokens.reverify(held.caller, new Date());
        held.at = at;
      }
      return held.caller;
    };
    const leave = (): void => {
      this.#held.delete(held);
      if (this.#held.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
    return { now, leave };
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const at = Date.now(); // what is read after it is at least as new
    const held = [...this.#held];
    try {
      const standing = await this.#tokens.standing(new Set(held.map(({ caller }) => caller.token.id)), new Date(at));
      for (const one of held) {
        const caller = standing.get(one.caller.token.id);
        if (caller === undefined)
          one.at = 0; // ended: whatever comes next asks, and learns why
        else if (one.at <= at) Object.assign(one, { caller, at });
      }
    } catch (error) {
      this.#onError(error);
    }
    this.#renewing = false;
  }
}

export interface StandingCallersOptions {
  readonly tokens: Tokens;
  /** A round that failed: whoever is shown something then waits for a look of their own. */
  readonly onError: (error: unknown) => void;
  /** 3.5 s when absent. */
  readonly renewMs?: number;
}
