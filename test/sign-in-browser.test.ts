import type { Me } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import { account, asks, type SignInWorld, sessionCookie, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  const people = ['nadia', 'amine', 'marta'].map((name) => account(name));
  const odd = [
    account('paula', { emailVerified: false }),
    account('stranger', { email: 'stranger@elsewhere.example' }),
    account('sven', { email: 'SVEN@EXAMPLE.COM', fullName: 'Sven <script>alert(1)</script>' }),
  ];
  world = await signInWorld({ accounts: [...people, ...odd] });
});
afterAll(() => world.close());

const loginPath = (returnTo: string): string => `/v1/auth/login?${new URLSearchParams({ returnTo })}`;

describe('a sign-in', () => {
  test('goes to the provider with PKCE, state and nonce, and comes back to the page that was wanted', async () => {
    const browser = new Browser();
    await browser.open(world.url(loginPath('/healthz?a=1#there')));
    const asked = browser.visited.find(({ pathname }) => pathname === '/auth');
    const { searchParams } = asked ?? new URL('http://nowhere.invalid');
    expect(Object.fromEntries(searchParams)).toMatchObject({
      response_type: 'code',
      client_id: 'guichet',
      redirect_uri: world.url('/v1/auth/callback'),
      code_challenge_method: 'S256',
      code_challenge: expect.stringMatching(/^[\w-]{43}$/),
      state: expect.stringMatching(/^[0-9a-f]{12}\.[\w-]{43}$/),
      nonce: expect.stringMatching(/^[\w-]{43}$/),
    });
    const page = await browser.signIn(asks('nadia'));
    expect(page.url.href).toBe(world.url('/healthz?a=1#there'));
  });

  test('gives the browser one cookie that no script reads, and the person their name and a CSRF value', async () => {
    const browser = await world.signedIn('nadia');
    expect(browser.cookies.filter(({ name }) => name.includes('guichet'))).toEqual([
      {
        name: 'guichet_session', // this gateway is reached without HTTPS: there it is __Host-guichet_session
        value: expect.stringMatching(/^gct_b_[\w-]{43}$/),
        attributes: expect.objectContaining({ httponly: '', samesite: 'Lax', path: '/' }),
      },
    ]);
    const { body } = await world.api<Me>(browser, 'GET', '/v1/me');
    expect(body).toMatchObject({
      principal: { id: 'user:nadia', name: 'Nadia Benali', scope: {} },
      session: { kind: 'browser', client: 'Chrome on Linux', address: '127.0.0.1', current: true },
      csrf: expect.stringMatching(/^[\w-]{43}$/),
    });
    expect(JSON.stringify(body)).not.toContain(sessionCookie(browser));
  });

  test('is recorded, and leaves no secret in the database', async () => {
    const browser = await world.signedIn('amine');
    const created = (await world.audit()).findLast(({ type }) => type === 'session.created');
    expect(created).toMatchObject({ actor: 'user:amine', data: { kind: 'browser', by: 'browser', bound: true, teams: [] } });
    const dump = JSON.stringify(await Promise.all(TABLES.map((table) => world.query(`select t::text from ${table} t`))));
    expect(dump).toContain('user:amine');
    expect(dump).not.toContain(sessionCookie(browser));
  });

  test('of the same person with another spelling of the address is theirs', async () => {
    const browser = await world.signedIn('sven');
    expect((await world.api<Me>(browser, 'GET', '/v1/me')).body.principal).toMatchObject({
      id: 'user:sven',
      name: 'Sven Lindqvist',
    });
  });

  test('in a browser that is signed in already ends the session that was there', async () => {
    const browser = await world.signedIn('nadia');
    const before = sessionCookie(browser);
    await world.signedIn('nadia', browser);
    expect(sessionCookie(browser)).not.toBe(before);
    const old = await fetch(world.url('/v1/me'), { headers: { cookie: `guichet_session=${before}` } });
    expect(old.status).toBe(401);
    expect(await old.json()).toMatchObject({ code: 'token.revoked' });
    expect((await world.audit()).at(-2)).toMatchObject({ type: 'session.revoked', data: { why: 'replaced' } });
  });

  test('begun in two pages at once comes to its end in both', async () => {
    const browser = new Browser();
    const first = await browser.open(world.url(loginPath('/healthz?first')));
    await browser.open(world.url(loginPath('/readyz?second')));
    expect((await browser.signIn(asks('nadia'))).url.pathname).toBe('/readyz');
    await browser.open(first.url);
    expect((await browser.signIn(asks('nadia'))).url.pathname).toBe('/healthz');
  });

  test('that the person gives up ends on a page that says so, and leads back to where they wanted to go', async () => {
    const browser = new Browser();
    await browser.open(world.url(loginPath('/healthz')));
    const page = await browser.submit({ button: /cancel/i });
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('The identity provider did not let you in.') });
    expect(page.headers['content-type']).toContain('text/html');
    expect(sessionCookie(browser)).toBe('');
    await browser.click('Sign in again');
    expect((await browser.signIn(asks('nadia'))).url.pathname).toBe('/healthz');
  });
});

