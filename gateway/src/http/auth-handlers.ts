import { GuichetError } from '@guichet/contract';
import type { Handlers } from './call.ts';

type SignInHandlers = Pick<
  Handlers,
  'sign_in.device' | 'sign_in.token' | 'sessions.end' | 'sessions.list' | 'sessions.revoke' | 'sessions.revoke-all'
>;

/** The handlers of sign-in and sessions: parse has happened, call the domain, reply. */
export function signInHandlers(): SignInHandlers {
  const refuse = async (): Promise<never> => {
    throw new GuichetError('sign_in.not_configured', 'This gateway has no identity provider.', {
      remedy: 'Use a token that its operator issues, or have identity.oidc set: docs/guide/sign-in.md.',
    });
  };
  return {
    'sign_in.device': refuse,
    'sign_in.token': refuse,
    'sessions.end': refuse,
    'sessions.list': refuse,
    'sessions.revoke': refuse,
    'sessions.revoke-all': refuse,
  };
}
