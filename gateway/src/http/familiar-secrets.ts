import { hash } from 'node:crypto';

/** So many people and machines at one gateway at a time; each costs a hundred bytes. */
const MOST = 20_000;

/**
 * Secrets that were given out here, or taken here before. While somebody floods us with unknown ones from an address, who
 * shares that address with them and brings one of these is looked up as ever. Being familiar opens nothing by itself.
 */
export class FamiliarSecrets {
  readonly #hashes = new Set<string>();

  add(secret: string): void {
    this.#hashes.add(hashOf(secret));
    if (this.#hashes.size <= MOST) return;
    const [oldest] = this.#hashes;
    if (oldest !== undefined) this.#hashes.delete(oldest);
  }

  has(secret: string): boolean {
    const known = hashOf(secret);
    if (!this.#hashes.delete(known)) return false;
    this.#hashes.add(known); // the one used last is forgotten last
    return true;
  }

  delete(secret: string): void {
    this.#hashes.delete(hashOf(secret));
  }
}

const hashOf = (secret: string): string => hash('sha256', secret, 'base64');
