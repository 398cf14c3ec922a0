import { createRemoteJWKSet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import * as oidc from 'openid-client';
import { claimAt, type Identity } from './admission.ts';
import type { OidcConfig } from './config.ts';
import { asSignInError, unavailable } from './provider-errors.ts';

/** No answer of the provider is waited for longer. */
const TIMEOUT_SECONDS = 5;
/** The clocks of the provider and of this machine may differ by so much. */
const SKEW_SECONDS = 30;
/** What the provider says of itself is asked for again after this time. */
const DISCOVERY_MS = 3_600_000;
/** Signatures by a private key: a secret that both sides know could be turned around. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];

/** The three values that bind an answer of the provider to the question. */
export interface Checks {
  readonly state: string;
  readonly nonce: string;
  readonly codeVerifier: string;
}

interface Known {
  readonly config: oidc.Configuration;
  readonly keys: JWTVerifyGetKey;
  readonly at: number;
}

export interface IdentityProviderOptions {
  readonly oidc: OidcConfig;
  /** The one address that the provider sends people back to. */
  readonly redirectUri: () => string;
}

/** The company's identity provider, of which the gateway is a client. It is asked for the first time when it is needed. */
export class IdentityProvider {
  readonly #options: IdentityProviderOptions;
  #known: Known | undefined;
  #discovering: Promise<Known> | undefined;

  constructor(options: IdentityProviderOptions) {
    this.#options = options;
  }

  /** Where a browser goes to sign in; `again` when somebody else is to, whoever the provider knows in this browser. */
  async authorizationUrl({ state, nonce, codeVerifier }: Checks, { again = false } = {}): Promise<URL> {
    const { config } = await this.#discovered();
    return oidc.buildAuthorizationUrl(config, {
      redirect_uri: this.#options.redirectUri(),
      scope: [...new Set(['openid', ...this.#options.oidc.scopes])].join(' '),
      state,
      nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(codeVerifier),
      code_challenge_method: 'S256',
      ...(again && { prompt: 'login' }),
    });
  }

  /** Who it is, of the query that the browser came back with. Each code works once; `sign_in.*` errors say what is wrong. */
  async exchange(query: URLSearchParams, { state, nonce, codeVerifier }: Checks): Promise<Identity> {
    const { config, keys } = await this.#discovered();
    try {
      const tokens = await oidc.authorizationCodeGrant(config, new URL(`${this.#options.redirectUri()}?${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: codeVerifier,
        idTokenExpected: true,
      });
      const { id_token: idToken } = tokens;
      const claims = tokens.claims();
      if (idToken === undefined || claims === undefined) throw new Error('no ID token came');
      // The connection says already who answered; the signature says so also where something in between ends TLS.
      await jwtVerify(idToken, keys, { algorithms: ALGORITHMS, clockTolerance: SKEW_SECONDS });
      const more = this.#saysEnough(claims) ? {} : await this.#userInfo(config, tokens.access_token, claims.sub);
      return { issuer: claims.iss, subject: claims.sub, claims: { ...more, ...claims } };
    } catch (error) {
      throw asSignInError(error);
    }
  }

  /** Where a browser signs out of the provider too; null where the provider has no such place, or is away. */
  async endSessionUrl(): Promise<string | null> {
    try {
      const { config } = await this.#discovered();
      return config.serverMetadata().end_session_endpoint === undefined ? null : oidc.buildEndSessionUrl(config).href;
    } catch {
      return null; // signing out of the gateway is done, whatever the provider does
    }
  }

  /** Many providers put little into the ID token, and tell the rest when they are asked. */
  #saysEnough(claims: Identity['claims']): boolean {
    const { person, groups } = this.#options.oidc;
    const wanted = [person.claim, ...(person.claim === 'email' ? ['email_verified'] : []), ...(groups ? [groups.claim] : [])];
    return wanted.every((name) => claimAt(claims, name) !== undefined);
  }

  async #userInfo(config: oidc.Configuration, accessToken: string, subject: string): Promise<Identity['claims']> {
    if (config.serverMetadata().userinfo_endpoint === undefined) return {};
    return oidc.fetchUserInfo(config, accessToken, subject);
  }

  async #discovered(): Promise<Known> {
    const known = this.#known;
    if (known !== undefined && Date.now() - known.at < DISCOVERY_MS) return known;
    this.#discovering ??= this.#discover().finally(() => {
      this.#discovering = undefined;
    });
    try {
      return await this.#discovering;
    } catch (error) {
      if (known !== undefined) return known; // what it said an hour ago is most likely still so
      throw unavailable(error);
    }
  }

  async #discover(): Promise<Known> {
    const { issuer, clientId, clientSecret } = this.#options.oidc;
    const server = new URL(issuer);
    const config = await oidc.discovery(
      server,
      clientId,
      { [oidc.clockTolerance]: SKEW_SECONDS },
      clientSecret === undefined ? oidc.None() : withSecret(clientSecret),
      // The configuration takes plain HTTP for this machine alone.
      { timeout: TIMEOUT_SECONDS, execute: server.protocol === 'http:' ? [oidc.allowInsecureRequests] : [] },
    );
    const { jwks_uri: jwksUri } = config.serverMetadata();
    if (jwksUri === undefined) throw new Error('the provider publishes no keys (jwks_uri)');
    const keys = createRemoteJWKSet(new URL(jwksUri), {
      timeoutDuration: TIMEOUT_SECONDS * 1000,
      // A key that is not known yet is asked for at once: tokens come from the provider itself, never from a stranger.
      cooldownDuration: 0,
    });
    this.#known = { config, keys, at: Date.now() };
    return this.#known;
  }
}

/** In the header, as the standard prefers, unless the provider takes it in the body alone. */
function withSecret(secret: string): oidc.ClientAuth {
  const [basic, post] = [oidc.ClientSecretBasic(secret), oidc.ClientSecretPost(secret)];
  return (server, client, body, headers) => {
    const methods = server.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    const auth = methods.includes('client_secret_basic') || !methods.includes('client_secret_post') ? basic : post;
    auth(server, client, body, headers);
  };
}
