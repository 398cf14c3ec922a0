import { type Client, createClient } from '@guichet/client';
import { GuichetError, type SessionTokens } from '@guichet/contract';
import { notSignedIn, type Session } from '../config/session.ts';
import type { Context } from '../context.ts';
import { traceOf } from '../trace.ts';
import { VERSION } from '../version.ts';
import { AccessTokens } from './access-tokens.ts';
import { ProvedTokens } from './proved-tokens.ts';

const REFRESH_MS = 20_000;

/** A client of a gateway for who is not signed in there yet, or has a token at hand. */
export function clientOf(context: Pick<Context, 'fetch' | 'env'>, gateway: string, token?: string): Client {
  const { fetch } = context;
  return createClient({
    baseUrl: gateway,
    ...(token !== undefined && { token }),
    userAgent: `guichet/${VERSION}`,
    traceparent: traceOf(context),
    ...(fetch !== undefined && { fetch }),
  });
}

/** The client of a session: with its token, or with the tokens of its sign-in. `token.missing` when it has neither. */
export function openClient(context: Context, session: Session, say: (text: string) => void): Client {
  const { gateway, token, profile, keeper, proof, expiresAt } = session;
  const { fetch } = context;
  const options = {
    baseUrl: gateway,
    userAgent: `guichet/${VERSION}`,
    traceparent: traceOf(context),
    ...(fetch !== undefined && { fetch }),
  };
  if (token !== undefined && profile !== undefined && proof !== undefined)
    return createClient({
      ...options,
      tokens: new ProvedTokens({
        context,
        session: { ...session, profile, proof },
        held: { token, expiresAt },
        client: clientOf(context, gateway),
      }),
    });
  if (token !== undefined) return clientOf(context, gateway, token);
  if (profile === undefined || keeper === undefined) throw notSignedIn(session);
  const tokens = new AccessTokens({
    context,
    session: { ...session, profile, keeper },
    refresh: (at, refreshToken) => refresh(clientOf(context, at), refreshToken),
    say,
  });
  return createClient({ ...options, tokens });
}

async function refresh(client: Client, refreshToken: string): Promise<SessionTokens> {
  const signal = AbortSignal.timeout(REFRESH_MS);
  try {
    return await client.call('sign_in.token', { body: { grant: 'refresh_token', refreshToken }, signal });
  } catch (cause) {
    if (!signal.aborted) throw cause;
    const message = `The gateway at ${client.baseUrl} did not renew the sign-in within ${REFRESH_MS / 1000} s.`;
    throw new GuichetError('gateway.unreachable', message, { remedy: 'Try again in a moment.', cause });
  }
}
