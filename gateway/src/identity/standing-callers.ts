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

/** What is known of a token, for all calls that came with it. */
interface Held {
  caller: Caller;
  at: number;
  calls: number;
  /** Somebody asks already. */
  asking: Promise<Caller> | undefined;
}

/**
 * Those whose calls last. All of their tokens are verified anew by one statement every few seconds, and not when there is
 * news for them: three hundred who watch the same thing would ask for three hundred tokens before they were shown it.
 */
export class StandingCallers {
  readonly #tokens: Tokens;
  readonly #onError: (error: unknown) => void;
  readonly #renewMs: number;
  readonly #held = new Map<string, Held>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor({ tokens, onError, renewMs = RENEW_MS }: StandingCallersOptions) {
    this.#tokens = tokens;
    this.#onError = onError;
    this.#renewMs = renewMs;
  }

  /** Begins with a caller that has just been verified. */
  enter(caller: Caller): StandingCaller {
    const { id } = caller.token;
    const held: Held = this.#held.get(id) ?? { caller, at: 0, calls: 0, asking: undefined };
    Object.assign(held, { caller, at: Date.now(), calls: held.calls + 1 });
    this.#held.set(id, held);
    this.#timer ??= setInterval(() => void this.#renew(), this.#renewMs).unref();
    // The round is late, or found that the token has ended: then who asks is told so, and is shown nothing.
    const now = async (): Promise<Caller> => (Date.now() - held.at > FRESH_MS ? this.#ask(held) : held.caller);
    let left = false;
    const leave = (): void => {
      if (left) return;
      left = true;
      held.calls -= 1;
      if (held.calls === 0) this.#held.delete(id);
      if (this.#held.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
    return { now, leave };
  }

  /** One look for all calls of a token that want to know in the same moment. */
  #ask(held: Held): Promise<Caller> {
    const ask = async (): Promise<Caller> => {
      const at = Date.now();
      const caller = await this.#tokens.reverify(held.caller, new Date(at));
      if (held.at <= at) Object.assign(held, { caller, at });
      return held.caller;
    };
    held.asking ??= ask().finally(() => {
      held.asking = undefined;
    });
    return held.asking;
  }

  async #renew(): Promise<void> {
    if (this.#renewing) return;
    this.#renewing = true;
    const at = Date.now(); // what is read after it is at least as new
    const held = [...this.#held.values()];
    try {
      const standing = await this.#tokens.standing(new Set(this.#held.keys()), new Date(at));
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
