import type { Me, Session } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser } from './support/browser.ts';
import { type SignInWorld, sessionCookie, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
let browser: Browser;
beforeAll(async () => {
  world = await signInWorld();
});
afterAll(() => world.close());
beforeEach(async () => {
  browser = await world.signedIn('nadia');
});

const token = { name: 'from a page', expiresInDays: 1 };
const create = (headers: Record<string, string | undefined>) =>
  world.api(browser, 'POST', '/v1/tokens', { body: token, headers });
const tokensOf = async (): Promise<number> => (await world.query('select from tokens where session_id is null')).length;

describe('a call with a cookie that changes something', () => {
  test('is taken from a page of ours', async () => {
    expect(await create({})).toMatchObject({ status: 201, body: { principal: { id: 'user:nadia' } } });
    // An older browser says where it comes from in one way only.
    expect((await create({ 'sec-fetch-site': undefined })).status).toBe(201);
    expect((await create({ origin: undefined })).status).toBe(201);
  });

  test.each([
    ['carries no value', { 'x-guichet-csrf': undefined }],
    ['carries an empty value', { 'x-guichet-csrf': '' }],
    ['carries another value', { 'x-guichet-csrf': 'A'.repeat(43) }],
    ['comes from another origin', { origin: 'https://evil.example' }],
    ['comes from another port of this host', { origin: 'http://127.0.0.1:9' }],
    ['comes from a page without an origin', { origin: 'null' }],
    ['comes from another site', { 'sec-fetch-site': 'cross-site' }],
    ['comes from another host of the site', { 'sec-fetch-site': 'same-site' }],
    ['comes from no page', { 'sec-fetch-site': 'none' }],
    ['does not say where it comes from', { origin: undefined, 'sec-fetch-site': undefined }],
    ['has a right origin and a wrong site', { 'sec-fetch-site': 'cross-site', origin: undefined }],
  ])('is refused when it %s', async (_, headers) => {
    const before = await tokensOf();
    expect(await create(headers)).toMatchObject({ status: 403, body: { code: 'csrf.refused' } });
    expect(await tokensOf()).toBe(before);
  });

  test('is refused with the value of another session, also of the same person', async () => {
    const other = await world.signedIn('nadia');
    const { body } = await world.api<Me>(other, 'GET', '/v1/me');
    expect(await create({ 'x-guichet-csrf': body.csrf })).toMatchObject({ status: 403, body: { code: 'csrf.refused' } });
  });

  test('is refused before its body is read', async () => {
    const response = await world.api(browser, 'POST', '/v1/tokens', {
      headers: { origin: 'https://evil.example', 'content-length': '0' },
    });
    expect(response).toMatchObject({ status: 403, body: { code: 'csrf.refused' } });
  });

  test('needs the same with every method', async () => {
    const { body } = await world.api<{ items: Session[] }>(browser, 'GET', '/v1/sessions');
    const path = `/v1/sessions/${body.items[0]?.id}`;
    const without = { headers: { 'x-guichet-csrf': undefined } };
    expect(await world.api(browser, 'DELETE', path, without)).toMatchObject({ status: 403, body: { code: 'csrf.refused' } });
    expect(await world.api(browser, 'POST', '/v1/auth/logout', without)).toMatchObject({
      status: 403,
      body: { code: 'csrf.refused' },
    });
    expect((await world.api(browser, 'GET', '/v1/me')).status).toBe(200);
  });
});

describe('what was made to arrive in one way', () => {
  test('a cookie is no bearer token', async () => {
    const response = await world.gateway.call({ token: sessionCookie(browser) }, 'GET', '/v1/me');
    expect(response).toMatchObject({ status: 401, body: { code: 'token.invalid' } });
  });

  test('a token is no cookie', async () => {
    const response = await fetch(world.url('/v1/me'), {
      headers: { cookie: `guichet_session=${await world.gateway.token('user:nadia')}` },
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'token.invalid' });
  });

  test('a call with both is the one of the token, and of nobody when that is wrong', async () => {
    const bearer = await world.gateway.token('user:amine');
    const both = await world.api<Me>(browser, 'GET', '/v1/me', { headers: { authorization: `Bearer ${bearer}` } });
    expect(both.body.principal.id).toBe('user:amine');
    expect(both.body.csrf).toBeUndefined();
    const wrong = await world.api(browser, 'GET', '/v1/me', { headers: { authorization: 'Bearer gct_u_wrong' } });
    expect(wrong).toMatchObject({ status: 401, body: { code: 'token.invalid' } });
  });

  test('no page of another origin may read an answer', async () => {
    const response = await world.api(browser, 'GET', '/v1/me', { headers: { origin: 'https://evil.example' } });
    expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
    expect(response.headers.get('cross-origin-resource-policy')).toBe('same-origin');
  });
});
