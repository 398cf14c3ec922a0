import type { Me } from '@guichet/contract';
import { type IdentityPerson, type IdentityProvider, startIdentityProvider } from '@guichet/demo';
import pg from 'pg';
import { Browser, type Credentials } from './browser.ts';
import { type Answer, startGateway, type TestGateway } from './gateway.ts';

const SECRET = "the client's secret";

/** Somebody of the company with an account at the identity provider. */
export function account(name: string, more: Partial<IdentityPerson> = {}): IdentityPerson {
  return { name, fullName: `${name} of the provider`, email: `${name}@example.com`, groups: [], password: 'open', ...more };
}

export const asks = (name: string): Credentials => ({ username: name, password: 'open' });

export interface SignInWorld {
  readonly gateway: TestGateway;
  readonly provider: IdentityProvider;
  /** The accounts of the provider; change them as the test goes on. */
  readonly accounts: IdentityPerson[];
  /** The address of a page or a route of the gateway. */
  url(path: string): string;
  /** A browser in which the person has signed in. */
  signedIn(name: string, browser?: Browser): Promise<Browser>;
  /** A call with the cookies of the browser, as a script of a page of ours would make it, but for `headers`. */
  api<Body = Record<string, unknown>>(browser: Browser, method: string, path: string, call?: ApiCall): Promise<Answer<Body>>;
  query<Row>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Types of the audit log about sign-ins and sessions, oldest first, with their data. */
  audit(): Promise<{ type: string; actor: string; data: Record<string, unknown> }[]>;
  close(): Promise<void>;
}

export interface ApiCall {
  readonly body?: unknown;
  /** Taken in place of those that our own page would send; undefined leaves one out. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
}

export interface SignInWorldOptions {
  readonly accounts?: readonly IdentityPerson[];
  /** What `identity.oidc` has beside the provider. */
  readonly oidc?: Readonly<Record<string, unknown>>;
  readonly session?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, unknown>>;
}

const PEOPLE = ['nadia', 'amine', 'paula', 'sven', 'marta'];

/** A gateway, a real identity provider, and people with browsers. */
export async function signInWorld(options: SignInWorldOptions = {}): Promise<SignInWorld> {
  const accounts = [...(options.accounts ?? PEOPLE.map((name) => account(name)))];
  const provider = await startIdentityProvider({
    clients: [{ clientId: 'guichet', clientSecret: SECRET, redirectUris: ['http://127.0.0.1/v1/auth/callback'] }],
    people: accounts,
  });
  const oidc = { issuer: provider.issuer, clientId: 'guichet', clientSecretFromEnv: 'TEST_CLIENT_SECRET', ...options.oidc };
  const gateway = await startGateway({
    config: { identity: { oidc, ...(options.session && { session: options.session }) }, ...options.config },
    env: { TEST_CLIENT_SECRET: SECRET },
  });
  const db = new pg.Client({ connectionString: gateway.databaseUrl });
  await db.connect();
  const url = (path: string): string => `${gateway.app.url}${path}`;
  const api: SignInWorld['api'] = async <Body>(
    browser: Browser,
    method: string,
    path: string,
    { body, headers = {} }: ApiCall = {},
  ) => {
    const isRead = method === 'GET';
    const own = {
      'sec-fetch-site': 'same-origin',
      ...(!isRead && { origin: gateway.app.url, 'x-guichet-csrf': await csrfOf(browser) }),
    };
    const all = {
      cookie: browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
      ...own,
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    };
    const sent = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const response = await fetch(url(path), {
      method,
      headers: Object.fromEntries(sent),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    // What the route answers; tests say which shape they expect.
    return { status: response.status, headers: response.headers, body: (text === '' ? undefined : JSON.parse(text)) as Body };
  };
  const csrfOf = async (browser: Browser): Promise<string> => (await api<Me>(browser, 'GET', '/v1/me')).body.csrf ?? 'none';
  const query = async <Row>(sql: string, values: readonly unknown[] = []) => (await db.query(sql, [...values])).rows as Row[]; // what the statement selects
  return {
    gateway,
    provider,
    accounts,
    url,
    api,
    query,
    signedIn: async (name, browser = new Browser()) => {
      await browser.open(url('/v1/auth/login?returnTo=/healthz'));
      if (browser.isAtSignIn) await browser.signIn(asks(name));
      if (browser.page.url.pathname !== '/healthz') throw new Error(`${name} is not signed in: ${browser.page.text}`);
      return browser;
    },
    audit: () =>
      query(
        "select type, actor_id as actor, data from audit_events where type like 'session.%' or type like 'sign_in.%' or type like 'identity.%' order by id",
      ),
    close: async () => {
      await db.end();
      await gateway.close();
      await provider.close();
    },
  };
}

/** The part of a page that its error is about. */
export const sessionCookie = (browser: Browser): string =>
  browser.cookies.find(({ name }) => name.endsWith('guichet_session'))?.value ?? '';
