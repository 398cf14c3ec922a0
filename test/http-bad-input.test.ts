import { ERRORS, type Problem } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { problemOf } from './support/problems.ts';
import { type Sent, sender } from './support/send.ts';

let gateway: TestGateway;
let token: string;
let send: (sent: Sent) => Promise<Response>;
beforeAll(async () => {
  gateway = await startGateway();
  token = await gateway.token('user:nadia');
  send = sender(gateway, token);
});
afterAll(() => gateway.close());

const SUBMIT = { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } };
const text = (input: string): string => `{"action":"lab.change","environment":"staging","input":${input}}`;
const brokenUtf8 = Buffer.concat([Buffer.from('{"action":"lab.change","environment":"'), Buffer.from([0xff]), Buffer.from('"}')]);

/** Bodies of a submission: what comes back, about which field, in words that contain the last column. */
const BODIES: readonly (readonly [
  what: string,
  body: unknown,
  code: Problem['code'],
  field: string | undefined,
  words: string,
])[] = [
  ['nothing', {}, 'input.invalid', '/action', 'is required'],
  ['a wrong type', { ...SUBMIT, environment: true }, 'input.invalid', '/environment', 'must be a string'],
  ['a misspelt field', { ...SUBMIT, reson: 'x' }, 'input.invalid', '/reson', 'Did you mean reason?'],
  ['a name of an action that is none', { ...SUBMIT, action: 'Lab Change' }, 'input.invalid', '/action', 'lower-case'],
  ['an unknown action', { ...SUBMIT, action: 'lab.chnge' }, 'action.unknown', undefined, 'Did you mean lab.change?'],
  ['an unknown environment', { ...SUBMIT, environment: 'stagin' }, 'environment.unknown', undefined, 'Did you mean staging?'],
  ['a read', { ...SUBMIT, action: 'lab.look', input: {} }, 'action.not_writable', undefined, '/v1/actions/lab.look/read'],
  ['a short reason', { ...SUBMIT, reason: 'x' }, 'input.invalid', '/reason', 'say why'],
  ['a long reason', { ...SUBMIT, reason: 'x'.repeat(2001) }, 'input.invalid', '/reason', 'at most 2000 characters'],
  ['no reason where one is due', { ...SUBMIT, action: 'lab.destroy' }, 'reason.required', '/reason', 'why'],
  ['a missing field of the action', { ...SUBMIT, input: {} }, 'input.invalid', '/input/target', 'is required'],
  [
    'a misspelt field of the action',
    { ...SUBMIT, input: { target: 'a', sise: 1 } },
    'input.invalid',
    '/input/sise',
    'Did you mean size?',
  ],
  [
    'a number as text',
    { ...SUBMIT, input: { target: 'a', size: '3' } },
    'input.invalid',
    '/input/size',
    'must be a whole number',
  ],
  ['half a number', { ...SUBMIT, input: { target: 'a', size: 1.5 } }, 'input.invalid', '/input/size', 'must be a whole number'],
  ['a number out of range', { ...SUBMIT, input: { target: 'a', size: 99 } }, 'input.invalid', '/input/size', 'at most 10'],
  ['a number beyond all ranges', text('{"target":"a","size":1e400}'), 'input.invalid', '/input/size', 'at most 10'],
  ['an empty text', { ...SUBMIT, input: { target: '' } }, 'input.invalid', '/input/target', 'must not be empty'],
  ['a NUL', { ...SUBMIT, input: { target: 'a\0' } }, 'input.invalid', '/input/target', 'NUL'],
  ['a NUL in the reason', { ...SUBMIT, reason: 'because\0' }, 'input.invalid', '/reason', 'NUL'],
  ['half a surrogate pair', text('{"target":"\\ud800"}'), 'input.invalid', '/input/target', 'surrogate'],
  ['half a pair in a name', text('{"target":"a","\\udc00":1}'), 'input.invalid', '/input', 'surrogate'],
  ['broken UTF-8', brokenUtf8, 'body.malformed', undefined, 'UTF-8'],
  ['a name that stands twice', text('{"target":"a","size":1,"size":2}'), 'input.invalid', '/input/size', 'stands twice'],
  [
    'a name that stands twice in other letters',
    text('{"target":"a","t\\u0061rget":"b"}'),
    'input.invalid',
    '/input/target',
    'stands twice',
  ],
  ['a prototype', text('{"target":"a","__proto__":{"admin":true}}'), 'input.invalid', '/input/__proto__', 'is no name'],
  [
    'a prototype of a constructor',
    text('{"constructor":{"prototype":{}}}'),
    'input.invalid',
    '/input/constructor/prototype',
    'is no name',
  ],
  ['names of every object', text('{"target":"a","toString":1}'), 'input.invalid', '/input/toString', 'is not a field'],
  ['deep lists', text(`{"target":${'['.repeat(50_000)}${']'.repeat(50_000)}}`), 'input.invalid', '/', 'levels deep'],
  ['deep objects', text(`{"a":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`), 'input.invalid', '/', 'levels deep'],
  ['far too much', { ...SUBMIT, input: { target: 'x'.repeat(300_000) } }, 'body.too_large', undefined, '256 KiB'],
  ['what the provider refuses', { ...SUBMIT, input: { target: 'forbidden' } }, 'action.refused', undefined, 'another target'],
  ['another plan', { ...SUBMIT, fingerprint: 'other' }, 'plan.drifted', undefined, 'moved'],
];

