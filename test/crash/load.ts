import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer, Caller, Person } from './caller.ts';
import type { Random } from './random.ts';

/** What a client asked for, and what it was told. */
export interface Asked {
  readonly key: string;
  readonly action: string;
  /** Codes with which it may be refused. */
  readonly mayBeRefused: readonly string[];
  /** The request, once a gateway has acknowledged it. */
  id?: string;
  /** The code of the answer that refused it. */
  refused?: string;
  /** What else was wished for, whether it was granted or not. */
  readonly wished: Set<'approve' | 'reject' | 'withdraw' | 'cancel'>;
}

export interface LoadOptions {
  readonly caller: Caller;
  readonly random: Random;
  /** Between two requests of a client, in ms at most. */
  readonly pauseMs: number;
}

const FREE = [
  ...['once', 'once', 'once-blindly', 'once-blindly', 'again', 'again-observed', 'slowly', 'slowly', 'never', 'refused'],
  ...['late', 'hanging', 'promptly'],
];
const APPROVED = ['approved', 'approved', 'approved-twice'];
/** How long a client waits for the success of what it means to undo. */
const PATIENCE_MS = 8000;

/** People with clients that try again until they know, at whichever replica is there. */
export class Load {
  readonly asked: Asked[] = [];
  readonly #options: LoadOptions;
  #over = false;
  readonly #clients: Promise<void>[] = [];

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  get #strange(): string[] {
    return this.#options.caller.strange;
  }

  start(clients: number): void {
    for (let index = 0; index < clients; index += 1) this.#clients.push(this.#client(this.#options.random.fork()));
  }

  /** No new requests; comes back when each client knows what became of its own. */
  async end(limitMs: number): Promise<void> {
    this.#over = true;
    const limit = new AbortController();
    const late = sleep(limitMs, undefined, { signal: limit.signal }).then(
      () => void this.#strange.push(`clients still had no answer after ${limitMs} ms`),
      () => {},
    );
    await Promise.race([Promise.all(this.#clients), late]);
    limit.abort();
  }

  async #client(random: Random): Promise<void> {
    while (!this.#over) {
      await this.#episode(random).catch((error: unknown) => this.#strange.push(`a client failed: ${String(error)}`));
      await sleep(random.between(0, this.#options.pauseMs));
    }
  }

  #episode(random: Random): Promise<void> {
    const dice = random.next();
    if (dice < 0.12) return this.#forAWhile(random);
    if (dice < 0.18) return this.#toUndo(random);
    if (dice < 0.26) return this.#later(random);
    return this.#usual(random);
  }

  async #usual(random: Random): Promise<void> {
    const name = random.pick(random.chance(0.4) ? APPROVED : FREE);
    const asked = await this.#submit(random, name, { shared: name === 'once' && random.chance(0.3) });
    if (asked.id === undefined) return;
    if (APPROVED.includes(name)) await this.#decide(random, asked, name === 'approved-twice');
    if (random.chance(0.15)) {
      await sleep(random.between(0, 500));
      await this.#wish(random, asked, { who: 'nadia', what: 'cancel' });
    }
  }

  /** It is undone by the clock, and sometimes by its requester at about the same time. */
  async #forAWhile(random: Random): Promise<void> {
    const lastsSeconds = random.between(1, 6);
    const asked = await this.#submit(random, 'put', { more: { lastsSeconds } });
    if (random.chance(0.6) || !(await this.#hasSucceeded(random, asked))) return;
    await sleep(random.between(0, lastsSeconds * 1000));
    await this.#undo(random, asked, 'nadia');
  }

  /** Undone by two people at once, or by one. */
  async #toUndo(random: Random): Promise<void> {
    const asked = await this.#submit(random, 'put');
    if (!(await this.#hasSucceeded(random, asked))) return;
    const by = random.chance(0.5) ? (['nadia', 'amine'] as const) : (['nadia'] as const);
    await Promise.all(by.map((who) => this.#undo(random, asked, who)));
  }

  async #later(random: Random): Promise<void> {
    const startAt = new Date(Date.now() + random.between(2000, 9000)).toISOString();
    // Whoever gets through too late is told so.
    const asked = await this.#submit(random, 'once', { more: { startAt }, mayBeRefused: ['input.invalid'] });
    if (asked.id !== undefined && random.chance(0.1)) await this.#wish(random, asked, { who: 'nadia', what: 'cancel' });
  }

  async #submit(
    random: Random,
    name: string,
    {
      shared = false,
      more = {},
      mayBeRefused = name === 'refused' ? ['action.refused'] : [],
    }: { shared?: boolean; more?: object; mayBeRefused?: readonly string[] } = {},
  ): Promise<Asked> {
    const asked = this.#ask(`counter.${name}`, mayBeRefused);
    const thing = shared ? 'shared' : `thing-${asked.key}`;
    const body = { action: asked.action, environment: 'staging', input: { thing }, reason: 'for the storm', ...more };
    return this.#file(random, asked, { who: 'nadia', path: '/v1/requests', body });
  }

  /** What is being undone already, or was, is not undone again. */
  #undo(random: Random, { id }: Asked, who: Person): Promise<Asked> {
    const asked = this.#ask('counter.take-back', ['request.undone', 'request.not_undoable']);
    return this.#file(random, asked, { who, path: `/v1/requests/${id}/undo`, body: { reason: 'not wanted any more' } });
  }

  #ask(action: string, mayBeRefused: readonly string[]): Asked {
    const asked: Asked = { key: randomUUID(), action, mayBeRefused, wished: new Set() };
    this.asked.push(asked);
    return asked;
  }

  /** Files it, sometimes twice at once with the same key. */
  async #file(random: Random, asked: Asked, { who, path, body }: { who: Person; path: string; body: object }): Promise<Asked> {
    const send = (): Promise<Answer> =>
      this.#options.caller.call(random, who, path, { body, headers: { 'idempotency-key': asked.key } });
    const answers = await Promise.all(random.chance(0.2) ? [send(), send()] : [send()]);
    for (const { status, body: answer } of answers) {
      if (status === 201) asked.id = answer.id ?? '';
      else asked.refused = answer.code ?? String(status);
    }
    const ids = new Set(answers.map(({ body: answer }) => answer.id));
    if (ids.size !== 1) this.#strange.push(`one key gave ${[...ids].join(' and ')}: ${asked.key} (${asked.refused ?? ''})`);
    return asked;
  }

  async #hasSucceeded(random: Random, { id }: Asked): Promise<boolean> {
    const until = performance.now() + PATIENCE_MS;
    while (id !== undefined && performance.now() < until && !this.#over) {
      const { body } = await this.#options.caller.call(random, 'nadia', `/v1/requests/${id}`, { method: 'GET' });
      if (body.state === 'succeeded') return true;
      await sleep(300);
    }
    return false;
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
    const path = `/v1/requests/${asked.id}/${what}`;
    const { status, body } = await this.#options.caller.call(random, who, path, { body: { comment: 'in the storm' } });
    // 409: too late, or done by the call before, whose answer was lost.
    const fine = refused === undefined ? status === 200 || status === 409 : status === refused || status === 409;
    if (!fine) this.#strange.push(`${what} of ${asked.id} by ${who}: ${status} ${body.code ?? ''} ${body.detail ?? ''}`);
  }
}
