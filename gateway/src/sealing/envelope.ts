import { randomBytes } from 'node:crypto';
import { GuichetError } from '@guichet/contract';
import { decrypt, encrypt } from './aead.ts';
import type { Context, Keyring } from './key-encryption-key.ts';

/** Something sealed, as it is stored: plain JSON. Bytes are base64. */
export interface Envelope {
  readonly v: 1;
  /** What it is, and where it belongs. */
  readonly for: Context;
  /** Id of the key that has sealed the data key. */
  readonly key: string;
  /** The data key, sealed. */
  readonly wrapped: string;
  /** The content, sealed with the data key. */
  readonly box: string;
}

const aboutContent = (context: Context): string => `guichet sealed v1\n${context}`;

/** Seals with a data key of its own, made for this one thing. */
export async function seal(keyring: Keyring, context: Context, plain: Uint8Array): Promise<Envelope> {
  const dataKey = randomBytes(32);
  const { current } = keyring;
  const box = encrypt(dataKey, plain, aboutContent(context));
  const wrapped = await current.wrap(dataKey, context);
  return { v: 1, for: context, key: current.id, wrapped: wrapped.toString('base64'), box: box.toString('base64') };
}

/** What was sealed as this. Rejects with `sealing.broken` or `sealing.unavailable`. */
export async function open(keyring: Keyring, context: Context, envelope: Envelope): Promise<Buffer> {
  if (envelope.v !== 1 || envelope.for !== context) throw misplaced(context);
  const dataKey = await keyring.get(envelope.key).unwrap(Buffer.from(envelope.wrapped, 'base64'), context);
  const plain = decrypt(dataKey, Buffer.from(envelope.box, 'base64'), aboutContent(context));
  if (plain === undefined) throw misplaced(context);
  return plain;
}

/** The same content under the key that seals now; the same envelope when it is already. */
export async function rewrap(keyring: Keyring, envelope: Envelope): Promise<Envelope> {
  const { current } = keyring;
  if (envelope.key === current.id) return envelope;
  const dataKey = await keyring.get(envelope.key).unwrap(Buffer.from(envelope.wrapped, 'base64'), envelope.for);
  const wrapped = await current.wrap(dataKey, envelope.for);
  return { ...envelope, key: current.id, wrapped: wrapped.toString('base64') };
}

function misplaced(context: Context): GuichetError {
  return new GuichetError(
    'sealing.broken',
    `What was sealed as ${context} does not open: it was changed, or belongs elsewhere.`,
    {
      remedy: 'Tell the team that runs Guichet: somebody has changed its database.',
    },
  );
}
