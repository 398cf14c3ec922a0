/** The root: nothing has matched. */
export const START = 0;

/** Called for each place where a pattern ends: `[start, end)` in the text; start is negative where an earlier text began it. */
export type OnMatch = (start: number, end: number) => void;

/**
 * Finds all of many patterns in one walk over a text (Aho and Corasick 1975): time grows with the length of the text
 * alone, however many patterns there are and however they overlap, and a walk can be interrupted and go on with the next
 * text. Typed arrays and no objects, for the patterns of a long secret have a hundred thousand nodes.
 */
export class Automaton {
  readonly #unit: Uint16Array;
  readonly #firstChild: Int32Array;
  readonly #sibling: Int32Array;
  readonly #fallback: Int32Array;
  readonly #depth: Int32Array;
  /** Length of the longest pattern that ends here; 0: none. */
  readonly #ends: Int32Array;
  readonly #top = new Map<number, number>();
  #size = 1;

  constructor(patterns: readonly string[]) {
    const capacity = 1 + patterns.reduce((sum, { length }) => sum + length, 0);
    this.#unit = new Uint16Array(capacity);
    this.#firstChild = new Int32Array(capacity);
    this.#sibling = new Int32Array(capacity);
    this.#fallback = new Int32Array(capacity);
    this.#depth = new Int32Array(capacity);
    this.#ends = new Int32Array(capacity);
    for (const pattern of patterns) this.#insert(pattern);
    this.#link();
  }

  /** How many of the last letters are the beginning of a pattern. */
  depth(state: number): number {
    return this.#depth[state] ?? 0;
  }

  /** Walks over a text from a state; the state after it. */
  walk(text: string, state: number, onMatch: OnMatch): number {
    let at = state;
    for (let index = 0; index < text.length; index += 1) {
      at = this.#next(at, folded(text.charCodeAt(index)));
      const length = this.#ends[at] ?? 0;
      if (length > 0) onMatch(index + 1 - length, index + 1);
    }
    return at;
  }

  #next(from: number, unit: number): number {
    let at = from;
    for (;;) {
      const child = this.#child(at, unit);
      if (child !== START) return child;
      if (at === START) return START;
      at = this.#fallback[at] ?? START;
    }
  }

  #child(parent: number, unit: number): number {
    if (parent === START) return this.#top.get(unit) ?? START;
    let child = this.#firstChild[parent] ?? START;
    while (child !== START && this.#unit[child] !== unit) child = this.#sibling[child] ?? START;
    return child;
  }

  #insert(pattern: string): void {
    let at = START;
    for (let index = 0; index < pattern.length; index += 1) {
      const unit = folded(pattern.charCodeAt(index));
      const known = this.#child(at, unit);
      at = known === START ? this.#add(at, unit) : known;
    }
    this.#ends[at] = pattern.length;
  }

  #add(parent: number, unit: number): number {
    const node = this.#size;
    this.#size += 1;
    this.#unit[node] = unit;
    this.#depth[node] = this.depth(parent) + 1;
    this.#sibling[node] = this.#firstChild[parent] ?? START;
    this.#firstChild[parent] = node;
    if (parent === START) this.#top.set(unit, node);
    return node;
  }

  /** Where to go on when a letter does not fit: to the longest other beginning that ends in what was read. */
  #link(): void {
    const queue = new Int32Array(this.#size);
    let filled = 1; // the root
    for (let taken = 0; taken < filled; taken += 1) {
      const parent = queue[taken] ?? START;
      for (let child = this.#firstChild[parent] ?? START; child !== START; child = this.#sibling[child] ?? START) {
        queue[filled] = child;
        filled += 1;
        const fallback = parent === START ? START : this.#next(this.#fallback[parent] ?? START, this.#unit[child] ?? 0);
        this.#fallback[child] = fallback;
        if (this.#ends[child] === 0) this.#ends[child] = this.#ends[fallback] ?? 0;
      }
    }
  }
}

/** Letters of either case alike, and base64 and base64url alike: what is masked too often harms nobody. */
function folded(unit: number): number {
  if (unit >= 0x41 && unit <= 0x5a) return unit + 0x20;
  if (unit === 0x2d) return 0x2b; // - to +
  return unit === 0x5f ? 0x2f : unit; // _ to /
}
