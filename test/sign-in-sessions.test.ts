import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { DeviceStarted, Me, Problem, Session, SessionTokens, SignedOut, Token, TokenCreated } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Browser } from './support/browser.ts';
import { COMPANY, SEALING } from './support/gateway.ts';
import { asks, type SignInWorld, sessionCookie, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld({ session: { idle: '30m', absolute: '2h', access: '5m' } });
});
afterAll(() => world.close());

async function commandLine(name: string): Promise<SessionTokens> {
  const started = await world.gateway.call<{ deviceCode: string; verificationUriComplete: string }>(
    null,
    'POST',
    '/v1/auth/device',
    {
      body: { client: 'guichet', host: `${name}-laptop` },
    },
  );
  const browser = await world.signedIn(name);
  await browser.open(started.body.verificationUriComplete);
  await browser.submit({ button: 'Allow' });
  const body = { grant: 'device_code', deviceCode: started.body.deviceCode };
  return (await world.gateway.call<SessionTokens>(null, 'POST', '/v1/auth/token', { body })).body;
}

const sessionsOf = async (browser: Browser): Promise<Session[]> =>
  (await world.api<{ items: Session[] }>(browser, 'GET', '/v1/sessions')).body.items;
const me = (browser: Browser) => world.api<Me & Problem>(browser, 'GET', '/v1/me');

describe('the list of sessions', () => {
  test('shows where one is signed in, newest first, and nobody else anything', async () => {
    const { session } = await commandLine('nadia');
    const browser = await world.signedIn('nadia');
    await world.signedIn('amine');
    const mine = await sessionsOf(browser);
    expect(mine.map(({ kind, current }) => [kind, current])).toEqual([
      ['browser', true],
      ['cli', false],
      ['browser', false],
    ]);
    expect(mine[1]).toMatchObject({ id: session.id, client: 'guichet on nadia-laptop', address: '127.0.0.1' });
    const other = await world.signedIn('amine');
    expect((await sessionsOf(other)).map(({ id }) => id)).not.toContain(session.id);
    expect(await world.api(other, 'DELETE', `/v1/sessions/${session.id}`)).toMatchObject({
      status: 404,
      body: { code: 'session.unknown' },
    });
  });

  test('and the tokens of sessions are no tokens to list or to revoke', async () => {
    const { accessToken } = await commandLine('nadia');
    const browser = await world.signedIn('nadia');
    const { body } = await world.api<{ items: Token[] }>(browser, 'GET', '/v1/tokens');
    expect(body.items).toEqual([]);
    const { body: own } = await world.gateway.call<{ token: Token }>({ token: accessToken }, 'GET', '/v1/me');
    const revoked = await world.api(browser, 'DELETE', `/v1/tokens/${own.token.id}`);
    expect(revoked).toMatchObject({ status: 404, body: { code: 'token.unknown' } });
  });

  test('is neither for machines nor for narrowed tokens', async () => {
    const machine = await world.gateway.token('machine:ci-checkout');
    expect((await world.gateway.call({ token: machine }, 'GET', '/v1/sessions')).status).toBe(403);
    const createdBy = { id: 'system', name: 'test' };
    const narrowed = {
      name: 'narrow',
      principalId: 'user:nadia',
      expiresInDays: 1,
      scope: { environments: ['staging'] },
      createdBy,
    };
    const { secret } = await world.gateway.app.tokens.issue(narrowed);
    for (const [method, path] of [
      ['GET', '/v1/sessions'],
      ['POST', '/v1/sessions/revoke-all'],
    ] as const)
      expect(await world.gateway.call({ token: secret }, method, path)).toMatchObject({
        status: 403,
        body: { code: 'policy.denied' },
      });
  });
});

