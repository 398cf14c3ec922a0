import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import type { Database } from '../db/index.ts';
import { decrypt, encrypt } from './aead.ts';
import { type Envelope, open, seal } from './envelope.ts';
import type { Context, Keyring } from './key-encryption-key.ts';
import { insertRoot, loadRoot } from './store.ts';

const ROOT: Context = 'root';
const SALT_BYTES = 16;
const DERIVED = 'gs1.';

/**
 * Keeps secrets at rest. Two ways, one root of trust (the keys of the configuration):
 * - `sealForStorage`: an envelope with a data key of its own, which the key of the configuration seals. For what lives in
 *   the database and is worth most: secret inputs, keys that sign.
 * - `seal` and `mac`: at once and without asking anybody, with keys that are derived from the root secret of this
 *   installation, which is itself such an envelope. For what comes often and lives shortly: cookies, states, digests.
 */
export class Sealer {
  readonly #keyring: Keyring;
  readonly #root: Buffer;
  readonly #macKeys = new Map<string, Buffer>();

  private constructor(keyring: Keyring, root: Buffer) {
    this.#keyring = keyring;
    this.#root = root;
  }

  /**
   * Opens the root secret of the installation, or makes it. It is the check that these are the keys that sealed: with
   * others the gateway does not start (`config.invalid`), for nothing that is sealed could be opened.
   */
  static async start({ db, keyring }: { db: Database; keyring: Keyring }): Promise<Sealer> {
    let envelope = await loadRoot(db);
    if (envelope === undefined) {
      await insertRoot(db, await seal(keyring, ROOT, randomBytes(32)));
      envelope = await loadRoot(db); // of two that start at once one has won
    }
    if (envelope === undefined) throw new GuichetError('internal', 'The root secret was neither stored nor found.');
    return new Sealer(keyring, await openRoot(keyring, envelope));
  }

  /**
   * Seals for a purpose, such as `cookie:session`; a text of `A-Za-z0-9_-.`, about 45 bytes longer than the content in
   * base64. What carries no time of its own never gets old: put one into the content.
   */
  seal(purpose: string, plain: Uint8Array | string): string {
    const salt = randomBytes(SALT_BYTES);
    const box = encrypt(this.#derived(`seal ${purpose}`, salt), Buffer.from(plain), purpose);
    return DERIVED + Buffer.concat([salt, box]).toString('base64url');
  }

  /** What was sealed for the purpose; undefined for anything else. */
  open(purpose: string, sealed: string): Buffer | undefined {
    if (!sealed.startsWith(DERIVED)) return undefined;
    const bytes = Buffer.from(sealed.slice(DERIVED.length), 'base64url');
    // One text, one meaning: Node's decoder ignores what is not base64url.
    if (bytes.length < SALT_BYTES || DERIVED + bytes.toString('base64url') !== sealed) return undefined;
    return decrypt(this.#derived(`seal ${purpose}`, bytes.subarray(0, SALT_BYTES)), bytes.subarray(SALT_BYTES), purpose);
  }

  /** `hmac-sha256:` and hex: the same for the same text, and nothing from which even a weak secret could be guessed. */
  mac(purpose: string, text: Uint8Array | string): string {
    let key = this.#macKeys.get(purpose);
    if (key === undefined) {
      key = this.#derived(`mac ${purpose}`, Buffer.alloc(0));
      this.#macKeys.set(purpose, key);
    }
    return `hmac-sha256:${createHmac('sha256', key).update(text).digest('hex')}`;
  }

  /** Rejects with `sealing.unavailable` when the key cannot be asked. Not inside a transaction: the key may be far away. */
  sealForStorage(context: Context, plain: Uint8Array | string): Promise<Envelope> {
    return seal(this.#keyring, context, Buffer.from(plain));
  }

  /** Rejects with `sealing.broken` when it is not what was sealed as this, `sealing.unavailable` as above. */
  openStored(context: Context, envelope: Envelope): Promise<Buffer> {
    return open(this.#keyring, context, envelope);
  }

  #derived(info: string, salt: Buffer): Buffer {
    return Buffer.from(hkdfSync('sha256', this.#root, salt, `guichet ${info}`, 32));
  }
}

async function openRoot(keyring: Keyring, envelope: Envelope): Promise<Buffer> {
  try {
    return await open(keyring, ROOT, envelope);
  } catch (error) {
    if (!(error instanceof GuichetError) || error.code !== 'sealing.broken') throw error;
    const has = keyring.ids.join(', ');
    const message = keyring.ids.includes(envelope.key)
      ? `The database does not open with the sealing key ${envelope.key}: its root secret was changed.`
      : `The database is sealed with the key ${envelope.key}; the configuration has ${has}.`;
    throw new GuichetError('config.invalid', message, {
      remedy: "Give 'sealing' in the configuration the key that this database was sealed with, beside or instead of that one.",
      cause: error,
    });
  }
}
