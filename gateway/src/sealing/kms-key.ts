import type { KMSClient } from '@aws-sdk/client-kms';
import { GuichetError } from '@guichet/contract';
import type { Context, KeyEncryptionKey } from './key-encryption-key.ts';

/** How long an opened data key is kept: a plan, a run and an observation then ask once. */
const KEPT_MS = 5 * 60_000;
const MOST_KEPT = 1000;
/** What KMS says of a text that it did not make so. */
const BROKEN = new Set(['InvalidCiphertextException', 'IncorrectKeyException']);

export interface KmsOptions {
  /** Id or ARN of a symmetric key. */
  readonly keyId: string;
  readonly region?: string | undefined;
  /** Another address than the one of AWS. */
  readonly endpoint?: string | undefined;
}

interface Kept {
  readonly dataKey: Buffer;
  readonly until: number;
}

/**
 * A key in AWS KMS, which never leaves it. The context goes along as encryption context, so it shows in CloudTrail.
 * The AWS library is loaded when the key is first asked; credentials are found as AWS tools do.
 */
export class KmsKey implements KeyEncryptionKey {
  readonly id: string;
  readonly #options: KmsOptions;
  readonly #kept = new Map<string, Kept>();
  #client: KMSClient | undefined;

  constructor(options: KmsOptions) {
    this.id = `kms:${options.keyId}`;
    this.#options = options;
  }

  async wrap(dataKey: Uint8Array, context: Context): Promise<Buffer> {
    const { CiphertextBlob } = await this.#ask(async (client, { EncryptCommand }) =>
      client.send(
        new EncryptCommand({ KeyId: this.#options.keyId, Plaintext: dataKey, EncryptionContext: { guichet: context } }),
      ),
    );
    return Buffer.from(bytesOf(CiphertextBlob));
  }

  async unwrap(wrapped: Uint8Array, context: Context): Promise<Buffer> {
    const name = `${Buffer.from(wrapped).toString('base64')} ${context}`;
    const kept = this.#kept.get(name);
    if (kept !== undefined && kept.until > performance.now()) return kept.dataKey;
    // The key is named: a text of somebody else's key is refused, whatever this account may open.
    const { Plaintext } = await this.#ask(async (client, { DecryptCommand }) =>
      client.send(
        new DecryptCommand({ KeyId: this.#options.keyId, CiphertextBlob: wrapped, EncryptionContext: { guichet: context } }),
      ),
    );
    const dataKey = Buffer.from(bytesOf(Plaintext));
    this.#keep(name, dataKey);
    return dataKey;
  }

  #keep(name: string, dataKey: Buffer): void {
    const now = performance.now();
    for (const [old, { until }] of this.#kept) if (until <= now || this.#kept.size >= MOST_KEPT) this.#kept.delete(old);
    this.#kept.set(name, { dataKey, until: now + KEPT_MS });
  }

  async #ask<Answer>(
    call: (client: KMSClient, library: typeof import('@aws-sdk/client-kms')) => Promise<Answer>,
  ): Promise<Answer> {
    const library = await import('@aws-sdk/client-kms');
    const { region, endpoint } = this.#options;
    this.#client ??= new library.KMSClient({
      ...(region !== undefined && { region }),
      ...(endpoint !== undefined && { endpoint }),
      maxAttempts: 3,
      requestHandler: { connectionTimeout: 2000, requestTimeout: 4000 },
    });
    try {
      return await call(this.#client, library);
    } catch (cause) {
      throw this.#refusal(cause);
    }
  }

  #refusal(cause: unknown): GuichetError {
    const name = cause instanceof Error ? cause.name : 'unknown error';
    if (BROKEN.has(name))
      return new GuichetError('sealing.broken', `KMS does not open what is sealed: ${name}.`, {
        remedy: 'Tell the team that runs Guichet: it was changed, or was sealed with another key.',
        cause,
      });
    return new GuichetError('sealing.unavailable', `The key ${this.#options.keyId} of KMS cannot be used now: ${name}.`, {
      remedy: 'Try again in a moment; if it lasts, tell the team that runs Guichet.',
      cause,
    });
  }
}

function bytesOf(answer: Uint8Array | undefined): Uint8Array {
  if (answer !== undefined) return answer;
  throw new GuichetError('sealing.unavailable', 'KMS answered without what was asked for.');
}
