import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Change, formatRequestId, type Principal } from '@guichet/contract';
import type { Bus } from '../db/index.ts';
import type { Caller } from '../identity/index.ts';
import type { RequestRow } from '../requests/index.ts';

/** What comes in such a time is told together. */
const TOGETHER_MS = 200;
/** Readers are told at most so often. */
const PAUSE_MS = 1000;
/** After it could not look, it rests for so long. */
const RETRY_MS = 5000;
/** Of more requests at once it is told that some have changed, not which: policy would be asked about each for each reader. */
const MOST_REQUESTS = 20;
/** Requests of which it is known how they were told last. */
const MOST_KNOWN = 2000;
/** How old what is known of a reader may be when something is shown to them. */
const FRESH_MS = 5000;

/** Kinds that concern everybody. */
type CommonKind = Exclude<Change['kind'], 'open' | 'requests'>;

export interface ChangeReader {
  readonly caller: Caller;
  /** Told of what changed, each time at once; it keeps what it cannot pass on yet. */
  readonly tell: (changes: readonly Change[]) => void;
  /** Their token has ended, or could not be looked at. */
  readonly end: () => void;
}

export interface ChangeHubOptions {
  readonly bus: Bus;
  readonly onError: (error: unknown) => void;
  /** The rows of requests, as they are now. */
  readonly requests: (numbers: readonly string[]) => Promise<readonly RequestRow[]>;
  readonly sees: (principal: Principal, row: RequestRow) => boolean;
  /** Those of the tokens that have not ended, by id. */
  readonly standing: (tokens: ReadonlySet<string>, now: Date) => Promise<ReadonlyMap<string, Caller>>;
}

interface Known {
  readonly caller: Caller;
  readonly at: number;
}

/**
 * Tells all open consoles of this gateway what may have changed. However many there are, news costs two statements: one for
 * the requests that it is about, one for who the readers are by now. Without news it costs none, and without readers neither.
 */
export class ChangeHub {
  readonly #options: ChangeHubOptions;
  readonly #readers = new Map<ChangeReader, Known>();
  /** How each request was told last, oldest first: an event that changes nothing that is listed is no news. */
  readonly #told = new Map<string, string>();
  #numbers = new Set<string>();
  #kinds = new Set<CommonKind>();
  #any = false;
  #timer: NodeJS.Timeout | undefined;
  #working = false;
  #workedAt = Number.NEGATIVE_INFINITY;
  #unsubscribe: (() => void) | undefined;

  constructor(options: ChangeHubOptions) {
    this.#options = options;
  }

  /** Something that concerns everybody is another one by now. */
  changed(kind: CommonKind): void {
    if (this.#readers.size === 0) return;
    this.#kinds.add(kind);
    this.#schedule();
  }

  /** Gives the function that ends it. */
  enter(reader: ChangeReader): () => void {
    this.#readers.set(reader, { caller: reader.caller, at: Date.now() });
    this.#unsubscribe ??= this.#options.bus.subscribeToRequests((number) => this.#ring(number));
    return () => {
      this.#readers.delete(reader);
      if (this.#readers.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#numbers.clear();
      this.#kinds.clear();
      this.#told.clear();
      this.#any = false;
    };
  }

  /** Undefined: any request may have changed. */
  #ring(number: string | undefined): void {
    if (number === undefined || this.#numbers.size >= MOST_REQUESTS) this.#any = true;
    else if (!this.#any) this.#numbers.add(number);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#working) return;
    const wait = Math.max(TOGETHER_MS, this.#workedAt + PAUSE_MS - performance.now());
    this.#timer = setTimeout(() => void this.#work(), wait);
  }

  async #work(): Promise<void> {
    this.#timer = undefined;
    this.#working = true;
    let rest = 0;
    const numbers = this.#any ? [] : [...this.#numbers];
    const common: Change[] = [...this.#kinds].map((kind) => ({ kind }));
    if (this.#any) common.push({ kind: 'requests' });
    this.#numbers = new Set();
    this.#kinds = new Set();
    this.#any = false;
    try {
      await this.#tell(common, await this.#news(numbers));
    } catch (error) {
      this.#options.onError(error);
      rest = RETRY_MS;
      this.#any ||= numbers.length > 0; // nobody was told which: next time everybody is told that some have
      for (const { kind } of common) if (kind !== 'open' && kind !== 'requests') this.#kinds.add(kind);
    }
    this.#working = false;
    this.#workedAt = performance.now() + rest;
    if (this.#readers.size > 0 && (this.#any || this.#numbers.size + this.#kinds.size > 0)) this.#schedule();
  }

  /** Those that are not as they were told last. */
  async #news(numbers: readonly string[]): Promise<readonly RequestRow[]> {
    if (numbers.length === 0) return [];
    const rows = await this.#options.requests(numbers);
    return rows.filter((row) => {
      const now = `${row.state} ${row.updatedAt.getTime()}`;
      const isNew = this.#told.get(row.number) !== now;
      this.#told.delete(row.number);
      this.#told.set(row.number, now);
      if (this.#told.size > MOST_KNOWN) this.#told.delete(this.#told.keys().next().value ?? '');
      return isNew;
    });
  }

  async #tell(common: readonly Change[], rows: readonly RequestRow[]): Promise<void> {
    if (common.length === 0 && rows.length === 0) return;
    await this.#renew();
    for (const [reader, { caller, at }] of [...this.#readers]) {
      if (Date.now() - at > FRESH_MS) {
        reader.end(); // not among those that stand
        continue;
      }
      const seen = rows.filter((row) => this.#options.sees(caller.principal, row));
      const changes: Change[] = [
        ...common,
        ...seen.map(({ number, state }): Change => ({ kind: 'requests', id: formatRequestId(number), state })),
      ];
      if (changes.length > 0) reader.tell(changes);
      await nextTurn(); // many readers, many decisions: others have their turn between them
    }
  }

  /** One statement for all readers of whom too little is known. */
  async #renew(): Promise<void> {
    const now = new Date();
    const old = [...this.#readers].filter(([, { at }]) => now.getTime() - at > FRESH_MS / 2);
    if (old.length === 0) return;
    const standing = await this.#options.standing(new Set(old.map(([{ caller }]) => caller.token.id)), now);
    for (const [reader] of old) {
      const caller = standing.get(reader.caller.token.id);
      if (!this.#readers.has(reader)) continue;
      if (caller === undefined) this.#readers.set(reader, { caller: reader.caller, at: Number.NEGATIVE_INFINITY });
      else this.#readers.set(reader, { caller, at: now.getTime() });
    }
  }
}
