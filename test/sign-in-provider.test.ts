import { createHmac } from 'node:crypto';
import { generateKeyPair } from 'jose';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Browser, type Page } from './support/browser.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { LyingProvider } from './support/lying-provider.ts';

let provider: LyingProvider;
let current = 'first';
let gateway: TestGateway;
beforeAll(async () => {
  provider = await LyingProvider.start();
  const groups = { claim: 'realm_access.roles', teams: { sre: 'platform' } };
  gateway = await startGateway({
    config: { identity: { oidc: { issuer: provider.issuer.url, clientId: 'guichet', clientSecretFromEnv: 'S', groups } } },
    env: { S: 'the secret of the client' },
  });
});
afterAll(async () => {
  await gateway.close();
  await provider[Symbol.asyncDispose]();
});
afterEach(() => {
  Object.assign(provider, {
    claims: {},
    signing: { kid: current },
    idToken: (token: string) => token,
    userInfo: { sub: 'nadia' },
    token: undefined,
    silent: '',
  });
});

const login = (url = gateway.app.url): Promise<Page> => new Browser().open(`${url}/v1/auth/login?returnTo=/healthz`);
const now = (): number => Math.floor(Date.now() / 1000);
const signed = async (): Promise<boolean> => (await login()).url.pathname === '/healthz';

/** A token whose header and signature somebody made without the key of the provider. */
function forged(token: string, alg: string, sign: (text: string) => string): string {
  const [, payload] = token.split('.');
  const text = `${Buffer.from(JSON.stringify({ alg, kid: 'first' })).toString('base64url')}.${payload}`;
  return `${text}.${sign(text)}`;
}

describe('an ID token', () => {
  test('that is right signs in', async () => {
    expect(await signed()).toBe(true);
  });

  test.each([
    ['for another client', { aud: 'another' }],
    ['for several clients, of which another one asked', { aud: ['guichet', 'another'], azp: 'another' }],
    ['of another provider', { iss: 'https://evil.example' }],
    ['to another question', { nonce: 'another' }],
    ['to no question', { nonce: undefined }],
    ['that has expired', { exp: now() - 3600 }],
    ['of the future', { nbf: now() + 3600 }],
    ['without an end', { exp: undefined }],
    ['of nobody', { sub: undefined }],
  ])('%s does not', async (_, claims) => {
    provider.claims = claims;
    expect(await login()).toMatchObject({ status: 400, text: expect.stringContaining('not the one to our question') });
  });

  test.each([
    ['without a signature', (token: string) => forged(token, 'none', () => '')],
    [
      'signed with the secret of the client',
      (token: string) =>
        forged(token, 'HS256', (text) => createHmac('sha256', 'the secret of the client').update(text).digest('base64url')),
    ],
    ['whose claims were changed', (token: string) => token.replace(/\.[^.]+\./, (part) => `.${altered(part.slice(1, -1))}.`)],
    ['that is none', () => 'nonsense'],
    ['that did not come', () => undefined],
  ])('%s does not', async (_, change) => {
    provider.idToken = change;
    expect((await login()).status).toBe(400);
  });

  test.each([
    ['another key than the one that it names', 'first'],
    ['a key that the provider does not publish', 'another'],
  ])('signed with %s does not', async (_, kid) => {
    const { privateKey: key } = await generateKeyPair('RS256');
    provider.signing = { key, header: { kid } };
    expect((await login()).status).toBe(400);
  });

  test('signed with a key that is new since the last sign-in does', async () => {
    expect(await signed()).toBe(true);
    await provider.issuer.addKey('second', 'ES256');
    provider.issuer.removeKey('first');
    current = 'second';
    provider.signing = { kid: current };
    expect(await signed()).toBe(true);
  });

  test('of a clock that differs by seconds does', async () => {
    provider.claims = { iat: now() + 20, nbf: now() + 20, exp: now() - 20 };
    expect(await signed()).toBe(true);
  });
});

/** The payload with other claims. */
function altered(payload: string): string {
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>; // what Issuer signs is an object
  return Buffer.from(JSON.stringify({ ...claims, email: 'sven@example.com' })).toString('base64url');
}

