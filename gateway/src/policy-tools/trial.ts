import { createHash } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import type { PolicyFile, PolicyFinding } from '@guichet/contract';
import { PolicySet, type Vocabulary } from '../policy/index.ts';

/** A set that is tried, or what is wrong with it. */
export interface Tried {
  readonly set?: PolicySet | undefined;
  readonly findings: readonly PolicyFinding[];
}

/** What a replay of many pages asks about again and again. */
const MOST_KEPT = 4;
/** The catalogue, and with it what a set may speak of, changes meanwhile. */
const KEPT_MS = 30_000;

/**
 * Parses the sets that callers want tried. A thousand rules hold everything else up for most of a second: so one set is
 * parsed at a time, and then others have their turn for twice as long.
 */
export class Trial {
  readonly #vocabulary: () => Vocabulary;
  readonly #kept = new Map<string, { readonly tried: Tried; readonly until: number }>();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(vocabulary: () => Vocabulary) {
    this.#vocabulary = vocabulary;
  }

  async of(files: readonly PolicyFile[]): Promise<Tried> {
    const key = createHash('sha256').update(JSON.stringify(files)).digest('hex');
    const turn = this.#turn.then(() => this.#parse(key, files));
    this.#turn = turn.then(({ tookMs }) => setTimeout(2 * tookMs, undefined, { ref: false })).catch(() => {});
    return (await turn).tried;
  }

  #parse(key: string, files: readonly PolicyFile[]): { tried: Tried; tookMs: number } {
    const began = performance.now();
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > began) return { tried: known.tried, tookMs: 0 };
    const tried = PolicySet.parse(files, this.#vocabulary());
    const ended = performance.now();
    this.#kept.delete(key);
    this.#kept.set(key, { tried, until: ended + KEPT_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return { tried, tookMs: ended - began };
  }
}
