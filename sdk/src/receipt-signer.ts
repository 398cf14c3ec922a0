import type { ReceiptClaims, ReceiptKey, SuccessionClaims } from '@guichet/contract';
import { GuichetError } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import { ImportSecretKeyFactory, SignFactory } from 'paseto/v4/public';

const protocol = new PublicProtocol(SignFactory, ImportSecretKeyFactory);
const SECRET = /^k4\.secret\.([A-Za-z0-9_-]{86})$/;

/** What signs the receipts of a provider, and what its manifest says of it. */
export interface ReceiptSigner {
  /** Rejects when the secret is no key of Ed25519. */
  published(): Promise<ReceiptKey>;
  /** A PASETO v4.public token. */
  sign(claims: ReceiptClaims): Promise<string>;
}

/** The public half of a `k4.secret` PASERK, and its id. Throws `config.invalid` for anything else. */
export function publicHalf(secret: string): { kid: string; paserk: string } {
  const bytes = Buffer.from(SECRET.exec(secret)?.[1] ?? '', 'base64url');
  if (bytes.length !== 64) {
    throw new GuichetError('config.invalid', 'The key for receipts is not a PASERK of an Ed25519 secret key.', {
      remedy: 'It must be k4.secret. and 86 characters of base64url, as generateReceiptKey() makes it.',
    });
  }
  const paserk = `k4.public.${bytes.subarray(32).toString('base64url')}`;
  return { kid: digestOf(paserk).slice('sha256:'.length, 'sha256:'.length + 16), paserk };
}

/** Signs with a key of this very provider. Nothing expires: a receipt is read years later. */
async function signWith(secret: string, claims: ReceiptClaims | SuccessionClaims): Promise<string> {
  // publicHalf has looked at its form.
  const key = await protocol.ImportSecretKey(secret as `k4.secret.${string}`);
  const footer = new TextEncoder().encode(JSON.stringify({ kid: publicHalf(secret).kid }));
  return protocol.Sign(key, claims, { footer, addIssuedAt: false, nonExpiring: true });
}

/** The announcement of a new key, signed by the one before it. */
export async function announce(options: { provider: string; former: string; secret: string }): Promise<string> {
  const { provider, former, secret } = options;
  return signWith(former, { type: 'succession', provider, ...publicHalf(secret), at: new Date().toISOString() });
}

export interface SignerOptions {
  /** Name of the provider. */
  readonly provider: string;
  /** `k4.secret` PASERK. */
  readonly secret: string;
  /** Tokens in which earlier keys announced their successors, oldest first. */
  readonly successions?: readonly string[] | undefined;
  /** Secrets of earlier keys, oldest first: each announces the next one. */
  readonly formerly?: readonly string[] | undefined;
}

/** Throws `config.invalid` when a secret is none. */
export function receiptSigner({ provider, secret, successions = [], formerly = [] }: SignerOptions): ReceiptSigner {
  const key = publicHalf(secret);
  const chain = [...formerly, secret];
  for (const former of formerly) publicHalf(former);
  let announced: Promise<string[]> | undefined;
  return {
    sign: (claims) => signWith(secret, claims),
    async published() {
      // Once, so that the manifest stays the same while the process runs.
      announced ??= Promise.all(
        formerly.map((former, index) => announce({ provider, former, secret: chain[index + 1] ?? secret })),
      );
      const all = [...successions, ...(await announced)];
      return { ...key, ...(all.length > 0 && { successions: all }) };
    },
  };
}
