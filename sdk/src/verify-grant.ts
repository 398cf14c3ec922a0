import { GrantClaims, GuichetError } from '@guichet/contract';
import { ClaimValidationError, InspectFooter, PasetoError, PublicProtocol } from 'paseto';
import { type PublicKey, VerifyFactory } from 'paseto/v4/public';
import { z } from 'zod';
import { CLOCK_TOLERANCE } from './grant-check.ts';
import type { KeySource } from './key-source.ts';

const protocol = new PublicProtocol(VerifyFactory);
const Footer = z.object({ kid: z.string().min(1).max(200) });

/**
 * The claims of the grant in an `Authorization` header. Steps 1 to 4 of docs/spec/provider-protocol.md.
 * Rejects with `grant.invalid`, or with `action.unavailable` when the keys of the gateway cannot be had.
 */
export async function verifyGrant(authorization: string | undefined, keys: KeySource): Promise<GrantClaims> {
  const token = /^Bearer +([^ ]+)$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) throw invalid('The call carries no grant.', 'Call the action through the gateway, which grants it.');
  if (!token.startsWith('v4.public.')) throw invalid('The grant is not a PASETO v4.public token.');
  const kid = footerKid(token);
  const key = await keys.find(kid);
  if (!key) throw invalid(`The grant is signed with the key '${kid}', which the gateway does not publish.`);
  const claims = GrantClaims.safeParse(await verify(token, key));
  if (claims.success) return claims.data;
  const fields = claims.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw invalid(`The claims of the grant are not those of protocol version 1: ${fields}.`);
}

async function verify(token: string, key: PublicKey): Promise<unknown> {
  try {
    // The library's own checks of time agree with checkGrant, which also serves calls that come without a token.
    const { claims } = await protocol.Verify(key, token, { clockTolerance: CLOCK_TOLERANCE / 1000 });
    return claims;
  } catch (error) {
    if (error instanceof ClaimValidationError) throw invalid(`The grant is not valid now: ${error.message}.`);
    if (error instanceof PasetoError) throw invalid('The signature of the grant is not valid.');
    throw error;
  }
}

function footerKid(token: string): string {
  try {
    return Footer.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(InspectFooter(token)))).kid;
  } catch {
    throw invalid('The grant names no key in its footer.');
  }
}

function invalid(message: string, remedy = 'Ask the gateway for a new grant.'): GuichetError {
  return new GuichetError('grant.invalid', message, { remedy });
}
