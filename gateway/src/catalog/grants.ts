import { randomUUID } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type CallBody, type GrantClaims, GuichetError } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import {
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
  GenerateKeyPairFactory,
  GetPublicKeyFactory,
  ImportSecretKeyFactory,
  type SecretKey,
  SignFactory,
} from 'paseto/v4/public';

const v4 = new PublicProtocol(
  GenerateKeyPairFactory,
  ImportSecretKeyFactory,
  ExportSecretKeyFactory,
  ExportPublicKeyFactory,
  GetPublicKeyFactory,
  SignFactory,
);

/** A grant lives as short as a call takes to arrive: 60 s. */
export const GRANT_SECONDS = 60;

export type GrantSubject = Omit<GrantClaims, 'jti' | 'iss' | 'iat' | 'exp' | 'body'>;

/** Makes grants (claims) and signs them for the wire; one Ed25519 key, shared by all replicas. */
export class Grants {
  readonly #key: SecretKey;
  readonly #footer: Uint8Array;
  readonly issuer: string;
  readonly publicKeys: { kid: string; paserk: string }[];

  private constructor(options: { key: SecretKey; paserk: string; issuer: string }) {
    const kid = digestOf(options.paserk).slice('sha256:'.length, 'sha256:'.length + 16);
    this.#key = options.key;
    this.#footer = new TextEncoder().encode(JSON.stringify({ kid }));
    this.issuer = options.issuer;
    this.publicKeys = [{ kid, paserk: options.paserk }];
  }

  /** Reads the key file (a k4.secret PASERK, mode 0600), or makes one. */
  static async load({ keyFile, issuer }: { keyFile: string; issuer: string }): Promise<Grants> {
    const secret = await readFile(keyFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined;
      throw new GuichetError('config.invalid', `The grant key ${keyFile} cannot be read: ${error.message}`);
    });
    const key = secret === undefined ? await makeKey(keyFile) : await importKey(keyFile, secret);
    const paserk = await v4.ExportPublicKey(await v4.GetPublicKey(key));
    return new Grants({ key, paserk, issuer });
  }

  claims(subject: GrantSubject, body: CallBody, now: Date): GrantClaims {
    return {
      ...subject,
      jti: randomUUID(),
      iss: this.issuer,
      iat: now.toISOString(),
      exp: new Date(now.getTime() + GRANT_SECONDS * 1000).toISOString(),
      body: digestOf(body),
    };
  }

  /** The token of a grant: PASETO v4.public. */
  async sign(claims: GrantClaims): Promise<string> {
    return v4.Sign(this.#key, claims, { footer: this.#footer });
  }
}

async function makeKey(keyFile: string): Promise<SecretKey> {
  const { secretKey } = await v4.GenerateKeyPair({ extractable: true });
  await mkdir(dirname(keyFile), { recursive: true });
  const draft = `${keyFile}.${randomUUID()}`;
  await writeFile(draft, await v4.ExportSecretKey(secretKey), { mode: 0o600, flag: 'wx' });
  try {
    // Of two replicas that start at once one wins, and nobody ever reads half a file.
    await link(draft, keyFile);
    return secretKey;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST')
      return importKey(keyFile, await readFile(keyFile, 'utf8'));
    throw new GuichetError('config.invalid', `The grant key ${keyFile} cannot be written.`, { cause: error });
  } finally {
    await unlink(draft);
  }
}

async function importKey(keyFile: string, secret: string): Promise<SecretKey> {
  return v4.ImportSecretKey(secret.trim() as `k4.secret.${string}`).catch((cause: unknown) => {
    throw new GuichetError('config.invalid', `${keyFile} does not hold a k4.secret key.`, {
      remedy: 'Delete it to have a new one made.',
      cause,
    });
  });
}
