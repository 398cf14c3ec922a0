import type { ResponseOf } from '@guichet/client';
import type { Messages } from '../../messages/en/index.ts';

export type Token = ResponseOf<'tokens.list'>['items'][number];
export type TokenState = keyof Messages['access']['tokens']['states'];

export function tokenState({ revokedAt, expiresAt }: Token): TokenState {
  if (revokedAt !== null) return 'revoked';
  return Date.parse(expiresAt) <= Date.now() ? 'expired' : 'active';
}

/** What a token may reach: `orders.refund, postgres.* · staging`. */
export function scopeInWords(
  { scope: { actions, environments } }: Pick<Token, 'scope'>,
  m: Messages['access']['tokens'],
): string {
  if (actions === undefined && environments === undefined) return m.everything;
  const what = actions === undefined ? m.allActions : actions.length <= 3 ? actions.join(', ') : m.someActions(actions.length);
  return environments === undefined ? what : `${what} · ${environments.join(', ')}`;
}
