import { GuichetError } from '@guichet/contract';
import { errors } from 'jose';
import { oneLine } from '../assertions/plain-text.ts';

/** What is wrong with a token, in words for whoever sent it; `assertion.unavailable` and the like stay what they are. */
export function asProofError(error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  if (error instanceof errors.JWTExpired) {
    if (error.claim === 'iat')
      return invalid('was issued too long ago', 'Ask your platform for a new one, and exchange it at once.');
    return invalid('has expired', 'Ask your platform for a new one.');
  }
  if (error instanceof errors.JWTClaimValidationFailed) return aboutClaim(error);
  if (error instanceof errors.JOSEAlgNotAllowed || error instanceof errors.JOSENotSupported)
    return invalid('is not signed in a way that is taken here', 'It must be signed with RS256, ES256 or EdDSA.');
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
    return invalid('is signed with a key that its issuer does not publish', 'Ask your platform for a new one.');
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return invalid('does not have a right signature', 'Send it as your platform gave it, letter by letter.');
  if (error instanceof errors.JOSEError) return notJwt(error);
  return new GuichetError('internal', 'The token could not be checked.', { cause: error });
}

export const notJwt = (cause: unknown): GuichetError =>
  invalid('is not a signed JWT', 'Send the token that your platform gave to the job, as it is.', cause);

export const invalid = (what: string, remedy: string, cause?: unknown): GuichetError =>
  new GuichetError('assertion.invalid', `This token ${what}.`, { remedy, cause });

function aboutClaim({ claim, reason }: errors.JWTClaimValidationFailed): GuichetError {
  if (reason === 'missing')
    return invalid(`lacks the claim '${oneLine(claim, 40)}'`, 'Take one that your platform made for a job.');
  if (claim === 'aud')
    return invalid(
      'is for another audience',
      'Have your platform make it for this gateway: the team that runs Guichet says how.',
    );
  if (claim === 'nbf' || claim === 'iat') return invalid('is not valid yet', 'See that the clocks are right, and try again.');
  return invalid(`has a claim '${oneLine(claim, 40)}' that cannot be`, 'Ask your platform for a new one.');
}
