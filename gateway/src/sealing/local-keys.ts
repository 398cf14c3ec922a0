import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GuichetError } from '@guichet/contract';
import { whyUnreadable } from '../findings/index.ts';
import { decrypt, encrypt } from './aead.ts';
import type { Context, KeyEncryptionKey } from './key-encryption-key.ts';

const KEY_BYTES = 32;

/** A key that this process holds itself, from a file or an environment variable. */
export class LocalKey implements KeyEncryptionKey {
  readonly id: string;
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
    // Tells keys apart and says nothing of them: a MAC under the key itself.
    this.id = `local:${createHmac('sha256', key).update('guichet sealing key id').digest('hex').slice(0, 16)}`;
  }

  async wrap(dataKey: Uint8Array, context: Context): Promise<Buffer> {
    return encrypt(this.#key, dataKey, this.#about(context));
  }

  async unwrap(wrapped: Uint8Array, context: Context): Promise<Buffer> {
    const dataKey = decrypt(this.#key, wrapped, this.#about(context));
    if (dataKey !== undefined) return dataKey;
    throw new GuichetError(
      'sealing.broken',
      `What was sealed as ${context} does not open: it was changed, or belongs elsewhere.`,
    );
  }

  #about(context: Context): string {
    return `guichet wrapped key v1\n${this.id}\n${context}`;
  }
}

type Keys = readonly [LocalKey, ...LocalKey[]];

/** Keys as a text has them: 32 bytes in base64 each, apart by white space or commas; `#` begins a comment. */
export function parseKeys(text: string, where: string): Keys {
  const words = text
    .split('\n')
    .map((line) => line.replace(/#.*$/, ''))
    .join('\n')
    .split(/[\s,]+/)
    .filter((word) => word !== '');
  const keys = words.map((word, index) => {
    const bytes = /^[A-Za-z0-9+/_-]{43}=?$/.test(word) ? Buffer.from(word, 'base64') : undefined;
    // The text itself is not repeated: it may be a key with a slip of the pen.
    if (bytes?.length !== KEY_BYTES)
      throw new GuichetError('config.invalid', `${where}: entry ${index + 1} is not a key: 32 bytes in base64.`, {
        remedy: 'Make one with: openssl rand -base64 32',
      });
    return new LocalKey(bytes);
  });
  const [first, ...rest] = keys;
  if (first === undefined)
    throw new GuichetError('config.invalid', `${where} holds no key.`, { remedy: 'Make one with: openssl rand -base64 32' });
  return [first, ...rest];
}

/** The keys of a file. One that is not there is made, mode 0600, when `make` says so: what it would open must not be lost to a slip in a path. */
export async function loadKeyFile(path: string, { make }: { make: boolean }): Promise<Keys> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && make) return undefined;
    throw new GuichetError('config.invalid', `The sealing key ${path} cannot be read: ${whyUnreadable(error)}.`, {
      remedy: "Check 'sealing' in the configuration, and who may read the file.",
    });
  });
  return parseKeys(text ?? (await makeKeyFile(path)), path);
}

async function makeKeyFile(path: string): Promise<string> {
  const text = `${randomBytes(KEY_BYTES).toString('base64')}\n`;
  const draft = `${path}.${randomUUID()}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    // Of two gateways that start at once one wins, and nobody ever reads half a file.
    await link(draft, path);
    return text;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return await readFile(path, 'utf8');
    throw new GuichetError('config.invalid', `The sealing key ${path} cannot be written.`, {
      remedy: 'Set sealing.keyFile to where this account may write, or name a key with sealing.keyFromEnv or sealing.kms.',
      cause: error,
    });
  } finally {
    await unlink(draft).catch(() => {}); // it may not have been written
  }
}
