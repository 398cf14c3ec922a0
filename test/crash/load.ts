import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Problem, Request } from '@guichet/contract';
import type { Random } from './random.ts';

export type Person = 'nadia' | 'amine' | 'paula' | 'sven';

/** What a client asked for, and what it was told. */
export interface Asked {
  readonly key: string;
  readonly action: string;
  /** The request, once a gateway has acknowledged it. */
  id?: string;
  /** The code of the answer that refused it. */
  refused?: string;
  /** What else was wished for, whether it was granted or not. */
  readonly wished: Set<'approve' | 'reject' | 'withdraw' | 'cancel'>;
}

export interface LoadOptions {
  readonly gateways: readonly string[];
  readonly tokens: Readonly<Record<Person, string>>;
  readonly random: Random;
  /** Between two requests of a client, in ms at most. */
  readonly pauseMs: number;
}

const FREE = ['once', 'once', 'once-blindly', 'again', 'again-observed', 'slowly', 'slowly', 'never', 'refused', 'late'];
const APPROVED = ['approved', 'approved', 'approved-twice'];
/** Answers that say: not now. */
const AGAIN = new Set([429, 500, 502, 503, 504]);

interface Answer {
  readonly status: number;
  readonly body: Partial<Request & Problem>;
}

/** People with clients that try again until they know, at whichever replica is there. */
export class Load {
  readonly asked: Asked[] = [];
  /** Answers that no client should see. */
  readonly strange: string[] = [];
  /** Calls that were sent again, by why: nobody answered, or not now. */
  readonly repeats = new Map<string, number>();
  readonly #options: LoadOptions;
  #over = false;
  readonly #clients: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  start(clients: number): void {
    for (let index = 0; index < clients; index += 1) this.#clients.push(this.#client(this.#options.random.fork()));
  }

  /** No new requests; comes back when each client knows what became of its own. */
  async end(limitMs: number): Promise<void> {
    this.#over = true;
    const limit = new AbortController();
    const late = sleep(limitMs, undefined, { signal: limit.signal }).then(
      () => void this.strange.push(`clients still had no answer after ${limitMs} ms`),
      () => {},
    );
    await Promise.race([Promise.all(this.#clients), late]);
    limit.abort();
  }

  async #client(random: Random): Promise<void> {
    while (!this.#over) {
      await this.#episode(random);
      await sleep(random.between(0, this.#options.pauseMs));
    }
  }

  async #episode(random: Random): Promise<void> {
    const name = random.pick(random.chance(0.4) ? APPROVED : FREE);
    const asked: Asked = { key: randomUUID(), action: `counter.${name}`, wished: new Set() };
    this.asked.push(asked);
    const thing = name === 'once' && random.chance(0.3) ? 'shared' : `thing-${asked.key}`;
    const submission = { action: asked.action, environment: 'staging', input: { thing }, reason: 'for the storm' };
    const send = () => this.#call(random, 'nadia', '/v1/requests', submission, { 'idempotency-key': asked.key });
    const answers = await Promise.all(random.chance(0.2) ? [send(), send()] : [send()]);
    for (const { status, body } of answers) {
      if (status === 201) asked.id = body.id ?? '';
      else asked.refused = body.code ?? String(status);
    }
    const ids = new Set(answers.map(({ body }) => body.id));
    if (ids.size !== 1) this.strange.push(`one key gave ${[...ids].join(' and ')}: ${asked.key}`);
    if (asked.id === undefined) return;
    if (APPROVED.includes(name)) await this.#decide(random, asked, name === 'approved-twice');
    if (random.chance(0.15)) {
      await sleep(random.between(0, 500));
      await this.#wish(random, asked, { who: 'nadia', what: 'cancel' });
    }
  }

  async #decide(random: Random, asked: Asked, twice: boolean): Promise<void> {
    const dice = random.next();
    if (random.chance(0.1)) await this.#wish(random, asked, { who: 'nadia', what: 'approve', refused: 403 });
    if (dice < 0.08) return this.#wish(random, asked, { who: 'amine', what: 'reject' });
    if (dice < 0.16) return this.#wish(random, asked, { who: 'nadia', what: 'withdraw' });
    const by = (who: Person) => this.#wish(random, asked, { who, what: 'approve' });
    // At once, through any replica; somebody twice.
    if (dice < 0.5) await Promise.all([by('amine'), by('amine'), ...(twice ? [by('paula')] : [])]);
    else {
      await by('amine');
      if (twice) await by('paula');
    }
    // A rejection that races the approval it comes with.
    if (dice > 0.95) await this.#wish(random, asked, { who: 'paula', what: 'reject' });
  }

  async #wish(
    random: Random,
    asked: Asked,
    { who, what, refused }: { who: Person; what: 'approve' | 'reject' | 'withdraw' | 'cancel'; refused?: number },
  ): Promise<void> {
    if (refused === undefined) asked.wished.add(what);
    const { status, body } = await this.#call(random, who, `/v1/requests/${asked.id}/${what}`, { comment: 'in the storm' });
    // 409: too late, or done by the call before, whose answer was lost.
    const fine = refused === undefined ? status === 200 || status === 409 : status === refused || status === 409;
    if (!fine) this.strange.push(`${what} of ${asked.id} by ${who}: ${status} ${body.code ?? ''} ${body.detail ?? ''}`);
  }

  /** Sent again, at any replica, until somebody answers for good. */
  async #call(random: Random, who: Person, path: string, body: object, headers: Record<string, string> = {}): Promise<Answer> {
    for (;;) {
      let why = 'broken';
      const answer = await fetch(`${random.pick(this.#options.gateways)}${path}`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json', authorization: `Bearer ${this.#options.tokens[who]}` },
        body: JSON.stringify(body),
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
