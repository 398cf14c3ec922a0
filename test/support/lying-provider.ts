import type { IncomingMessage, ServerResponse } from 'node:http';
import { Issuer, type JobClaims } from './issuer.ts';

type Signing = Parameters<Issuer['token']>[1];

/**
 * An identity provider that signs everybody in as Nadia without asking, and says what a test wants of her: for what a
 * library would not say.
 */
export class LyingProvider implements AsyncDisposable {
  readonly issuer: Issuer;
  /** Claims beside those that are right; undefined leaves one out. */
  claims: JobClaims = {};
  signing: Signing = {};
  /** Sent in place of the token that was made. */
  idToken: (token: string) => string | undefined = (token) => token;
  userInfo: JobClaims = { sub: 'nadia' };
  /** Answers of the token endpoint in place of the right one. */
  token: { readonly status: number; readonly body: unknown } | undefined;
  /** The path that is not answered at all. */
  silent = '';
  #nonce = '';

  private constructor(issuer: Issuer) {
    this.issuer = issuer;
    issuer.instead = (request, response) => void this.#answer(request, response);
  }

  static async start(): Promise<LyingProvider> {
    return new LyingProvider(await Issuer.start());
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer.url);
    if (url.pathname === this.silent) return;
    const query = url.searchParams;
    switch (url.pathname) {
      case '/authorize': {
        this.#nonce = query.get('nonce') ?? '';
        const back = new URLSearchParams({ code: 'a code', state: query.get('state') ?? '' });
        response.writeHead(302, { location: `${query.get('redirect_uri')}?${back}` }).end();
        return;
      }
      case '/token':
        return json(response, this.token ?? { status: 200, body: await this.#tokens() });
      case '/userinfo':
        return json(response, { status: 200, body: this.userInfo });
      case '/keys':
        return json(response, { status: 200, body: await this.issuer.jwks() });
      default:
        return json(response, { status: 200, body: this.#metadata() });
    }
  }

  async #tokens(): Promise<object> {
    const right = { aud: 'guichet', sub: 'nadia', nonce: this.#nonce, email: 'nadia@example.com', email_verified: true };
    const idToken = this.idToken(await this.issuer.token({ ...right, ...this.claims }, this.signing));
    return {
      access_token: 'an access token',
      token_type: 'Bearer',
      expires_in: 300,
      ...(idToken !== undefined && { id_token: idToken }),
    };
  }

  #metadata(): object {
    const at = (path: string): string => `${this.issuer.url}${path}`;
    return {
      issuer: this.issuer.url,
      authorization_endpoint: at('/authorize'),
      token_endpoint: at('/token'),
      userinfo_endpoint: at('/userinfo'),
      jwks_uri: at('/keys'),
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['RS256', 'ES256', 'HS256', 'none'],
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.issuer[Symbol.asyncDispose]();
  }
}

function json(response: ServerResponse, { status, body }: { status: number; body: unknown }): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
