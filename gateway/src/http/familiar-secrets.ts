import { createHash } from 'node:crypto';

/** So many people and machines at one gateway at a time; each costs a hundred bytes. */
const MOST = 20_000;

/**
 * Secrets that were given out here, or taken here before. While somebody floods us with unknown ones from an address, who
 * shares that address with them and brings one of these is looked up as ever. Being familiar opens nothing by itself.
 */
export class FamiliarSecrets {
  readonly #hashes = new Set<string>();

  add(secret: string): void {
    const hash = hashOf(secret);
    this.#hashes.delete(hash); // the one used last is forgotten last
    this.#hashes.add(hash);
    if (this.#hashes.size <= MOST) return;
    const [oldest] = this.#hashes;
    if (oldest !== undefined) this.#hashes.delete(oldest);
  }

  has(secret: string): boolean {
    return this.#hashes.has(hashOf(secret));
  }

  delete(secret: string): void {
    this.#hashes.delete(hashOf(secret));
  }
}

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64');
