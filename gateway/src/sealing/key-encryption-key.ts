import { GuichetError } from '@guichet/contract';

/** The name of a thing that is sealed, bound to it: what was sealed as one thing opens as nothing else. Never a secret. */
export type Context = string;

/** A key that seals other keys. Never seals anything else, so it can live where it cannot be taken from. */
export interface KeyEncryptionKey {
  /** Stands beside all that it has sealed, and finds it again. */
  readonly id: string;
  wrap(dataKey: Uint8Array, context: Context): Promise<Buffer>;
  /** Rejects with `sealing.broken` when the key, the context or the text is another, `sealing.unavailable` when it cannot be asked. */
  unwrap(wrapped: Uint8Array, context: Context): Promise<Buffer>;
}

/** All keys of the configuration: the first one seals, all of them open. */
export class Keyring {
  readonly current: KeyEncryptionKey;
  readonly #byId: ReadonlyMap<string, KeyEncryptionKey>;

  constructor(keys: readonly [KeyEncryptionKey, ...KeyEncryptionKey[]]) {
    this.current = keys[0];
    this.#byId = new Map(keys.map((key) => [key.id, key]));
  }

  get ids(): string[] {
    return [...this.#byId.keys()];
  }

  /** The key of this id, or `sealing.broken`: it is not in the configuration. */
  get(id: string): KeyEncryptionKey {
    const key = this.#byId.get(id);
    if (key !== undefined) return key;
    throw new GuichetError('sealing.broken', `It was sealed with the key ${id}, which the configuration does not have.`, {
      remedy: `Add that key to 'sealing' in the configuration; it has ${this.ids.join(', ')}.`,
    });
  }
}