test('over HTTPS the cookies are such as no other host can plant and no plain connection carries', async () => {
  const secure = await signInWorld({ config: { publicUrl: 'https://guichet.example/' } });
  try {
    const response = await fetch(secure.url(loginPath('/')), { redirect: 'manual' });
    const question = new URL(response.headers.get('location') ?? '');
    expect(question.searchParams.get('redirect_uri')).toBe('https://guichet.example/v1/auth/callback');
    expect(response.headers.getSetCookie()).toEqual([
      expect.stringMatching(/^__Host-guichet_sign_in_[0-9a-f]{12}=\S+; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax; Secure$/),
    ]);
    const planted = await fetch(secure.url('/v1/me'), { headers: { cookie: `guichet_session=gct_b_${'A'.repeat(43)}` } });
    expect(await planted.json()).toMatchObject({ code: 'token.missing' });
    const own = await fetch(secure.url('/v1/me'), { headers: { cookie: `__Host-guichet_session=gct_b_${'A'.repeat(43)}` } });
    expect(await own.json()).toMatchObject({ code: 'token.invalid' });
  } finally {
    await secure.close();
  }
});

const TABLES = ['sessions', 'tokens', 'audit_events', 'identities', 'directory_claims', 'sign_in_codes', 'device_sign_ins'];

describe('an answer of the provider is refused', () => {
  const refused = async (browser: Browser, callback: URL): Promise<void> => {
    const page = await browser.open(callback);
    expect(page).toMatchObject({ status: 400, text: expect.stringContaining('not come to its end') });
    expect(sessionCookie(browser)).toBe('');
  };

  test('in a browser that did not ask, so that nobody can be signed in as somebody else', async () => {
    await refused(new Browser(), await interceptedCallback(new Browser(), 'nadia'));
  });

  test('to a question of another sign-in of the same browser', async () => {
    const callback = await interceptedCallback(new Browser(), 'nadia');
    const victim = new Browser();
    await victim.open(world.url(loginPath('/healthz')));
    const own = victim.visited.find(({ pathname }) => pathname === '/auth')?.searchParams.get('state') ?? '';
    await refused(victim, callback);
    // With the state of the victim, the code of the attacker does not fit the verifier and the nonce.
    callback.searchParams.set('state', own);
    await refused(victim, callback);
  });

  test.each([
    ['a state that was changed', (url: URL) => url.searchParams.set('state', `${url.searchParams.get('state')}A`)],
    ['a state of the right form', (url: URL) => url.searchParams.set('state', `000000000000.${'A'.repeat(43)}`)],
    ['no state', (url: URL) => url.searchParams.delete('state')],
    ['two states', (url: URL) => url.searchParams.append('state', 'second')],
    ['no code', (url: URL) => url.searchParams.delete('code')],
    ['a code that was changed', (url: URL) => url.searchParams.set('code', 'another')],
    ['the name of another provider', (url: URL) => url.searchParams.set('iss', 'https://evil.example')],
  ])('with %s', async (_, change) => {
    const browser = new Browser();
    const answer = await interceptedCallback(browser, 'nadia');
    change(answer);
    await refused(browser, answer);
  });

  test('when the cookie of the sign-in was changed', async () => {
    const browser = new Browser();
    const answer = await interceptedCallback(browser, 'nadia');
    for (const change of [
      (value: string) => value.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')),
      (value: string) => value.replace(/[^.]*$/, Buffer.from('/metrics').toString('base64url')),
      (value: string) => value.replace(/\.\d+\./, '.9999999999999.'),
      (value: string) => value.split('.').slice(0, 1).join('.'),
    ]) {
      const cookie = browser.cookies.find(({ name }) => name.startsWith('guichet_sign_in_'));
      const response = await fetch(answer, {
        redirect: 'manual',
        headers: { cookie: `${cookie?.name}=${change(cookie?.value ?? '')}`, accept: 'application/json' },
      });
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ code: 'sign_in.failed' });
    }
  });

  test('the second time', async () => {
    const browser = new Browser();
    const answer = await interceptedCallback(browser, 'nadia');
    const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    expect((await browser.open(answer)).url.pathname).toBe('/healthz');
    const again = await fetch(answer, { redirect: 'manual', headers: { cookie } });
    expect(again.status).toBe(400);
    expect(await again.json()).toMatchObject({ code: 'sign_in.failed' });
  });
});

