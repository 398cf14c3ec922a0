import { createHash } from 'node:crypto';
import type { PolicyFile, PolicyFinding } from '@guichet/contract';
import { PolicySet, type Vocabulary } from '../policy/index.ts';
import type { Turns } from './turns.ts';

/** A set that is tried, or what is wrong with it. */
export interface Tried {
  readonly set?: PolicySet | undefined;
  readonly findings: readonly PolicyFinding[];
}

/** What a replay of many pages asks about again and again. */
const MOST_KEPT = 4;
/** The catalogue, and with it what a set may speak of, changes meanwhile. */
const KEPT_MS = 30_000;

/** The sets that callers want tried. A thousand rules take most of a second to parse. */
export class Trial {
  readonly #vocabulary: () => Vocabulary;
  readonly #turns: Turns;
  readonly #kept = new Map<string, { readonly tried: Tried; readonly until: number }>();

  constructor({ vocabulary, turns }: { vocabulary: () => Vocabulary; turns: Turns }) {
    this.#vocabulary = vocabulary;
    this.#turns = turns;
  }

  async of(files: readonly PolicyFile[]): Promise<Tried> {
    const key = createHash('sha256').update(JSON.stringify(files)).digest('hex');
    return this.#turns.take(() => this.#parse(key, files));
  }

  #parse(key: string, files: readonly PolicyFile[]): Tried {
    const now = performance.now();
    const known = this.#kept.get(key);
    if (known !== undefined && known.until > now) return known.tried;
    const tried = PolicySet.parse(files, this.#vocabulary());
    this.#kept.delete(key);
    this.#kept.set(key, { tried, until: now + KEPT_MS });
    const [oldest] = this.#kept.keys();
    if (this.#kept.size > MOST_KEPT && oldest !== undefined) this.#kept.delete(oldest);
    return tried;
  }
}
