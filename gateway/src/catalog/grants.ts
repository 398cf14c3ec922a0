import { randomUUID } from 'node:crypto';
import type { CallBody, GrantClaims, LedgerQuery } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { PublicProtocol } from 'paseto';
import { SignFactory } from 'paseto/v4/public';
import type { GrantKeys, PublicGrantKey } from './grant-keys.ts';

const v4 = new PublicProtocol(SignFactory);

/** A grant lives as short as a call takes to arrive: 60 s. */
export const GRANT_SECONDS = 60;

export type GrantSubject = Omit<GrantClaims, 'jti' | 'iss' | 'iat' | 'exp' | 'body'>;

/** Makes grants (claims) and signs them for the wire, with the key that signs at that moment. */
export class Grants {
  readonly #keys: Pick<GrantKeys, 'signer' | 'published'>;
  readonly issuer: string;

  constructor({ keys, issuer }: { keys: Pick<GrantKeys, 'signer' | 'published'>; issuer: string }) {
    this.#keys = keys;
    this.issuer = issuer;
  }

  get publicKeys(): PublicGrantKey[] {
    return this.#keys.published();
  }

  claims(subject: GrantSubject, body: CallBody | LedgerQuery, now: Date): GrantClaims {
    return {
      ...subject,
      jti: randomUUID(),
      iss: this.issuer,
      iat: now.toISOString(),
      exp: new Date(now.getTime() + GRANT_SECONDS * 1000).toISOString(),
      body: digestOf(body),
    };
  }

  /** The token of a grant: PASETO v4.public, with the id of its key in the footer. */
  async sign(claims: GrantClaims): Promise<string> {
    const { secretKey, footer } = this.#keys.signer();
    return v4.Sign(secretKey, claims, { footer });
  }
}
