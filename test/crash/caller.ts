import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem, Request } from '@guichet/contract';
import type { Random } from './random.ts';

export type Person = 'nadia' | 'amine' | 'paula' | 'sven';

export interface Answer {
  readonly status: number;
  readonly body: Partial<Request & Problem>;
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CallerOptions {
  readonly gateways: readonly string[];
  readonly tokens: Readonly<Record<Person, string>>;
}

/** Whoever has no answer for so long gives up, and that is a finding. */
const LIMIT_MS = 180_000;
/** Answers that say: not now. */
const AGAIN = new Set([429, 500, 502, 503, 504]);

/** Sends a call again, to whichever replica is there, until somebody answers for good. */
export class Caller {
  readonly #options: CallerOptions;
  /** Answers that no client should see. */
  readonly strange: string[] = [];
  /** Calls that were sent again, by why: nobody answered, or not now. */
  readonly repeats = new Map<string, number>();

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  async call(random: Random, who: Person, path: string, { method = 'POST', body, headers = {} }: Call = {}): Promise<Answer> {
    const until = performance.now() + LIMIT_MS;
    for (;;) {
      if (performance.now() > until) {
        this.strange.push(`${path}: nobody has answered for ${LIMIT_MS / 1000} s`);
        return { status: 0, body: {} };
      }
      let why = 'broken';
      const answer = await fetch(`${random.pick(this.#options.gateways)}${path}`, {
        method,
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          authorization: `Bearer ${this.#options.tokens[who]}`,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      })
        .then(async (response): Promise<Answer> => ({ status: response.status, body: (await response.json()) as Answer['body'] }))
        .catch((error: unknown) => {
          // A connection that was refused, or that broke.
          why =
            error instanceof Error && error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : 'broken';
          return undefined;
        });
      if (answer !== undefined && !AGAIN.has(answer.status)) return answer;
      if (answer?.status === 500) this.strange.push(`${path}: 500 ${answer.body.detail ?? ''}`);
      if (answer !== undefined) why = `${answer.status} ${answer.body.code ?? ''}`;
      this.repeats.set(why, (this.repeats.get(why) ?? 0) + 1);
      await sleep(random.between(30, 200));
    }
  }
}
