/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  return hash >>> 0;
}

/** Which runs a file may have, in four bytes each: so that files need not be read for a run that they do not have. */
export class RunIndex {
  readonly #hashes: Uint32Array;

  constructor(runs: Iterable<string>) {
    this.#hashes = Uint32Array.from(runs, hashOf).sort();
  }

  /** False is certain. */
  mayHave(run: string): boolean {
    const wanted = hashOf(run);
    let [from, to] = [0, this.#hashes.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      // The middle of a range that is not empty is in it.
      if ((this.#hashes[middle] as number) < wanted) from = middle + 1;
      else to = middle;
    }
    return this.#hashes[from] === wanted;
  }
}