describe('a submission', () => {
  test.each(BODIES)('with %s is refused in words', async (_what, body, code, field, words) => {
    const response = await send({ method: 'POST', path: '/v1/requests', body });
    const problem = await problemOf(response);
    expect(problem.code, problem.detail).toBe(code);
    expect(response.status).toBe(ERRORS[problem.code as 'input.invalid'].status);
    if (field !== undefined) expect(problem.errors?.map((error) => error.field)).toContain(field);
    expect(JSON.stringify(problem)).toContain(words);
  });

  test('with ten thousand wrong fields gets twenty findings, not ten thousand', async () => {
    const input = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index]));
    const problem = await problemOf(await send({ method: 'POST', path: '/v1/requests', body: { ...SUBMIT, input } }));
    expect(problem.errors).toHaveLength(20);
  });

  test('is refused in another character set or compressed', async () => {
    for (const headers of [{ 'content-type': 'application/json; charset=latin1' }, { 'content-encoding': 'gzip' }]) {
      const problem = await problemOf(
        await send({ method: 'POST', path: '/v1/requests', body: SUBMIT, headers: { ...headers } }),
      );
      expect(problem.code).toBe('body.unsupported_type');
    }
  });

  test('is taken with a byte order mark, a charset, and quotes and escapes in its texts', async () => {
    const target = 'a"b\\c\u00e9\ud83d\ude00{"target":1}';
    const body = `\ufeff${JSON.stringify({ ...SUBMIT, input: { target } })}`;
    const headers = { 'content-type': 'application/json; charset=UTF-8' };
    const response = await send({ method: 'POST', path: '/v1/requests', body, headers });
    expect(response.status).toBe(201);
    expect(await response.json()).toMatchObject({ input: { target } });
  });

  test('needs an idempotency key that is visible ASCII, and that is not used twice', async () => {
    for (const key of ['a b', 'x'.repeat(201)]) {
      const bad = await problemOf(
        await send({ method: 'POST', path: '/v1/requests', body: SUBMIT, headers: { 'idempotency-key': key } }),
      );
      expect(bad).toMatchObject({ code: 'input.invalid', errors: [{ field: '/Idempotency-Key' }] });
    }
    const headers = { 'idempotency-key': 'once' };
    await send({ method: 'POST', path: '/v1/requests', body: SUBMIT, headers });
    const body = { ...SUBMIT, reason: 'another one' };
    expect((await problemOf(await send({ method: 'POST', path: '/v1/requests', body, headers }))).code).toBe(
      'idempotency.reused',
    );
  });
});

const PATHS: readonly (readonly [path: string, code: Problem['code'], words: string])[] = [
  ['/nope', 'route.unknown', '/openapi.json'],
  ['/v1/me/', 'route.unknown', 'There is no GET /v1/me/'],
  ['/V1/me', 'route.unknown', 'There is no GET /V1/me'],
  ['//v1/me', 'route.unknown', 'There is no'],
  [`/${'a'.repeat(9000)}`, 'route.unknown', '…'],
  ['/v1/requests/REQ-1%2f..%2f..', 'input.invalid', '/request in the path must look like REQ-1042'],
  ['/v1/requests/%00', 'input.invalid', 'REQ-1042'],
  ['/v1/requests/REQ-0', 'input.invalid', 'REQ-1042'],
  ['/v1/requests/REQ-9999999999999999999', 'input.invalid', 'REQ-1042'],
  ['/v1/requests/REQ-999999999999999999', 'request.unknown', 'There is no request'],
  [`/v1/requests/${'a'.repeat(500)}`, 'input.invalid', '200 characters'],
  ['/v1/actions/%ff', 'input.invalid', 'percent-encoded UTF-8'],
  ['/v1/actions/%', 'input.invalid', 'percent-encoded UTF-8'],
  ['/v1/actions/__proto__', 'input.invalid', 'lower-case'],
  ['/v1/actions/constructor', 'action.unknown', 'There is no action'],
  ['/v1/actions/..%2f..%2fpackage.json', 'input.invalid', 'lower-case'],
  ['/docs/static/..%2f..%2f..%2fpackage.json', 'route.unknown', 'There is no'],
  ['/docs/static/%2e%2e/%2e%2e/package.json', 'route.unknown', 'There is no'],
  ['/v1/requests?limit=0', 'input.invalid', 'at least 1'],
  ['/v1/requests?limit=201', 'input.invalid', 'at most 200'],
  ['/v1/requests?limit=abc', 'input.invalid', 'must be a whole number'],
  ['/v1/requests?limit=0x10', 'input.invalid', 'must be a whole number'],
  ['/v1/requests?limit=1e2', 'input.invalid', 'must be a whole number'],
  ['/v1/requests?limit=', 'input.invalid', 'must be a whole number'],
  ['/v1/requests?limit=5&limit=6', 'input.invalid', 'must be a whole number'],
  ['/v1/requests?cursor=abc', 'cursor.invalid', '`next`'],
  ['/v1/requests?cursor=', 'cursor.invalid', '`next`'],
  [`/v1/requests?cursor=${'9'.repeat(19)}`, 'cursor.invalid', '`next`'],
  [`/v1/requests?cursor=${'9'.repeat(300)}`, 'input.invalid', '200 characters'],
  ['/v1/audit?cursor=x', 'cursor.invalid', '`next`'],
  ['/v1/tokens?cursor=REQ-1', 'cursor.invalid', '`next`'],
  ['/v1/requests?state=succeded', 'input.invalid', 'Did you mean succeeded?'],
  ['/v1/requests?toApprove=yes', 'input.invalid', 'true or false'],
  ['/v1/requests?since=yesterday', 'input.invalid', 'a time such as 2026-'],
  ['/v1/requests?since=2026-02-30T00:00:00Z', 'input.invalid', 'a time such as'],
  ['/v1/requests?since=0000-01-01T00:00:00Z', 'input.invalid', 'year 1'],
  ['/v1/requests?requester=a%00b', 'input.invalid', 'NUL'],
  ['/v1/requests?statte=failed', 'input.invalid', 'Did you mean state?'],
  ['/v1/requests?__proto__=1', 'input.invalid', 'is not known'],
  ['/v1/actions?kind=reed', 'input.invalid', 'Did you mean read?'],
  ['/v1/audit?request=5', 'input.invalid', 'REQ-1042'],
  ['/v1/requests/REQ-1/events?after=-1', 'input.invalid', '/after in the query'],
  ['/v1/requests/REQ-1/events?after=99999999999', 'input.invalid', 'at most 999999999'],
  ['/v1/requests/REQ-99999/events', 'request.unknown', 'There is no request'],
];