describe('what the ID token does not say', () => {
  test('is asked of the provider, groups too', async () => {
    provider.claims = { email: undefined, email_verified: undefined };
    provider.userInfo = {
      sub: 'nadia',
      email: 'nadia@example.com',
      email_verified: true,
      realm_access: { roles: ['sre', 'other', 7] },
    };
    const browser = new Browser();
    await browser.open(`${gateway.app.url}/v1/auth/login?returnTo=/v1/me`);
    expect(JSON.parse(browser.page.html).principal.teams).toContain('platform');
  });

  test('is not taken of another account', async () => {
    provider.claims = { email: undefined, email_verified: undefined };
    provider.userInfo = { sub: 'sven', email: 'sven@example.com', email_verified: true };
    expect((await login()).status).toBe(400);
  });

  test.each([
    ['no address', { email: undefined }, "does not say the claim 'email'"],
    ['an address that is no text', { email: ['nadia@example.com'] }, "does not say the claim 'email'"],
    ['nothing of whether it is verified', { email_verified: undefined }, 'has not verified'],
    ['that it might be verified', { email_verified: 'yes' }, 'has not verified'],
  ])('and is not said elsewhere does not sign in: %s', async (_, claims, words) => {
    provider.claims = claims;
    expect(await login()).toMatchObject({ status: 403, text: expect.stringContaining(words) });
  });
});

describe('a provider', () => {
  test.each([
    ['that does not answer in time', () => Object.assign(provider, { silent: '/token' }), 503],
    [
      'that says that it cannot',
      () => Object.assign(provider, { token: { status: 400, body: { error: 'temporarily_unavailable' } } }),
      503,
    ],
    ['that breaks', () => Object.assign(provider, { token: { status: 502, body: 'Bad gateway' } }), 503],
    [
      'that does not know the gateway',
      () => Object.assign(provider, { token: { status: 401, body: { error: 'invalid_client' } } }),
      400,
    ],
    ['that takes no such code', () => Object.assign(provider, { token: { status: 400, body: { error: 'invalid_grant' } } }), 400],
  ])('%s ends the sign-in with words, and the next one is as ever', async (_, turn, status) => {
    turn();
    const page = await login();
    expect(page).toMatchObject({ status, text: expect.stringContaining('identity provider') });
    if (status === 503) expect(page.headers['retry-after']).toBe('5');
    Object.assign(provider, { token: undefined, silent: '' });
    expect(await signed()).toBe(true);
  });

  test('that is away when the gateway starts is asked again when somebody signs in', async () => {
    const late = await LyingProvider.start();
    late.silent = '/.well-known/openid-configuration';
    const other = await startGateway({ config: { identity: { oidc: { issuer: late.issuer.url, clientId: 'guichet' } } } });
    try {
      const response = await fetch(`${other.app.url}/v1/auth/login`, { redirect: 'manual' });
      expect(response.status).toBe(503);
      expect(response.headers.get('retry-after')).toBe('5');
      expect(await response.json()).toMatchObject({ code: 'sign_in.provider_unavailable', retryable: true });
      // Who has a token goes on without it.
      expect((await other.call('nadia', 'GET', '/v1/me')).status).toBe(200);
      late.silent = '';
      expect((await login(other.app.url)).url.pathname).toBe('/healthz');
    } finally {
      await other.close();
      await late[Symbol.asyncDispose]();
    }
  });

  test('that is not in the configuration signs nobody in', async () => {
    const other = await startGateway();
    try {
      const answers = await Promise.all([
        other.call(null, 'POST', '/v1/auth/device', { body: { client: 'guichet' } }),
        other.call(null, 'POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken: 'x' } }),
        other.call(null, 'GET', '/v1/auth/login'),
        other.call(null, 'GET', '/device'),
      ]);
      for (const { status, body } of answers)
        expect({ status, body }).toMatchObject({
          status: 501,
          body: { code: 'sign_in.not_configured', remedy: expect.stringContaining('identity.oidc') },
        });
    } finally {
      await other.close();
    }
  });
});
