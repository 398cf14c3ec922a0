import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { type Configuration, interactionPolicy } from 'oidc-provider';
import { memoryAdapter } from './memory-adapter.ts';
import { errorPage, signedOutPage, signOutPage } from './pages.ts';
import { claimsOf, type IdentityPerson, subjectOf } from './person.ts';

/** An application that signs people in here. */
export interface IdentityClient {
  readonly clientId: string;
  /** Absent for one that cannot keep a secret. */
  readonly clientSecret?: string;
  /** What people know it by. */
  readonly clientName?: string;
  /** Where people are sent back to. When all are on 127.0.0.1, any port will do. */
  readonly redirectUris: readonly string[];
  readonly postLogoutRedirectUris?: readonly string[];
}

export interface ConfigurationOptions {
  readonly clients: readonly IdentityClient[];
  readonly people: readonly IdentityPerson[];
  readonly jwks: Configuration['jwks'];
}

const MINUTES = 60;
const HOURS = 60 * MINUTES;
const SCOPES = ['openid', 'profile', 'email', 'groups'];

export function configurationOf({ clients, people, jwks = newKeys() }: ConfigurationOptions): Configuration {
  const policy = interactionPolicy.base();
  // The applications are the company's own: nobody is asked whether they may know one's name.
  policy.get('consent')?.checks.remove('native_client_prompt');
  return {
    adapter: memoryAdapter(),
    clients: clients.map(toMetadata),
    jwks,
    cookies: {
      keys: [randomBytes(32).toString('base64url')],
      // Cookies know no ports: what else runs on this machine has other names.
      names: { session: 'accounts_session', interaction: 'accounts_interaction', resume: 'accounts_resume' },
    },
    scopes: SCOPES,
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email', 'email_verified'], groups: ['groups'] },
    conformIdTokenClaims: false, // what is asked for is in the ID token
    pkce: { required: () => true },
    responseTypes: ['code'],
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          ctx.body = signOutPage(form);
        },
        postLogoutSuccessSource: async (ctx) => {
          const { accountId } = await ctx.oidc.provider.Session.get(ctx);
          ctx.body = signedOutPage({ stays: accountId !== undefined });
        },
      },
    },
    interactions: { policy, url: (_, { uid }) => `/interaction/${uid}` },
    clientBasedCORS: () => false,
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out.error_description ?? out.error);
    },
    ttl: {
      AccessToken: 10 * MINUTES,
      AuthorizationCode: MINUTES,
      IdToken: 10 * MINUTES,
      Interaction: 30 * MINUTES,
      Session: 12 * HOURS,
      Grant: 12 * HOURS,
    },
    findAccount: (_, subject) => {
      const person = people.find((one) => subjectOf(one) === subject);
      return person && { accountId: subject, claims: () => claimsOf(person) };
    },
    loadExistingGrant: async ({ oidc: { client, session, provider } }) => {
      if (client === undefined || session?.accountId === undefined) return undefined;
      const known = session.grantIdFor(client.clientId);
      const kept = known === undefined ? undefined : await provider.Grant.find(known);
      if (kept !== undefined) return kept;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope(SCOPES.join(' '));
      await grant.save();
      return grant;
    },
  };
}

function toMetadata({ clientId, clientSecret, clientName, redirectUris, postLogoutRedirectUris = [] }: IdentityClient) {
  const isLocal = redirectUris.every((uri) => new URL(uri).hostname === '127.0.0.1');
  return {
    client_id: clientId,
    client_name: clientName ?? clientId,
    ...(clientSecret === undefined
      ? { token_endpoint_auth_method: 'none' as const }
      : { client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' as const }),
    // RFC 8252, 7.3: the port of a program on this machine is not known beforehand.
    application_type: isLocal ? ('native' as const) : ('web' as const),
    redirect_uris: [...redirectUris],
    post_logout_redirect_uris: [...postLogoutRedirectUris],
    grant_types: ['authorization_code'],
    response_types: ['code' as const],
    id_token_signed_response_alg: 'ES256' as const,
  };
}

/** Keys of this run: whoever was signed in by an earlier one signs in again. */
function newKeys(): NonNullable<Configuration['jwks']> {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = privateKey.export({ format: 'jwk' });
  return { keys: [{ ...jwk, kty: 'EC', kid: randomBytes(8).toString('base64url'), alg: 'ES256', use: 'sig' }] };
}
