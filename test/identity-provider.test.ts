import { type IdentityProvider, startIdentityProvider } from '@guichet/demo';
import * as oidc from 'openid-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';

/** The identity provider of the demo, asked by a client library that it does not know. */
const REDIRECT = 'http://127.0.0.1:9/auth/callback'; // nobody listens there: what the browser would take along is read off its way
const NADIA = { name: 'nadia', fullName: 'Nadia <Benali>', email: 'nadia@example.com', groups: ['developers'], password: 'open' };
const MARTA = {
  ...NADIA,
  name: 'marta',
  fullName: 'Marta Nowak',
  email: 'marta@example.com',
  groups: ['managers'],
  title: 'manager',
};

let provider: IdentityProvider;
let config: oidc.Configuration;
beforeAll(async () => {
  provider = await startIdentityProvider({
    clients: [
      {
        clientId: 'guichet',
        clientSecret: 'a secret',
        clientName: 'Guichet',
        redirectUris: ['http://127.0.0.1/auth/callback'],
        postLogoutRedirectUris: ['http://127.0.0.1/'],
      },
    ],
    people: [NADIA, MARTA],
    hint: "Everybody's password here is open.",
  });
  config = await oidc.discovery(new URL(provider.issuer), 'guichet', 'a secret', undefined, {
    execute: [oidc.allowInsecureRequests],
  });
});
afterAll(() => provider.close());

const VERIFIER = oidc.randomPKCECodeVerifier();
const CHECKS = { state: 'state-1', nonce: 'nonce-1' };

async function authorizationUrl(more: Record<string, string> = {}): Promise<URL> {
  return oidc.buildAuthorizationUrl(config, {
    redirect_uri: REDIRECT,
    scope: 'openid profile email groups',
    code_challenge: await oidc.calculatePKCECodeChallenge(VERIFIER),
    code_challenge_method: 'S256',
    ...CHECKS,
    ...more,
  });
}

/** Where the browser would have gone last, outside of the provider. */
async function left(browser: Browser, navigation: Promise<unknown>): Promise<URL> {
  await expect(navigation).rejects.toThrow('ECONNREFUSED');
  return browser.visited.at(-1) ?? new URL(REDIRECT);
}

test('signs a person in with their password, and says who they are in the ID token', async () => {
  const browser = new Browser();
  const page = await browser.open(await authorizationUrl());
  expect(page.status).toBe(200);
  expect(page.text).toContain('Sign in to go on to Guichet');
  expect(page.text).toContain('marta Marta Nowak, manager');
  expect(page.text).toContain("Everybody's password here is open.");
  const back = await left(browser, browser.signIn({ username: 'nadia', password: 'open' }));
  expect(`${back.origin}${back.pathname}`).toBe(REDIRECT);
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: VERIFIER,
    expectedState: CHECKS.state,
    expectedNonce: CHECKS.nonce,
  });
  expect(tokens.claims()).toMatchObject({
    sub: 'nadia',
    name: 'Nadia <Benali>',
    preferred_username: 'nadia',
    email: 'nadia@example.com',
    email_verified: true,
    groups: ['developers'],
  });
  // Who has signed in is known for a while, until the application signs them out.
  const again = await left(browser, browser.open(await authorizationUrl()));
  expect(again.searchParams.get('code')).not.toBeNull();
  await browser.open(oidc.buildEndSessionUrl(config, { post_logout_redirect_uri: 'http://127.0.0.1:9/' }));
  await left(browser, browser.submit({ button: 'Sign out' }));
  await browser.open(await authorizationUrl());
  expect(browser.isAtSignIn).toBe(true);
});

test('lets somebody else sign in where one person is signed in already', async () => {
  const browser = new Browser();
  await browser.open(await authorizationUrl());
  await left(browser, browser.signIn({ username: 'nadia', password: 'open' }));
  await browser.open(await authorizationUrl({ prompt: 'login' }));
  // The page that ends the first one's session goes on by a script, or by a button.
  const page = await browser.signIn({ username: 'marta', password: 'open' });
  expect(page.headers['content-security-policy']).toMatch(/script-src 'report-sample' 'sha256-[^']+';/);
  const back = await left(browser, browser.submit({ button: 'Continue' }));
  const tokens = await oidc.authorizationCodeGrant(config, back, {
    pkceCodeVerifier: VERIFIER,
    expectedState: CHECKS.state,
    expectedNonce: CHECKS.nonce,
  });
  expect(tokens.claims()).toMatchObject({ sub: 'marta', groups: ['managers'] });
});

test('says that a name and a password do not belong together, and nothing else', async () => {
  const browser = new Browser();
  await browser.open(await authorizationUrl());
  for (const username of ['nadia', 'nobody']) {
    const page = await browser.signIn({ username, password: 'wrong' });
    expect(page.status).toBe(401);
    expect(page.text).toContain('This name and password do not belong together.');
    expect(page.html).not.toContain('wrong"\n');
  }
  await left(browser, browser.signIn({ username: ' Nadia ', password: 'open' }));
});

test('tells the application that somebody did not want to', async () => {
  const browser = new Browser();
  await browser.open(await authorizationUrl());
  const back = await left(browser, browser.submit({ button: 'Cancel' }));
  expect(Object.fromEntries(back.searchParams)).toMatchObject({ error: 'access_denied', state: CHECKS.state });
});

test('takes no sign-in of another browser, none without PKCE, and none that leads elsewhere', async () => {
  const browser = new Browser();
  const page = await browser.open(await authorizationUrl());
  const stranger = new Browser();
  expect((await stranger.open(page.url)).text).toContain('This sign-in has ended, or began in another browser.');
  const bare = await authorizationUrl();
  for (const name of ['code_challenge', 'code_challenge_method']) bare.searchParams.delete(name);
  const refused = await left(browser, browser.open(bare));
  expect(refused.searchParams.get('error')).toBe('invalid_request');
  const elsewhere = await browser.open(await authorizationUrl({ redirect_uri: 'http://127.0.0.1:9/other' }));
  expect(elsewhere.status).toBe(400);
  expect(elsewhere.text).toContain('redirect_uri');
});

test('lets its pages run no script, stand in no frame, and show names as they are', async () => {
  const browser = new Browser();
  const page = await browser.open(await authorizationUrl());
  expect(page.headers['content-security-policy']).toBe(
    "default-src 'none'; style-src 'self'; script-src 'report-sample'; form-action 'self' http://127.0.0.1:*; frame-ancestors 'none'; base-uri 'none'",
  );
  expect(page.html).toContain('Nadia &lt;Benali&gt;');
  expect(page.html).not.toMatch(/<script|\sstyle=|\son\w+=/);
  const hinted = await new Browser().open(await authorizationUrl({ login_hint: '"><b>marta' }));
  expect(hinted.html).toContain('value="&quot;&gt;&lt;b&gt;marta"');
});
