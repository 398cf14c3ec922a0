import { GuichetError } from '@guichet/contract';
import type { FastifyRequest } from 'fastify';
import type { Caller, Tokens } from '../identity/index.ts';
import type { Cookies } from './cookies.ts';
import { CSRF_HEADER, csrfOf, refuseForeign } from './csrf.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

export interface AuthenticateOptions {
  readonly tokens: Tokens;
  readonly cookies: Cookies;
  readonly baseUrl: () => string;
}

/**
 * Who calls, by the bearer token of the call or else by the cookie of a browser; `token.*` errors say what to do. With a
 * cookie, what is not a GET must come from our own pages (`csrf.refused`).
 */
export async function authenticate(request: FastifyRequest, options: AuthenticateOptions): Promise<Caller> {
  const header = request.headers.authorization;
  if (header !== undefined) return options.tokens.verify(bearerOf(header), new Date());
  const caller = await browserCaller(request, options);
  if (caller === undefined)
    throw new GuichetError('token.missing', 'This call carries no token.', {
      remedy: "Send 'authorization: Bearer TOKEN', or sign in: guichet login.",
    });
  if (request.method !== 'GET' && request.method !== 'HEAD')
    refuseForeign(request, {
      csrf: caller.csrf,
      sent: request.headers[CSRF_HEADER],
      origin: new URL(options.baseUrl()).origin,
    });
  return caller;
}

/** What a call brings to say who it is, right or wrong; undefined when it brings nothing that could be one. */
export function secretOf(request: FastifyRequest, { cookies }: Pick<AuthenticateOptions, 'cookies'>): string | undefined {
  const header = request.headers.authorization;
  return header === undefined ? cookies.read(request, 'guichet_session') : BEARER.exec(header)?.[1];
}

function bearerOf(header: string): string {
  const secret = BEARER.exec(header)?.[1];
  if (secret !== undefined) return secret;
  throw new GuichetError('token.invalid', 'The authorization header is not a bearer token.', {
    remedy: "Send 'authorization: Bearer TOKEN'.",
  });
}

/** Who is signed in with this browser; undefined when it brings no cookie. */
export async function browserCaller(
  request: FastifyRequest,
  { tokens, cookies }: Pick<AuthenticateOptions, 'tokens' | 'cookies'>,
): Promise<(Caller & { readonly csrf: string }) | undefined> {
  const secret = cookies.read(request, 'guichet_session');
  if (secret === undefined || secret === '') return undefined;
  const caller = await tokens.verify(secret, new Date(), 'cookie');
  return { ...caller, csrf: csrfOf(secret) };
}
