import type { DeviceStarted, Problem, Session, SessionTokens } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SignInWorld, signInWorld } from './support/sign-in.ts';

let world: SignInWorld;
beforeAll(async () => {
  world = await signInWorld({ config: { trustProxy: ['127.0.0.1', '10.0.0.0/8'] } });
});
afterAll(() => world.close());

/** Sends so many of the same call from an address, at once; how often each answer came. */
async function flood(
  count: number,
  address: string,
  send: (headers: Record<string, string>) => Promise<Response>,
): Promise<Record<string, number>> {
  const answers = await Promise.all(
    Array.from({ length: count }, async () => {
      const response = await send({ 'x-forwarded-for': address });
      if (response.status < 400) return String(response.status);
      const isProblem = response.headers.get('content-type')?.includes('json') === true;
      const { code } = (isProblem ? await response.json() : {}) as Partial<Problem>; // errors leave as problem documents, or pages
      if (response.status === 429) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
      return `${response.status} ${code}`;
    }),
  );
  return Object.fromEntries([...new Set(answers)].map((answer) => [answer, answers.filter((one) => one === answer).length]));
}

const post =
  (path: string, body: unknown) =>
  (headers: Record<string, string>): Promise<Response> =>
    fetch(world.url(path), {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
const get =
  (path: string) =>
  (headers: Record<string, string>): Promise<Response> =>
    fetch(world.url(path), { headers, redirect: 'manual' });

test('sign-ins that are begun are counted by address, and others go on', async () => {
  expect(await flood(310, '203.0.113.1', get('/v1/auth/login'))).toEqual({ 303: 300, '429 rate.limited': 10 });
  expect(await flood(1, '203.0.113.2', get('/v1/auth/login'))).toEqual({ 303: 1 });
});

test('so are those that come back, whatever they bring', async () => {
  expect(await flood(305, '203.0.113.3', get('/v1/auth/callback?code=x&state=y'))).toEqual({
    '400 sign_in.failed': 300,
    '429 rate.limited': 5,
  });
});

test('of IPv6 a whole network counts as one address', async () => {
  expect(await flood(300, '2001:db8:1:2::1', get('/v1/auth/login'))).toEqual({ 303: 300 });
  expect(await flood(1, '2001:0db8:1:2:ffff::7', get('/v1/auth/login'))).toEqual({ '429 rate.limited': 1 });
  expect(await flood(1, '2001:db8:1:3::1', get('/v1/auth/login'))).toEqual({ 303: 1 });
});

test('device codes that are asked for are counted by address', async () => {
  const ask = post('/v1/auth/device', { client: 'guichet' });
  expect(await flood(65, '203.0.113.4', ask)).toEqual({ 200: 60, '429 rate.limited': 5 });
});

test('one token is refreshed ten times a minute at most', async () => {
  const ask = post('/v1/auth/token', { grant: 'refresh_token', refreshToken: `gct_r_${'A'.repeat(43)}` });
  expect(await flood(15, '203.0.113.5', ask)).toEqual({ '401 sign_in.invalid': 10, '429 rate.limited': 5 });
});

test('whoever sends unknown codes and tokens without end is not looked up any more', async () => {
  let number = 0;
  const ask = (headers: Record<string, string>) =>
    post('/v1/auth/token', { grant: 'device_code', deviceCode: `unknown-${number++}` })(headers);
  for (let round = 0; round < 6; round++) await flood(50, '203.0.113.6', ask);
  expect(await flood(5, '203.0.113.6', ask)).toEqual({ '429 rate.limited': 5 });
  expect(await flood(1, '203.0.113.7', ask)).toEqual({ '401 sign_in.invalid': 1 });
});

test('codes that a person guesses all at once are counted as those that they guess one by one', async () => {
  const browser = await world.signedIn('nadia');
  const cookie = browser.cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  const guess = (headers: Record<string, string>): Promise<Response> =>
    fetch(world.url('/device?user_code=BCDF-BCDF'), { headers: { ...headers, cookie } });
  expect(await flood(100, '203.0.113.20', guess)).toEqual({ '404 undefined': 10, '429 rate.limited': 90 });
});

test('whoever shares an address with a flood of unknown tokens goes on, with what they have and what they get', async () => {
  const browser = await world.signedIn('amine');
  const shared = '203.0.113.21';
  const { secret } = await world.gateway.app.tokens.issue({
    name: 'in the same office',
    principalId: 'user:nadia',
    expiresInDays: 1,
    scope: {},
    createdBy: { id: 'system', name: 'test' },
  });
  const me = (token: string) => (headers: Record<string, string>) =>
    get('/v1/me')({ ...headers, authorization: `Bearer ${token}` });
  expect(await flood(1, shared, me(secret))).toEqual({ 200: 1 });
  for (let round = 0; round < 6; round++) await flood(101, shared, me(`gct_u_${'A'.repeat(43)}`));
  expect(await flood(3, shared, me(`gct_u_${'B'.repeat(43)}`))).toEqual({ '429 rate.limited': 3 });
  expect(await flood(1, shared, me(secret))).toEqual({ 200: 1 });
  const headers = { 'x-forwarded-for': shared };
  const made = await world.api<{ secret: string; id: string }>(browser, 'POST', '/v1/tokens', {
    body: { name: 'new', expiresInDays: 1 },
    headers,
  });
  expect(made.status).toBe(201);
  expect(await flood(1, shared, me(made.body.secret))).toEqual({ 200: 1 });
  await world.api(browser, 'DELETE', `/v1/tokens/${made.body.id}`, { headers });
  expect(await flood(1, shared, me(made.body.secret))).toEqual({ '401 token.revoked': 1 });
  expect(await flood(1, shared, me(made.body.secret))).toEqual({ '429 rate.limited': 1 });
});

test('whoever shares an address with a flood of unknown codes and tokens refreshes all the same', async () => {
  const browser = await world.signedIn('paula');
  const shared = '203.0.113.22';
  const started = await post('/v1/auth/device', { client: 'guichet' })({ 'x-forwarded-for': shared });
  const { deviceCode, userCode } = (await started.json()) as DeviceStarted; // what the route answers
  await browser.open(world.url(`/device?user_code=${userCode}`));
  await browser.submit({ button: 'Allow' });
  const ask = async (body: object) => {
    const response = await post('/v1/auth/token', body)({ 'x-forwarded-for': shared });
    return { status: response.status, body: (await response.json()) as SessionTokens & Problem }; // one of the two
  };
  const refresh = (refreshToken: string) => ask({ grant: 'refresh_token', refreshToken });
  const first = await ask({ grant: 'device_code', deviceCode });
  let number = 0;
  for (let round = 0; round < 7; round++)
    await flood(50, shared, (headers) =>
      post('/v1/auth/token', { grant: 'refresh_token', refreshToken: `gct_r_unknown-${number++}` })(headers),
    );
  expect((await refresh('gct_r_unknown')).body.code).toBe('rate.limited');
  const second = await refresh(first.body.refreshToken);
  expect(second.status).toBe(200);
  expect((await refresh(second.body.refreshToken)).status).toBe(200);
  // What is worth nothing any more is looked up once more, says so, and then waits with the others.
  expect((await refresh(first.body.refreshToken)).body.code).toBe('sign_in.reused');
  expect((await refresh(first.body.refreshToken)).body.code).toBe('rate.limited');
});

test('unknown cookies are counted on pages as they are everywhere', async () => {
  const address = '203.0.113.23';
  let number = 0;
  const page = (headers: Record<string, string>) =>
    get('/device')({ ...headers, cookie: `guichet_session=gct_b_unknown-${number++}` });
  let answers: Record<string, number> = {};
  for (let round = 0; round < 7; round++) answers = await flood(100, address, page);
  expect(answers).toEqual({ '429 rate.limited': 100 });
  const cookie = (await world.signedIn('nadia')).cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  expect(await flood(1, address, (headers) => get('/device')({ ...headers, cookie }))).toEqual({ 200: 1 });
  expect(await flood(1, address, get('/device'))).toEqual({ 303: 1 });
});

test('the word of a proxy that is trusted is taken, and that of anybody else before it is not', async () => {
  const browser = await world.signedIn('nadia');
  const start = post('/v1/auth/device', { client: 'guichet' });
  await start({ 'x-forwarded-for': '198.51.100.9, 203.0.113.8, 10.1.2.3' });
  const rows = await world.query<{ address: string }>('select address from device_sign_ins order by created_at desc limit 1');
  expect(rows).toEqual([{ address: '203.0.113.8' }]);
  const untrusting = await signInWorld();
  try {
    const other = await untrusting.signedIn('nadia');
    const { body } = await untrusting.api<{ items: Session[] }>(other, 'GET', '/v1/sessions', {
      headers: { 'x-forwarded-for': '203.0.113.8' },
    });
    expect(body.items[0]?.address).toBe('127.0.0.1');
    await fetch(untrusting.url('/v1/auth/device'), {
      method: 'POST',
      headers: { 'x-forwarded-for': '203.0.113.8', 'content-type': 'application/json' },
      body: JSON.stringify({ client: 'guichet' }),
    });
    expect(await untrusting.query('select address from device_sign_ins')).toEqual([{ address: '127.0.0.1' }]);
  } finally {
    await untrusting.close();
  }
  expect((await world.api(browser, 'GET', '/v1/me')).status).toBe(200);
});