/** Where the provider sends the browser back to, looked at before the browser goes there. */
async function interceptedCallback(browser: Browser, name: string): Promise<URL> {
  await browser.open(world.url(loginPath('/healthz')));
  const { forms, url } = browser.page;
  const form = forms.find((one) => one.name === 'sign-in');
  const jar = (): string => browser.cookies.map((cookie) => `${cookie.name}=${cookie.value}`).join('; ');
  let next = new URL(form?.action ?? '', url);
  let cookies = jar();
  let response = await fetch(next, {
    method: 'POST',
    redirect: 'manual',
    headers: { cookie: cookies, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ ...form?.fields, ...asks(name) }),
  });
  for (let hops = 0; hops < 10; hops++) {
    next = new URL(response.headers.get('location') ?? '', next);
    if (next.pathname === '/v1/auth/callback') return next;
    const set = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
    cookies = [cookies, ...set].join('; ');
    response = await fetch(next, { redirect: 'manual', headers: { cookie: cookies } });
  }
  throw new Error('the provider did not send the browser back');
}

describe('the way back leads to no other place', () => {
  test.each([
    'https://evil.example/',
    '//evil.example/',
    '/\\evil.example/',
    '/\t/evil.example',
    '/.//evil.example',
    '/a/..//evil.example',
    '\\\\evil.example',
    'javascript:alert(1)',
    'healthz',
    '',
    `/${'a'.repeat(1600)}`,
  ])('than this gateway: %j is refused before the provider is asked', async (returnTo) => {
    const response = await fetch(world.url(loginPath(returnTo)), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'input.invalid', errors: [{ field: '/returnTo' }] });
  });
});

describe('the provider knows somebody, and the company', () => {
  const turnedAway = async (name: string): Promise<string> => {
    const browser = new Browser();
    await browser.open(world.url(loginPath('/healthz')));
    const page = await browser.signIn(asks(name));
    expect(page.url.pathname).toBe('/v1/auth/callback');
    expect(sessionCookie(browser)).toBe('');
    return `${page.status} ${page.text}`;
  };

  test('does not: they are told whom to ask, and it is recorded', async () => {
    expect(await turnedAway('stranger')).toMatch(/^403 .*Nobody in the company has the email 'stranger@elsewhere\.example'/);
    expect((await world.audit()).at(-1)).toMatchObject({
      type: 'sign_in.refused',
      data: { code: 'sign_in.refused', subject: 'stranger' },
    });
  });

  test('does not: they can take another account at once, though the provider knows the first', async () => {
    const browser = new Browser();
    await browser.open(world.url(loginPath('/healthz')));
    await browser.signIn(asks('stranger'));
    await browser.click('Sign in with another account');
    await browser.signIn(asks('nadia'));
    // The provider's page that ends the first one's session goes on by a script, or by a button.
    expect((await browser.submit({ button: 'Continue' })).url.pathname).toBe('/healthz');
  });

  test('does, but nobody has verified that the address is theirs', async () => {
    expect(await turnedAway('paula')).toMatch(/^403 .*has not verified the address paula@example\.com/);
  });

  test('does, by another account: that one is refused until the operator lets it in', async () => {
    await world.signedIn('marta');
    const at = world.accounts.findIndex(({ name }) => name === 'marta');
    world.accounts[at] = account('marta', { subject: 'marta-2' });
    expect(await turnedAway('marta')).toMatch(
      /^409 .*has signed in with another account .* before\. .*main\.ts --config FILE unbind user:marta/,
    );
    expect((await world.audit()).at(-1)).toMatchObject({ type: 'sign_in.refused', data: { code: 'sign_in.subject_conflict' } });
    await world.query("delete from identities where principal_id = 'user:marta'"); // `unbind` has a test of its own
    await world.signedIn('marta');
  });

  test('does, by an account that was somebody else until now', async () => {
    await world.signedIn('amine');
    const at = world.accounts.findIndex(({ name }) => name === 'amine');
    world.accounts[at] = account('amine', { email: 'nadia@example.com' });
    expect(await turnedAway('amine')).toMatch(/^409 .*has signed in as amine before, and now says that it is nadia/);
    world.accounts[at] = account('amine');
  });
});
