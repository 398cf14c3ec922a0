import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider, { type Configuration, errors } from 'oidc-provider';
import { configurationOf, type IdentityClient } from './identity-provider/configuration.ts';
import { errorPage, signInPage } from './identity-provider/pages.ts';
import { type IdentityPerson, personBehind, subjectOf } from './identity-provider/person.ts';
import { STYLE } from './identity-provider/style.ts';

export type { IdentityClient } from './identity-provider/configuration.ts';
export type { IdentityPerson } from './identity-provider/person.ts';

export interface IdentityProviderOptions {
  /** 0, the default, for one that is free. */
  readonly port?: number;
  readonly host?: string;
  readonly clients: readonly IdentityClient[];
  /** Looked up at each sign-in: whoever is taken out of the list cannot sign in any more. */
  readonly people: readonly IdentityPerson[];
  /** What the page says of passwords. */
  readonly hint?: string;
  /** Private keys that sign; made anew when absent. */
  readonly jwks?: Configuration['jwks'];
}

export interface IdentityProvider {
  readonly issuer: string;
  close(): Promise<void>;
}

/**
 * A real OpenID Connect provider with a few people, in memory: code flow with PKCE, sign-out by the application.
 * It shows who there is on its page and does not slow down who guesses passwords: for demos and tests, never for a company.
 */
export async function startIdentityProvider(options: IdentityProviderOptions): Promise<IdentityProvider> {
  const { port = 0, host = '127.0.0.1', clients, people, jwks } = options;
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const issuer = `http://${host}:${(server.address() as AddressInfo).port}`; // it listens on TCP
  const provider = new Provider(issuer, configurationOf({ clients, people, jwks }));
  const answerRest = provider.callback();
  const desk = new Desk(provider, options);
  server.on('request', (request, response) => {
    for (const [name, value] of headersFor(clients)) response.setHeader(name, value);
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/style.css') answer(response, { type: 'text/css', body: STYLE });
    else if (path.startsWith('/interaction/')) void desk.serve(request, response);
    else void answerRest(request, response);
  });
  return {
    issuer,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Where somebody says who they are. */
class Desk {
  readonly #provider: Provider;
  readonly #options: IdentityProviderOptions;

  constructor(provider: Provider, options: IdentityProviderOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      await this.#serve(request, response);
    } catch (error) {
      const isGone = error instanceof errors.SessionNotFound;
      const body = errorPage(isGone ? 'This sign-in has ended, or began in another browser.' : 'Something went wrong here.');
      if (!isGone) process.stderr.write(`identity provider: ${String(error)}\n`);
      if (!response.headersSent) answer(response, { status: isGone ? 400 : 500, body });
    }
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { params } = await this.#provider.interactionDetails(request, response);
    const client = this.#options.clients.find(({ clientId }) => clientId === params['client_id']);
    const show = (status: number, { username, isWrong }: { username: string; isWrong: boolean }): void => {
      const { people, hint } = this.#options;
      const body = signInPage({ client: client?.clientName ?? 'the application', people, hint, username, isWrong });
      answer(response, { status, body });
    };
    if (request.method !== 'POST') return show(200, { username: textOf(params['login_hint']), isWrong: false });
    const form = await readForm(request);
    if (form.has('cancel')) {
      const denied = { error: 'access_denied', error_description: 'The person did not sign in.' };
      return this.#provider.interactionFinished(request, response, denied, { mergeWithLastSubmission: false });
    }
    const username = form.get('username') ?? '';
    const person = personBehind(this.#options.people, { username, password: form.get('password') ?? '' });
    if (person === undefined) return show(401, { username, isWrong: true });
    await this.#provider.interactionFinished(request, response, { login: { accountId: subjectOf(person) } });
  }
}

/** What every page forbids the browser. Its forms lead on to the applications, by redirects that `form-action` looks at too. */
function headersFor(clients: readonly IdentityClient[]): readonly (readonly [string, string])[] {
  const origins = clients.flatMap(({ redirectUris }) => redirectUris.map((uri) => new URL(uri)));
  const targets = new Set(origins.map((url) => (url.hostname === '127.0.0.1' ? 'http://127.0.0.1:*' : url.origin)));
  const policy = [
    "default-src 'none'",
    "style-src 'self'",
    // This allows no script. The library adds the hash of its one script to it, which 'none' does not stand beside.
    "script-src 'report-sample'",
    `form-action 'self' ${[...targets].join(' ')}`.trim(),
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ];
  return [
    ['content-security-policy', policy.join('; ')],
    ['x-content-type-options', 'nosniff'],
    ['x-frame-options', 'DENY'],
    ['referrer-policy', 'no-referrer'],
    ['cache-control', 'no-store'],
  ];
}

function answer(
  response: ServerResponse,
  { status = 200, type = 'text/html', body }: { status?: number; type?: string; body: string },
) {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8` });
  response.end(body);
}

const MOST_BYTES = 8192;

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > MOST_BYTES) throw new Error('a form of more than 8 KiB came');
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