describe('signing out', () => {
  test('ends the session, takes the cookie away, and says where to sign out of the provider', async () => {
    const browser = await world.signedIn('nadia');
    const secret = sessionCookie(browser);
    const { body, headers } = await world.api<SignedOut>(browser, 'POST', '/v1/auth/logout', { body: {} });
    expect(body).toEqual({
      session: expect.any(String),
      endSessionUrl: expect.stringContaining(`${world.provider.issuer}/session/end?client_id=guichet`),
    });
    expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^guichet_session=; Path=\/; Max-Age=0;/)]);
    const again = await fetch(world.url('/v1/me'), { headers: { cookie: `guichet_session=${secret}` } });
    expect(await again.json()).toMatchObject({ status: 401, code: 'token.revoked' });
    expect((await world.audit()).at(-1)).toMatchObject({
      type: 'session.revoked',
      actor: 'user:nadia',
      data: { why: 'signed-out' },
    });
    // The pages ask to sign in again, and come back.
    await browser.open(world.url('/device'));
    expect(browser.visited.some(({ pathname }) => pathname === '/v1/auth/login')).toBe(true);
  });

  test('is a button on each page for who is signed in, and leads on to the provider', async () => {
    const browser = await world.signedIn('nadia');
    const secret = sessionCookie(browser);
    await browser.open(world.url('/device'));
    const page = await browser.submit({ button: 'Sign out' });
    expect(page).toMatchObject({ status: 200, url: new URL(world.url('/v1/auth/signed-out')) });
    expect(page.html).toContain(`href="${world.provider.issuer}/session/end?client_id=guichet"`);
    expect(sessionCookie(browser)).toBe('');
    const again = await fetch(world.url('/v1/me'), { headers: { cookie: `guichet_session=${secret}` } });
    expect(await again.json()).toMatchObject({ code: 'token.revoked' });
    expect((await world.audit()).at(-1)).toMatchObject({ type: 'session.revoked', data: { why: 'signed-out' } });
  });

  test('by that button is not done by another site, and twice is no error', async () => {
    const browser = await world.signedIn('nadia');
    const { csrf = '' } = (await me(browser)).body;
    const send = (fields: Record<string, string>, origin: string) =>
      fetch(world.url('/v1/auth/sign-out'), {
        method: 'POST',
        redirect: 'manual',
        headers: { cookie: `guichet_session=${sessionCookie(browser)}`, origin },
        body: new URLSearchParams(fields),
      });
    const own = world.gateway.app.url;
    expect((await send({ csrf: 'A'.repeat(43) }, own)).status).toBe(403);
    expect((await send({ csrf }, 'https://evil.example')).status).toBe(403);
    expect((await me(browser)).status).toBe(200);
    for (const _ of ['first', 'second']) {
      const { status, headers } = await send({ csrf }, own);
      expect({ status, to: headers.get('location') }).toEqual({ status: 303, to: '/v1/auth/signed-out' });
      expect(headers.getSetCookie()).toEqual([expect.stringMatching(/^guichet_session=; Path=\/; Max-Age=0;/)]);
    }
  });

  test('with a token of its own ends nothing', async () => {
    const { body } = await world.gateway.call('nadia', 'POST', '/v1/auth/logout', { body: {} });
    expect(body).toEqual({ session: null, endSessionUrl: null });
    expect((await world.gateway.call('nadia', 'GET', '/v1/me')).status).toBe(200);
  });

  test('of one session leaves the others', async () => {
    const { session, accessToken, refreshToken } = await commandLine('nadia');
    const browser = await world.signedIn('nadia');
    expect((await world.api(browser, 'DELETE', `/v1/sessions/${session.id}`)).status).toBe(200);
    expect((await world.gateway.call({ token: accessToken }, 'GET', '/v1/me')).body).toMatchObject({ code: 'token.revoked' });
    const body = { grant: 'refresh_token', refreshToken };
    expect((await world.gateway.call(null, 'POST', '/v1/auth/token', { body })).body).toMatchObject({ code: 'token.revoked' });
    expect((await me(browser)).status).toBe(200);
    expect((await world.audit()).at(-1)).toMatchObject({ data: { why: 'revoked', kind: 'cli' } });
  });

  test('everywhere ends all sessions of the person and of nobody else, and the tokens when they are meant too', async () => {
    const { accessToken } = await commandLine('paula');
    const [browser, second, other] = [
      await world.signedIn('paula'),
      await world.signedIn('paula'),
      await world.signedIn('amine'),
    ];
    const personal = await world.gateway.token('user:paula');
    const { body } = await world.api(browser, 'POST', '/v1/sessions/revoke-all', { body: {} });
    expect(body).toEqual({ sessions: 4, tokens: 0 });
    expect((await world.gateway.call({ token: accessToken }, 'GET', '/v1/me')).status).toBe(401);
    expect((await me(second)).body.code).toBe('token.revoked');
    expect((await world.gateway.call({ token: personal }, 'GET', '/v1/me')).status).toBe(200);
    expect((await me(other)).status).toBe(200);
    const third = await world.signedIn('paula');
    const all = await world.api(third, 'POST', '/v1/sessions/revoke-all', { body: { tokens: true } });
    expect(all.body).toEqual({ sessions: 1, tokens: 1 });
    expect((await world.gateway.call({ token: personal }, 'GET', '/v1/me')).body).toMatchObject({ code: 'token.revoked' });
  });
});

