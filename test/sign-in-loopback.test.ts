import { createHash, randomBytes } from 'node:crypto';
import type { Me, Problem, SessionTokens } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import type { Answer } from './support/gateway.ts';
import { asks, type SignInWorld, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld();
});
afterAll(() => world.close());

const REDIRECT = 'http://127.0.0.1:9/callback'; // nobody listens there: what the browser brings is read off its way
const verifier = randomBytes(48).toString('base64url');
const challengeOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

function authorizePath(more: Record<string, string | undefined> = {}): string {
  const query = {
    response_type: 'code',
    redirect_uri: REDIRECT,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    state: 'the state of the command line',
    client: 'guichet on nadia-laptop',
    ...more,
  };
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `/v1/auth/authorize?${new URLSearchParams(given)}`;
}

/** What the browser brings to the command line when the person presses the button. */
async function answered(browser: Browser, button: 'Allow' | 'Deny'): Promise<URL> {
  await expect(browser.submit({ button })).rejects.toThrow('ECONNREFUSED');
  return browser.visited.at(-1) ?? new URL('http://nowhere.invalid');
}

async function codeFor(name: string): Promise<string> {
  const browser = await world.signedIn(name);
  await browser.open(world.url(authorizePath()));
  return (await answered(browser, 'Allow')).searchParams.get('code') ?? '';
}

const exchange = (code: string, more: Record<string, string> = {}): Promise<Answer<SessionTokens & Problem>> =>
  world.gateway.call(null, 'POST', '/v1/auth/token', {
    body: { grant: 'authorization_code', code, codeVerifier: verifier, redirectUri: REDIRECT, ...more },
  });

test('a command line with a browser gets a code by it, and tokens for the code', async () => {
  const browser = new Browser();
  await browser.open(world.url(authorizePath()));
  const page = await browser.signIn(asks('nadia'));
  for (const shown of ['Nadia Benali', 'guichet on nadia-laptop', REDIRECT]) expect(page.text).toContain(shown);
  expect(page.headers['content-security-policy']).toContain("form-action 'self' http://127.0.0.1:9;");
  const answer = await answered(browser, 'Allow');
  expect(`${answer.origin}${answer.pathname}`).toBe(REDIRECT);
  expect(Object.fromEntries(answer.searchParams)).toEqual({
    state: 'the state of the command line',
    code: expect.stringMatching(/^gct_c_[\w-]{43}$/),
  });
  const { status, body } = await exchange(answer.searchParams.get('code') ?? '');
  expect({ status, body }).toMatchObject({ status: 200, body: { session: { kind: 'cli', client: 'guichet on nadia-laptop' } } });
  const me = await world.gateway.call<Me>({ token: body.accessToken }, 'GET', '/v1/me');
  expect(me.body.principal.id).toBe('user:nadia');
  expect((await world.audit()).slice(-2).map(({ type, data }) => [type, data['by']])).toEqual([
    ['sign_in.allowed', 'loopback'],
    ['session.created', 'loopback'],
  ]);
});

test('a person who is signed in is asked all the same, and no code is made until they say yes', async () => {
  const browser = await world.signedIn('nadia');
  const page = await browser.open(world.url(authorizePath()));
  expect(page.status).toBe(200);
  expect(await world.query('select from sign_in_codes where session_id is null')).toEqual([]);
  const answer = await answered(browser, 'Deny');
  expect(Object.fromEntries(answer.searchParams)).toEqual({ state: 'the state of the command line', error: 'access_denied' });
  expect(await world.query('select from sign_in_codes where session_id is null')).toEqual([]);
});

