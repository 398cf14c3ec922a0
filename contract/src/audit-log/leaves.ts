import type { Hash } from './merkle.ts';

const HASH_BYTES = 32;
/** Events are looked at page by page; what is found of one page may need the hashes of the page before. */
const PAGES = 3;

/** The hashes of events as the log keeps them, as far as they were read last. */
export class LeafPages {
  readonly #pages: { readonly start: number; readonly hashes: Buffer }[] = [];

  /** `start` is the index of the first of them. */
  add(start: number, hashes: Buffer): void {
    this.#pages.push({ start, hashes });
    if (this.#pages.length > PAGES) this.#pages.shift();
  }

  readonly at = (index: number): Hash | undefined => {
    const page = this.#pages.find(({ start, hashes }) => index >= start && index < start + hashes.length / HASH_BYTES);
    return page?.hashes.subarray((index - page.start) * HASH_BYTES, (index - page.start + 1) * HASH_BYTES);
  };
}