test('a command line is signed in no longer than the browser that let it in', async () => {
  const browser = await world.signedIn('amine');
  const [own] = await sessionsOf(browser);
  await world.query("update sessions set ends_at = now() + interval '7 minutes' where id = $1", [own?.id]);
  const started = await world.gateway.call<DeviceStarted>(null, 'POST', '/v1/auth/device', { body: { client: 'guichet' } });
  await browser.open(started.body.verificationUriComplete);
  await browser.submit({ button: 'Allow' });
  const redeem = { grant: 'device_code', deviceCode: started.body.deviceCode };
  const { body: first } = await world.gateway.call<SessionTokens>(null, 'POST', '/v1/auth/token', { body: redeem });
  const refresh = { grant: 'refresh_token', refreshToken: first.refreshToken };
  const { body: next } = await world.gateway.call<SessionTokens>(null, 'POST', '/v1/auth/token', { body: refresh });
  for (const { session } of [first, next]) expect(Date.parse(session.expiresAt) - Date.now()).toBeLessThan(7.1 * 60_000);
});

test('no token is made by who is signed out while it is made', async () => {
  const browser = await world.signedIn('paula');
  const [own] = await sessionsOf(browser);
  await world.query('begin');
  await world.query("select pg_advisory_xact_lock(hashtextextended('sessions:user:paula', 0))"); // it is somebody's turn
  const made = world.api<Problem>(browser, 'POST', '/v1/tokens', { body: { name: 'late', expiresInDays: 366 } });
  const waits = async (): Promise<number> =>
    (await world.query("select 1 from pg_locks where locktype = 'advisory' and not granted")).length;
  await expect.poll(waits, { timeout: 10_000 }).toBe(1);
  await world.query('update sessions set revoked_at = now() where id = $1', [own?.id]);
  await world.query('commit');
  expect(await made).toMatchObject({ status: 401, body: { code: 'token.revoked' } });
  expect(await world.query("select 1 from tokens where name = 'late'")).toEqual([]);
});

describe('the operator', () => {
  const command = async (...parameters: string[]): Promise<string> => {
    const file = join(tmpdir(), `guichet-sign-out-${process.pid}.yaml`);
    const database = { url: world.gateway.databaseUrl };
    await writeFile(file, JSON.stringify({ company: COMPANY, database, sealing: { keyFromEnv: SEALING.variable } })); // JSON is YAML too
    const main = new URL('../gateway/src/main.ts', import.meta.url).pathname;
    const env = { ...process.env, [SEALING.variable]: SEALING.key };
    const { stdout } = await promisify(execFile)(process.execPath, [main, '--config', file, ...parameters], { env });
    return stdout;
  };

  test('signs a person out, and their tokens too', async () => {
    const browser = await world.signedIn('sven');
    const personal = await world.gateway.token('user:sven');
    expect(await command('sign-out', 'user:sven')).toBe('user:sven: 1 session ended.\n');
    expect((await me(browser)).body.code).toBe('token.revoked');
    expect((await world.audit()).at(-1)).toMatchObject({ type: 'session.revoked', actor: 'system', data: { why: 'operator' } });
    expect(await command('sign-out', 'user:sven', '--tokens')).toBe('user:sven: 0 sessions ended, 1 token revoked.\n');
    expect((await world.gateway.call({ token: personal }, 'GET', '/v1/me')).status).toBe(401);
    await expect(command('sign-out', 'sven')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Write user:sven.'),
    });
  });

  test('lets a person come with another account, and ends what the one before was given', async () => {
    const before = await world.signedIn('marta');
    const make = async (body: object): Promise<TokenCreated> =>
      (await world.api<TokenCreated>(before, 'POST', '/v1/tokens', { body: { name: 'made', expiresInDays: 9, ...body } })).body;
    const [personal, ofMachine] = [await make({}), await make({ machine: 'ci-checkout', all: true })];
    const status = async ({ secret: token }: TokenCreated) => (await world.gateway.call({ token }, 'GET', '/v1/me')).status;
    const at = world.accounts.findIndex(({ name }) => name === 'marta');
    const marta = world.accounts[at];
    if (marta !== undefined) world.accounts[at] = { ...marta, subject: 'marta-2' };
    const browser = new Browser();
    await browser.open(world.url('/v1/auth/login?returnTo=/healthz'));
    expect((await browser.signIn(asks('marta'))).status).toBe(409);
    const said = await command('unbind', 'user:marta');
    expect(said).toContain('is bound to them; of the one before, 1 session ended, 1 token revoked.');
    // Whoever made it may have kept it, and a machine may need it: the operator decides.
    expect(said).toContain(`They made 1 token of machines that goes on`);
    expect(said).toContain(`  ${ofMachine.id}  machine:ci-checkout  made\n`);
    expect((await world.audit()).at(-1)).toMatchObject({
      type: 'identity.unbound',
      data: { principal: 'user:marta', sessions: 1, tokens: 1 },
    });
    expect((await me(before)).body.code).toBe('token.revoked');
    expect([await status(personal), await status(ofMachine)]).toEqual([401, 200]);
    expect(await world.query("select 1 from directory_claims where principal_id = 'user:marta'")).toEqual([]);
    expect(await command('sign-out', 'user:marta', '--tokens')).toContain(ofMachine.id);
    expect(await status(ofMachine)).toBe(200);
    expect(await command('sign-out', 'user:marta', '--tokens', '--machine-tokens')).toBe(
      'user:marta: 0 sessions ended, 0 tokens revoked, 1 token of machines revoked.\n',
    );
    expect(await status(ofMachine)).toBe(401);
    await world.signedIn('marta');
    const unknown = await command('unbind', 'user:lena');
    expect(unknown).toContain("user:lena was bound to no account.\nThe company has no 'user:lena'.");
  });
});

