import { GuichetError } from '@guichet/contract';
import type { FastifyRequest } from 'fastify';
import type { Caller, Tokens } from '../identity/index.ts';

const BEARER = /^Bearer ([\x21-\x7e]{1,512})$/i;

/** Who calls, by the bearer token of the call; `token.*` errors say what to do. */
export async function authenticate(request: FastifyRequest, tokens: Tokens): Promise<Caller> {
  const header = request.headers.authorization;
  if (header === undefined)
    throw new GuichetError('token.missing', 'This call carries no token.', {
      remedy: "Send 'authorization: Bearer TOKEN', or sign in: guichet login.",
    });
  const secret = BEARER.exec(header)?.[1];
  if (secret === undefined)
    throw new GuichetError('token.invalid', 'The authorization header is not a bearer token.', {
      remedy: "Send 'authorization: Bearer TOKEN'.",
    });
  return tokens.verify(secret, new Date());
}