test.each(PATHS)('GET %s is refused with %s', async (path, code, words) => {
  const problem = await problemOf(await send({ path }));
  expect(problem.code, problem.detail).toBe(code);
  expect(JSON.stringify(problem).length).toBeLessThan(4000);
  expect(JSON.stringify(problem)).toContain(words);
});

test.each(['x', '-1', '1.5', '1,2', '9999999999'])('a Last-Event-ID of %s is refused before the stream opens', async (id) => {
  const problem = await problemOf(await send({ path: '/v1/requests/REQ-1/events', headers: { 'last-event-id': id } }));
  expect(problem).toMatchObject({ code: 'input.invalid', errors: [{ field: '/Last-Event-ID' }] });
});

test.each([
  ['Basic abc', 'token.invalid'],
  ['Bearer', 'token.invalid'],
  ['Bearer a b', 'token.invalid'],
  [`Bearer ${'x'.repeat(600)}`, 'token.invalid'],
  ['Bearer gct_u_nobody', 'token.invalid'],
])('an authorization of %s is refused', async (authorization, code) => {
  const problem = await problemOf(await send({ path: '/v1/me', anonymous: true, headers: { authorization } }));
  expect(problem.code).toBe(code);
});

test('a token in other letters is another token, and the scheme may be written in any', async () => {
  const upper = await send({ path: '/v1/me', anonymous: true, headers: { authorization: `Bearer ${token.toUpperCase()}` } });
  expect((await problemOf(upper)).code).toBe('token.invalid');
  const scheme = await send({ path: '/v1/me', anonymous: true, headers: { authorization: `bEARER ${token}` } });
  expect(scheme.status).toBe(200);
});

describe('a new token', () => {
  test.each([
    [{}, '/name', 'is required'],
    [{ name: ' ', expiresInDays: 1 }, '/name', 'must not be empty'],
    [{ name: 'a', expiresInDays: '30' }, '/expiresInDays', 'must be a whole number'],
    [{ name: 'a', expiresInDays: 0 }, '/expiresInDays', 'at least 1'],
    [{ name: 'a', expiresInDays: 5000 }, '/expiresInDays', 'at most 366'],
    [{ name: 'a', expiresInDays: 1, scope: { action: ['lab.look'] } }, '/scope/action', 'Did you mean actions?'],
    [{ name: 'a', expiresInDays: 1, scope: { actions: ['*'] } }, '/scope/actions/0', 'a prefix ending in .*'],
    [{ name: 'a', expiresInDays: 1, scope: { environments: ['stagin'] } }, '/scope/environments/0', 'Did you mean staging?'],
    [{ name: 'a', expiresInDays: 1, machine: 'ci-chekout' }, '/machine', 'Did you mean ci-checkout?'],
  ])('as %j is refused about %s', async (body, field, words) => {
    const problem = await problemOf(await send({ method: 'POST', path: '/v1/tokens', body }));
    expect(problem).toMatchObject({ code: 'input.invalid' });
    expect(problem.errors?.map((error) => error.field)).toContain(field);
    expect(JSON.stringify(problem)).toContain(words);
  });
});
