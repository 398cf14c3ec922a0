import type { GrantClaims } from '@guichet/contract';
import { PublicProtocol } from 'paseto';
import {
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
  GenerateKeyPairFactory,
  ImportSecretKeyFactory,
  SignFactory,
} from 'paseto/v4/public';

const protocol = new PublicProtocol(
  SignFactory,
  GenerateKeyPairFactory,
  ImportSecretKeyFactory,
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
);

/** A signing key for tests of providers; a gateway has its own. `secret` is a k4.secret PASERK, `paserk` its public half. */
export interface GrantKey {
  readonly kid: string;
  readonly secret: string;
  readonly paserk: string;
}

/** Makes a new signing key. */
export async function generateGrantKey(kid: string): Promise<GrantKey> {
  const { publicKey, secretKey } = await protocol.GenerateKeyPair({ extractable: true });
  return { kid, secret: await protocol.ExportSecretKey(secretKey), paserk: await protocol.ExportPublicKey(publicKey) };
}

/** Signs a grant in the format of docs/spec/provider-protocol.md. Throws TypeError when the secret is not a k4.secret PASERK. */
export async function signGrant(key: Pick<GrantKey, 'kid' | 'secret'>, claims: GrantClaims): Promise<string> {
  const { kid, secret } = key;
  if (!isSecret(secret)) throw new TypeError('signGrant: the secret is not a k4.secret PASERK');
  const secretKey = await protocol.ImportSecretKey(secret);
  const footer = new TextEncoder().encode(JSON.stringify({ kid }));
  return protocol.Sign(secretKey, claims, { footer, addIssuedAt: false });
}

function isSecret(text: string): text is `k4.secret.${string}` {
  return text.startsWith('k4.secret.');
}
