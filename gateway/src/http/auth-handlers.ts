import { GuichetError, type SessionTokens, type TokenExchange } from '@guichet/contract';
import type { DeviceFlow, Loopback, Sessions, SignIn, Tokens } from '../identity/index.ts';
import { addressOf } from './auth-request.ts';
import type { Throttles } from './auth-throttles.ts';
import type { Handlers } from './call.ts';
import type { Cookies } from './cookies.ts';
import { invalidInput } from './errors.ts';

export interface AuthServices {
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly devices: DeviceFlow;
  readonly loopback: Loopback;
  readonly cookies: Cookies;
  readonly throttles: Throttles;
  readonly baseUrl: () => string;
}

type AuthHandlers = Pick<
  Handlers,
  'sign_in.device' | 'sign_in.token' | 'sessions.end' | 'sessions.list' | 'sessions.revoke' | 'sessions.revoke-all'
>;

/** The handlers of sign-in and sessions: parse has happened, call the domain, reply. */
export function authHandlers(services: AuthServices): AuthHandlers {
  const { sessions, signIn, devices, cookies, throttles } = services;
  return {
    'sign_in.device': async ({ body: { client, host }, request }) => {
      signIn.refuseUnconfigured();
      const { address, network } = addressOf(request);
      await throttles.devices.take(network);
      return devices.start({ client: host === undefined ? client : `${client} on ${host}`, address });
    },
    'sign_in.token': async ({ body, request }) => {
      signIn.refuseUnconfigured();
      const { address, network } = addressOf(request);
      const refreshToken = body.grant === 'refresh_token' ? body.refreshToken : undefined;
      // Whoever is signed in goes on, whatever others send from their address.
      if (refreshToken === undefined || !throttles.familiar.has(refreshToken)) {
        await throttles.exchanges.take(network);
        await throttles.wrongSecrets.check(network);
      }
      try {
        const given = await exchange(services, body, address);
        throttles.familiar.add(given.accessToken);
        throttles.familiar.add(given.refreshToken);
        return given;
      } catch (error) {
        const code = error instanceof GuichetError ? error.code : '';
        if (code === 'sign_in.invalid') await throttles.wrongSecrets.count(network);
        // One that is worth nothing any more does not pass by again; a refusal to come later says nothing of it.
        if (refreshToken !== undefined && /^(?:sign_in|token)\./.test(code)) throttles.familiar.delete(refreshToken);
        throw error;
      }
    },
    'sessions.end': async ({ caller, reply }) => {
      const session = await sessions.end(caller);
      if (caller.session?.kind === 'browser') cookies.clear(reply, 'guichet_session');
      return { session, endSessionUrl: session === null ? null : await signIn.endSessionUrl() };
    },
    'sessions.list': async ({ caller }) => ({ items: await sessions.list(caller) }),
    'sessions.revoke': async ({ caller, params, reply }) => {
      const session = await sessions.revoke(caller, params.session);
      if (session.current && session.kind === 'browser') cookies.clear(reply, 'guichet_session');
      return session;
    },
    'sessions.revoke-all': async ({ caller, body, reply }) => {
      const ended = await sessions.revokeAll(caller, body);
      if (caller.session?.kind === 'browser') cookies.clear(reply, 'guichet_session');
      return ended;
    },
  };
}

async function exchange(services: AuthServices, body: TokenExchange, address: string): Promise<SessionTokens> {
  const { sessions, devices, loopback, throttles } = services;
  const { grant, ...sent } = body;
  switch (grant) {
    case 'device_code':
      return devices.redeem(only(sent, ['deviceCode']).deviceCode, { address });
    case 'authorization_code':
      return loopback.redeem(only(sent, ['code', 'codeVerifier', 'redirectUri']), { address });
    case 'refresh_token': {
      const { refreshToken } = only(sent, ['refreshToken']);
      await throttles.refreshes.take(refreshToken);
      return sessions.refresh(refreshToken, { address, now: new Date() });
    }
  }
}

type Sent = Omit<TokenExchange, 'grant'>;

/** The fields that the grant asks for, each of them and no other. */
function only<Field extends keyof Sent>(sent: Sent, fields: readonly Field[]): Record<Field, string> {
  // The keys of what was parsed are those of its schema.
  const given = (Object.keys(sent) as (keyof Sent)[]).filter((field) => sent[field] !== undefined);
  const findings = [
    ...fields
      .filter((field) => sent[field] === undefined)
      .map((field) => ({ field: `/${field}`, message: 'is required', remedy: 'This grant asks for it.' })),
    ...given
      .filter((field) => !(fields as readonly string[]).includes(field))
      .map((field) => ({ field: `/${field}`, message: 'does not belong to this grant', remedy: 'Leave it out.' })),
  ];
  if (findings.length > 0) throw invalidInput(findings, 'body');
  return sent as Record<Field, string>; // each of the fields was found on the lines above
}
