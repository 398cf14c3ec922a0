import { GuichetError, type SessionTokens } from '@guichet/contract';

/** The tokens of a sign-in, as they are kept. */
export interface Credentials {
  /** They are sent to this gateway and to no other. */
  readonly gateway: string;
  /** Id of the session. */
  readonly session: string;
  readonly accessToken: string;
  readonly accessTokenExpiresAt: string;
  readonly refreshToken: string;
}

export function credentialsOf(gateway: string, tokens: SessionTokens): Credentials {
  const { accessToken, accessTokenExpiresAt, refreshToken, session } = tokens;
  return { gateway, session: session.id, accessToken, accessTokenExpiresAt, refreshToken };
}

const FIELDS = ['gateway', 'session', 'accessToken', 'accessTokenExpiresAt', 'refreshToken'] as const;

/** What was kept; `config.invalid` names the place when it is something else, and never shows it. */
export function parseCredentials(text: string, place: string): Credentials {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null && FIELDS.every((field) => typeof Reflect.get(value, field) === 'string'))
    return value as Credentials; // each of its fields is a text
  throw new GuichetError('config.invalid', `What ${place} holds is not a sign-in.`, { remedy: 'Sign in again: guichet login.' });
}
