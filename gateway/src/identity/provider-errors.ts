import { GuichetError } from '@guichet/contract';
import { errors as joseErrors } from 'jose';
import { AuthorizationResponseError, ClientError, ResponseBodyError } from 'openid-client';

/** What a provider says of its own state, not of the person. */
const AWAY: ReadonlySet<string> = new Set(['temporarily_unavailable', 'server_error']);
/** Mistakes of the configuration, here or there. */
const OURS: ReadonlySet<string> = new Set([
  'invalid_client',
  'unauthorized_client',
  'invalid_scope',
  'unsupported_response_type',
]);
/** Codes of openid-client for answers that are none: another status, no JSON, nothing in time. */
const NO_ANSWER: ReadonlySet<string> = new Set([
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
]);

/**
 * Whatever goes wrong with the provider as one of our errors. The errors of the libraries hang codes, tokens and whole
 * answers on themselves: only their words go on, for the log.
 */
export function asSignInError(error: unknown): GuichetError {
  if (error instanceof GuichetError) return error;
  const cause = new Error(wordsOf(error));
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) return said(error.error, cause);
  if (isAway(error)) return unavailable(error);
  return new GuichetError('sign_in.failed', 'The answer of the identity provider is not the one to our question.', {
    remedy: 'Sign in again. If it lasts, tell the team that runs Guichet.',
    cause,
  });
}

/** The provider does not answer, or not as one does. */
export function unavailable(error: unknown): GuichetError {
  return new GuichetError('sign_in.provider_unavailable', 'The identity provider does not answer.', {
    remedy: 'Try again in a minute. If it lasts, tell the team that runs Guichet.',
    details: { retryAfterSeconds: 5 },
    cause: new Error(wordsOf(error)),
  });
}

function said(code: string, cause: Error): GuichetError {
  if (AWAY.has(code))
    return new GuichetError('sign_in.provider_unavailable', 'The identity provider cannot sign anybody in now.', {
      remedy: 'Try again in a minute. If it lasts, tell the team that runs Guichet.',
      details: { retryAfterSeconds: 5 },
      cause,
    });
  if (OURS.has(code))
    return new GuichetError('sign_in.failed', `The identity provider does not accept this gateway: ${shown(code)}.`, {
      remedy: 'Tell the team that runs Guichet: identity.oidc must be what the provider has registered.',
      cause,
    });
  const message =
    code === 'access_denied' ? 'The identity provider did not let you in.' : `The identity provider refused: ${shown(code)}.`;
  return new GuichetError('sign_in.failed', message, { remedy: 'Sign in again.', cause });
}

/** Error codes of OAuth are short words. What is none is not repeated. */
const shown = (code: string): string => (/^[a-z0-9_.-]{1,60}$/i.test(code) ? code : 'an error without a name');

function isAway(error: unknown): boolean {
  if (error instanceof TypeError || error instanceof joseErrors.JWKSTimeout) return true; // fetch failed
  if (error instanceof ClientError) return NO_ANSWER.has(error.code ?? '');
  // jose says of an answer that is no set of keys just that.
  return error instanceof joseErrors.JOSEError && error.code === 'ERR_JOSE_GENERIC';
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const code = 'code' in error && typeof error.code === 'string' ? ` (${error.code})` : '';
  const inner = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.name}: ${error.message}${code}${inner}`;
}