describe('a session ends by itself', () => {
  const age = (what: 'last_used_at' | 'created_at', interval: string): Promise<unknown> =>
    world.query(
      `update sessions set ${what} = ${what} - $1::interval, ends_at = ends_at - case when $2 then $1::interval else '0' end where principal_id = 'user:nadia'`,
      [interval, what === 'created_at'],
    );

  test('when nobody uses it for so long', async () => {
    const browser = await world.signedIn('nadia');
    await age('last_used_at', '29 minutes');
    expect((await me(browser)).status).toBe(200);
    // That was a use: it counts from now on. The time is written beside the call, at most once a minute.
    await expect
      .poll(async () => (await sessionsOf(browser))[0]?.lastUsedAt ?? '')
      .toSatisfy((at: string) => Date.now() - Date.parse(at) < 60_000);
    await age('last_used_at', '31 minutes');
    expect((await me(browser)).body).toMatchObject({ status: 401, code: 'token.expired' });
    expect((await me(browser)).body.detail).toMatch(/^This session ended at /);
  });

  test('when it has lasted as long as it may, however much it is used', async () => {
    const browser = await world.signedIn('nadia');
    const { refreshToken, accessToken } = await commandLine('nadia');
    await age('created_at', '119 minutes');
    expect((await me(browser)).status).toBe(200);
    await age('created_at', '2 minutes');
    expect((await me(browser)).body.code).toBe('token.expired');
    expect((await world.gateway.call({ token: accessToken }, 'GET', '/v1/me')).body).toMatchObject({ code: 'token.expired' });
    const body = { grant: 'refresh_token', refreshToken };
    expect((await world.gateway.call(null, 'POST', '/v1/auth/token', { body })).body).toMatchObject({
      status: 401,
      code: 'sign_in.expired',
    });
    expect(await sessionsOf(await world.signedIn('nadia'))).toHaveLength(1);
  });

  test('and what it gave out ends with it at the latest', async () => {
    const { session, accessTokenExpiresAt, refreshToken } = await commandLine('amine');
    expect(Date.parse(accessTokenExpiresAt) - Date.parse(session.createdAt)).toBeLessThanOrEqual(5 * 60_000);
    await world.query("update sessions set ends_at = now() + interval '1 minute' where id = $1", [session.id]);
    const body = { grant: 'refresh_token', refreshToken };
    const { body: next } = await world.gateway.call<SessionTokens>(null, 'POST', '/v1/auth/token', { body });
    expect(next.accessTokenExpiresAt).toBe(next.session.expiresAt);
  });
});
