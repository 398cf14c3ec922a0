import { type CallBody, type GrantClaims, GuichetError } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';

/** How far the clocks of gateway and provider may differ, in milliseconds. */
export const CLOCK_TOLERANCE = 5_000;
/** A grant lives for 60 seconds; one that claims more than this, in milliseconds, was not made by a gateway. */
export const MAX_GRANT_LIFETIME = 120_000;

export interface GrantTarget {
  /** Name of the provider that was called. */
  readonly provider: string;
  readonly phase: GrantClaims['phase'];
  /** Name of the action that was called; `*` for the ledger. */
  readonly action: string;
}

function invalid(message: string, remedy = 'Ask the gateway for a new grant.'): never {
  throw new GuichetError('grant.invalid', message, { remedy });
}

/** Steps 5 to 8 of docs/spec/provider-protocol.md: what can be said without the body. Throws `grant.invalid`. */
export function checkGrant(claims: GrantClaims, target: GrantTarget, now = Date.now()): void {
  const issuedAt = Date.parse(claims.iat);
  const expiresAt = Date.parse(claims.exp);
  if (claims.aud !== target.provider) {
    invalid(`The grant is for the provider '${claims.aud}', and this is '${target.provider}'.`);
  }
  if (!(expiresAt > issuedAt) || expiresAt - issuedAt > MAX_GRANT_LIFETIME) {
    invalid(`The grant lives from ${claims.iat} to ${claims.exp}; a grant lives for 60 seconds.`);
  }
  const clock = 'Check that the clocks of the gateway and of this provider agree.';
  if (now > expiresAt + CLOCK_TOLERANCE) invalid(`The grant expired at ${claims.exp}.`, clock);
  if (now < issuedAt - CLOCK_TOLERANCE) invalid(`The grant was issued in the future, at ${claims.iat}.`, clock);
  if (claims.phase !== target.phase) invalid(`The grant is for '${claims.phase}', not for '${target.phase}'.`);
  if (claims.action !== target.action) invalid(`The grant is for the action '${claims.action}', not for '${target.action}'.`);
}

/** Steps 9 and 10: the body is the one that the gateway granted. Throws `grant.invalid`. */
export function checkGrantBody(claims: GrantClaims, body: CallBody): void {
  if (digestOf(body) !== claims.body) invalid('The body is not the one that the grant was made for.');
  if (body.environment !== claims.environment) {
    invalid(`The grant is for the environment '${claims.environment}', and the body says '${body.environment}'.`);
  }
}