describe('a code', () => {
  const refusal = async (answer: Promise<Answer<Problem>>): Promise<string> => {
    const { status, body } = await answer;
    return `${status} ${body.code}`;
  };

  test.each([
    ['another verifier', { codeVerifier: randomBytes(48).toString('base64url') }],
    ['the challenge as the verifier', { codeVerifier: challengeOf(verifier) }],
    ['another redirect address', { redirectUri: 'http://127.0.0.1:10/callback' }],
  ])('is used up by %s', async (_, wrong) => {
    const code = await codeFor('nadia');
    expect(await refusal(exchange(code, wrong))).toBe('401 sign_in.invalid');
    expect(await refusal(exchange(code))).toBe('401 sign_in.invalid');
  });

  test('works once: the second use ends the session of the first', async () => {
    const code = await codeFor('nadia');
    const { body } = await exchange(code);
    expect(await refusal(exchange(code))).toBe('401 sign_in.reused');
    expect(await refusal(world.gateway.call({ token: body.accessToken }, 'GET', '/v1/me'))).toBe('401 token.revoked');
    expect((await world.audit()).at(-1)).toMatchObject({ type: 'session.reuse_detected', data: { what: 'code' } });
  });

  test('gives a session that ends with the one of the browser that let it in, and none after that', async () => {
    const end = "update sessions set ends_at = now() + $1::interval where kind = 'browser' and principal_id = 'user:paula'";
    const browser = await world.signedIn('paula');
    await world.query(end, ['5 minutes']);
    const code = async (): Promise<string> => {
      await browser.open(world.url(authorizePath()));
      return (await answered(browser, 'Allow')).searchParams.get('code') ?? '';
    };
    const { body } = await exchange(await code());
    expect(Date.parse(body.session.expiresAt) - Date.now()).toBeLessThan(5.1 * 60_000);
    const late = await code();
    await world.query('update sign_in_codes set ends_at = now() where session_id is null');
    expect(await refusal(exchange(late))).toBe('401 sign_in.invalid');
  });

  test('gives tokens once when it is used ten times at once', async () => {
    const code = await codeFor('nadia');
    const answers = await Promise.all(Array.from({ length: 10 }, () => exchange(code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('is good for a minute', async () => {
    const code = await codeFor('nadia');
    const [row] = await world.query<{ lasts: number }>(
      'select extract(epoch from max(expires_at) - now())::int as lasts from sign_in_codes',
    );
    expect(row?.lasts).toBeLessThanOrEqual(60);
    await world.query('update sign_in_codes set expires_at = now()');
    expect(await refusal(exchange(code))).toBe('401 sign_in.invalid');
  });

  test('is worth nothing once the person has signed out everywhere', async () => {
    const code = await codeFor('sven');
    await world.api(await world.signedIn('sven'), 'POST', '/v1/sessions/revoke-all', { body: {} });
    expect(await refusal(exchange(code))).toBe('401 sign_in.invalid');
  });

  test('of another grant is none of this one, and the fields of another do not belong to it', async () => {
    const code = await codeFor('nadia');
    const call = (body: unknown) => world.gateway.call<Problem>(null, 'POST', '/v1/auth/token', { body });
    expect(await refusal(call({ grant: 'refresh_token', refreshToken: code }))).toBe('401 sign_in.invalid');
    expect(await refusal(call({ grant: 'device_code', deviceCode: code }))).toBe('401 sign_in.invalid');
    const mixed = await call({ grant: 'refresh_token', refreshToken: code, code });
    expect(mixed.body.errors).toEqual([expect.objectContaining({ field: '/code', message: 'does not belong to this grant' })]);
    const missing = await call({ grant: 'authorization_code', code });
    expect(missing.body.errors?.map(({ field }) => field)).toEqual(['/codeVerifier', '/redirectUri']);
  });
});

describe('the address to bring the code to', () => {
  test.each([
    'https://127.0.0.1:9/callback',
    'http://localhost:9/callback',
    'http://127.0.0.1.evil.example:9/callback',
    'http://127.0.0.1@evil.example:9/callback',
    'http://user@127.0.0.1:9/callback',
    'http://evil.example/callback',
    'http://0.0.0.0:9/',
    'http://127.0.0.1/without-a-port',
    'http://127.0.0.1:9/callback#there',
    'http://127.0.0.1:9\\@evil.example/',
    'http:\\\\127.0.0.1:9/callback',
    'http://0x7f000001:9/callback',
    'http://2130706433:9/callback',
    'http://127.1:9/callback',
    ' http://127.0.0.1:9/callback',
    'http://127.0.0.1:9/call\nback',
    'http://127.0.0.1:9/callback?code=mine',
    'javascript:alert(1)',
    'guichet://callback',
    '//127.0.0.1:9/',
  ])('cannot be %s', async (redirect_uri) => {
    const browser = await world.signedIn('nadia');
    const page = await browser.open(world.url(authorizePath({ redirect_uri })));
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('redirect_uri') });
    expect(page.forms).toEqual([]);
  });

  test('can be the one of IPv6', async () => {
    const browser = await world.signedIn('nadia');
    const page = await browser.open(world.url(authorizePath({ redirect_uri: 'http://[::1]:9/callback' })));
    expect(page.status).toBe(200);
    expect(page.headers['content-security-policy']).toContain("form-action 'self' http:;");
  });

  test('cannot be changed on the way from the page', async () => {
    const browser = await world.signedIn('nadia');
    const page = await browser.open(world.url(authorizePath()));
    const response = await fetch(world.url('/v1/auth/authorize'), {
      method: 'POST',
      redirect: 'manual',
      headers: {
        cookie: browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
        origin: world.gateway.app.url,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ ...page.forms[0]?.fields, redirect_uri: 'https://evil.example/', decision: 'allow' }),
    });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
  });
});

test.each([
  ['code_challenge', { code_challenge: undefined }],
  ['code_challenge', { code_challenge: verifier }],
  ['code_challenge_method', { code_challenge_method: 'plain' }],
  ['state', { state: undefined }],
  ['response_type', { response_type: 'token' }],
  ['client', { client: 'two\nlines' }],
])('a command line that sends a bad %s is not asked about', async (field, more) => {
  const response = await fetch(world.url(authorizePath(more)));
  expect(response.status).toBe(400);
  const problem = (await response.json()) as Problem; // errors leave as problem documents
  expect(problem.errors?.map((error) => error.field)).toEqual([`/${field}`]);
});
