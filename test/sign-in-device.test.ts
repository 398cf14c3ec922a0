import type { DeviceStarted, Me, Problem, SessionTokens } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import type { Answer } from './support/gateway.ts';
import { asks, type SignInWorld, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld();
});
afterAll(() => world.close());

async function start(client = 'guichet', host = 'nadia-laptop'): Promise<DeviceStarted> {
  const { status, body } = await world.gateway.call<DeviceStarted>(null, 'POST', '/v1/auth/device', { body: { client, host } });
  expect(status).toBe(200);
  return body;
}

/** Asks for the tokens, as if the interval were over. */
async function ask({ deviceCode }: DeviceStarted): Promise<Answer<SessionTokens & Problem>> {
  await world.query("update device_sign_ins set asked_at = asked_at - interval '2 minutes'");
  return hurry({ deviceCode });
}

const hurry = ({ deviceCode }: { deviceCode: string }): Promise<Answer<SessionTokens & Problem>> =>
  world.gateway.call(null, 'POST', '/v1/auth/token', { body: { grant: 'device_code', deviceCode } });

const refusal = async (answer: Promise<Answer<Problem>>): Promise<string> => {
  const { status, body } = await answer;
  return `${status} ${body.code}`;
};

describe('a command line without a browser', () => {
  test('gets a code to show, and tokens once a person has allowed it', async () => {
    const device = await start();
    expect(device).toEqual({
      deviceCode: expect.stringMatching(/^gct_d_[\w-]{43}$/),
      userCode: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
      verificationUri: world.url('/device'),
      verificationUriComplete: world.url(`/device?user_code=${device.userCode}`),
      expiresIn: 600,
      interval: 5,
    });
    expect(await refusal(ask(device))).toBe('400 sign_in.pending');
    // Whoever opens the page signs in first, and comes back to it.
    const browser = new Browser();
    await browser.open(device.verificationUriComplete);
    const asked = await browser.signIn(asks('nadia'));
    expect(asked.url.href).toBe(device.verificationUriComplete);
    for (const shown of ['Nadia Benali', device.userCode, 'guichet on nadia-laptop', '127.0.0.1', 'UTC'])
      expect(asked.text).toContain(shown);
    expect(await refusal(ask(device))).toBe('400 sign_in.pending');
    expect((await browser.submit({ button: 'Allow' })).text).toContain('guichet on nadia-laptop now acts as Nadia Benali.');
    const { status, body } = await ask(device);
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        accessToken: expect.stringMatching(/^gct_u_[\w-]{43}$/),
        accessTokenExpiresAt: expect.any(String),
        refreshToken: expect.stringMatching(/^gct_r_[\w-]{43}$/),
        session: expect.objectContaining({ kind: 'cli', client: 'guichet on nadia-laptop', current: true }),
      },
    });
    const lasts = Date.parse(body.accessTokenExpiresAt) - Date.now();
    expect(lasts).toBeGreaterThan(14 * 60_000);
    expect(lasts).toBeLessThan(15 * 60_000 + 5000);
    const me = await world.gateway.call<Me>({ token: body.accessToken }, 'GET', '/v1/me');
    expect(me.body).toMatchObject({ principal: { id: 'user:nadia', scope: {} }, session: { id: body.session.id } });
    expect(me.body.csrf).toBeUndefined();
    expect((await world.audit()).slice(-3).map(({ type, actor, data }) => [type, actor, data['by']])).toEqual([
      ['session.created', 'user:nadia', 'browser'],
      ['sign_in.allowed', 'user:nadia', 'device'],
      ['session.created', 'user:nadia', 'device'],
    ]);
  });

  test('gets nothing when the person says no', async () => {
    const device = await start();
    const browser = await world.signedIn('nadia');
    await browser.open(device.verificationUriComplete);
    expect((await browser.submit({ button: 'Deny' })).text).toContain('was not signed in');
    expect(await refusal(ask(device))).toBe('403 sign_in.denied');
    expect((await world.audit()).at(-1)).toMatchObject({ type: 'sign_in.denied', actor: 'user:nadia' });
    // The answer stands.
    expect((await browser.open(device.verificationUriComplete)).status).toBe(404);
  });

  test('gets nothing when nobody answers in time, and nobody can answer later', async () => {
    const device = await start();
    const browser = await world.signedIn('nadia');
    await browser.open(device.verificationUriComplete);
    await world.query('update device_sign_ins set expires_at = now()');
    expect((await browser.submit({ button: 'Allow' })).status).toBe(404);
    expect(await refusal(ask(device))).toBe('401 sign_in.expired');
  });

  test('that asks too often is told to ask more slowly, and more slowly again', async () => {
    const device = await start();
    expect(await refusal(hurry(device))).toBe('400 sign_in.pending');
    const first = await hurry(device);
    expect(first).toMatchObject({ status: 400, body: { code: 'sign_in.slow_down', retryable: true, details: { interval: 10 } } });
    expect(first.headers.get('retry-after')).toBe('10');
    expect((await hurry(device)).body.details).toMatchObject({ interval: 15 });
    expect((await ask(device)).body).toMatchObject({ code: 'sign_in.pending', details: { interval: 15 } });
  });

  test('loses its session when its code is redeemed a second time', async () => {
    const device = await start();
    const browser = await world.signedIn('nadia');
    await browser.open(device.verificationUriComplete);
    await browser.submit({ button: 'Allow' });
    const { body } = await ask(device);
    expect(await refusal(ask(device))).toBe('401 sign_in.reused');
    const { accessToken, refreshToken } = body;
    expect(await refusal(world.gateway.call({ token: accessToken }, 'GET', '/v1/me'))).toBe('401 token.revoked');
    const refresh = { body: { grant: 'refresh_token', refreshToken } };
    expect(await refusal(world.gateway.call(null, 'POST', '/v1/auth/token', refresh))).toBe('401 token.revoked');
    expect((await world.audit()).at(-1)).toMatchObject({
      type: 'session.reuse_detected',
      actor: 'system',
      data: { what: 'device code' },
    });
  });

  test('gets tokens once when it asks ten times at once', async () => {
    const device = await start();
    const browser = await world.signedIn('nadia');
    await browser.open(device.verificationUriComplete);
    await browser.submit({ button: 'Allow' });
    const answers = await Promise.all(Array.from({ length: 10 }, () => hurry(device)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  test('is not let in by somebody who was signed out in the meantime', async () => {
    const device = await start();
    const browser = await world.signedIn('amine');
    await browser.open(device.verificationUriComplete);
    await browser.submit({ button: 'Allow' });
    const everywhere = await world.api(await world.signedIn('amine'), 'POST', '/v1/sessions/revoke-all', { body: {} });
    expect(everywhere.status).toBe(200);
    expect(await refusal(ask(device))).toBe('403 sign_in.denied');
  });

  test('with a code that nobody gave out gets nothing', async () => {
    expect(await refusal(hurry({ deviceCode: `gct_d_${'A'.repeat(43)}` }))).toBe('401 sign_in.invalid');
    const { userCode } = await start();
    expect(await refusal(hurry({ deviceCode: userCode }))).toBe('401 sign_in.invalid');
  });
});

describe('the page', () => {
  test('takes the code as people type it', async () => {
    const { userCode } = await start();
    const browser = await world.signedIn('nadia');
    await browser.open(world.url('/device'));
    const fields = { user_code: ` ${userCode.toLowerCase().replace('-', ' ')} ` };
    const page = await browser.submit({ button: 'Continue', fields });
    expect(page.text).toContain(userCode);
  });

  test('shows a code that nothing waits for as it was typed, and what to do', async () => {
    const browser = await world.signedIn('nadia');
    const page = await browser.open(world.url(`/device?${new URLSearchParams({ user_code: '"><b>BCDF' })}`));
    expect(page).toMatchObject({ status: 404, text: expect.stringContaining('Compare it with your terminal') });
    expect(page.html).toContain('value="&quot;&gt;&lt;b&gt;BCDF" aria-invalid="true"');
  });

  test('shows what calls itself in odd ways as plain text, and runs nothing', async () => {
    const { verificationUriComplete } = await start('<script>alert(1)</script>', '"><img src=x onerror=alert(1)>');
    const browser = await world.signedIn('nadia');
    const page = await browser.open(verificationUriComplete);
    expect(page.html).toContain('&lt;script&gt;alert(1)&lt;/script&gt; on &quot;&gt;&lt;img src=x');
    expect(page.html).not.toMatch(/<script|<img|<style|style=| on\w+="/);
    expect(page.headers['content-security-policy']).toBe(
      "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
    const style = await fetch(world.url('/v1/auth/style.css'));
    expect(style.headers.get('content-type')).toBe('text/css; charset=utf-8');
  });

  test.each(['two\nlines', 'a\u202Ecod', '', ' ', 'x'.repeat(101)])(
    'does not even begin for a client called %j',
    async (client) => {
      const { status, body } = await world.gateway.call(null, 'POST', '/v1/auth/device', { body: { client } });
      expect({ status, body }).toMatchObject({ status: 400, body: { code: 'input.invalid', errors: [{ field: '/client' }] } });
    },
  );

  test('refuses an answer that does not come from it', async () => {
    const device = await start();
    const browser = await world.signedIn('nadia');
    const page = await browser.open(device.verificationUriComplete);
    const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
    const form = { ...page.forms[0]?.fields, decision: 'allow' };
    const send = (fields: Record<string, string>, headers: Record<string, string>) =>
      fetch(world.url('/device'), {
        method: 'POST',
        headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
        body: new URLSearchParams(fields),
      });
    const ours = { origin: world.gateway.app.url };
    for (const [fields, headers] of [
      [form, {}],
      [form, { origin: 'https://evil.example' }],
      [form, { origin: 'null' }],
      [form, { ...ours, 'sec-fetch-site': 'cross-site' }],
      [{ ...form, csrf: 'A'.repeat(43) }, ours],
    ] as const) {
      const response = await send(fields, headers);
      expect(response.status).toBe(403);
      expect(await response.json()).toMatchObject({ code: 'csrf.refused' });
    }
    expect((await send(form, { ...ours, cookie: '' })).status).toBe(401);
    const json = await send({}, { ...ours, 'content-type': 'application/json' });
    expect(json.status).toBe(415);
    expect(await refusal(ask(device))).toBe('400 sign_in.pending');
  });

  test('lets nobody guess codes for long, each by themselves', async () => {
    const browser = await world.signedIn('paula');
    const { userCode, verificationUriComplete } = await start();
    for (let guess = 0; guess < 10; guess++)
      expect((await browser.open(world.url('/device?user_code=BBBB-BBBB'))).status).toBe(404);
    const limited = await browser.open(verificationUriComplete);
    expect(limited).toMatchObject({ status: 429, text: expect.stringContaining('more than 10 unknown codes in 10m') });
    expect(Number(limited.headers['retry-after'])).toBeGreaterThan(0);
    const other = await world.signedIn('nadia');
    expect((await other.open(world.url(`/device?user_code=${userCode}`))).status).toBe(200);
  });
});
