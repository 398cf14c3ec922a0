import { GuichetError } from '@guichet/contract';
import type { FastifyRequest } from 'fastify';
import { addressOf } from './auth-request.ts';
import type { Throttles } from './auth-throttles.ts';

/**
 * Looks up who calls. An address that sends one unknown secret after the other is made to wait: each costs a look at the
 * database. Others who share the address are not: what they bring was given out or taken here before.
 */
export async function unlessFlooded<Found>(
  request: FastifyRequest,
  {
    sent,
    throttles: { wrongTokens, familiar },
    look,
  }: {
    /** What the call brings to say who it is; undefined when it brings nothing that could be looked up. */
    readonly sent: string | undefined;
    readonly throttles: Pick<Throttles, 'wrongTokens' | 'familiar'>;
    readonly look: () => Promise<Found>;
  },
): Promise<Found> {
  const { network } = addressOf(request);
  const isFamiliar = sent !== undefined && familiar.has(sent);
  if (!isFamiliar) await wrongTokens.check(network);
  try {
    const found = await look();
    if (sent !== undefined && !isFamiliar) familiar.add(sent);
    return found;
  } catch (error) {
    const code = error instanceof GuichetError ? error.code : undefined;
    if (sent !== undefined && code?.startsWith('token.') === true) familiar.delete(sent);
    if (code === 'token.invalid') await wrongTokens.count(network);
    throw error;
  }
}
