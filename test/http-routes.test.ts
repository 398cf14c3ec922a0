import { ROUTES, type Route } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { problemOf } from './support/problems.ts';
import { type Sent, sender } from './support/send.ts';

let gateway: TestGateway;
let send: (sent: Sent) => Promise<Response>;
beforeAll(async () => {
  gateway = await startGateway();
  send = sender(gateway, await gateway.token('user:nadia'));
});
afterAll(() => gateway.close());

/** Each route with something that fits its path. */
const routes = Object.entries<Route>(ROUTES).map(([name, route]) => ({
  name,
  route,
  path: route.path
    .replace(':action', name === 'actions.read' ? 'lab.look' : 'lab.change')
    .replace(':request', 'REQ-1')
    .replace(/:token|:session/, '7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f')
    .replace(/:(person|team|service|schedule)/, '$1')
    .replace(':event', '1'),
}));
const fits = (pattern: string, path: string): boolean => new RegExp(`^${pattern.replace(/:[a-z]+/g, '[^/]+')}$`).test(path);

const signedIn = routes.filter(({ route }) => route.permission !== 'public');
const withBody = routes.filter(({ route }) => route.body !== undefined);

test('is signed in, but for the public keys and for what signs in', () => {
  const open = routes.filter(({ route }) => route.permission === 'public').map(({ name }) => name);
  expect(open).toEqual(['sign_in.device', 'sign_in.token', 'exchange.workload', 'exchange.aws', 'keys.list']);
});

test.each(signedIn)('$name answers 401 without a token, before it looks at anything', async ({ route, path }) => {
  const sent = { method: route.method, path, anonymous: true };
  const bad = route.method === 'POST' ? { ...sent, body: '{"broken', path: `${path}?nonsense=1` } : sent;
  for (const call of [sent, bad]) {
    const response = await send(call);
    expect(response.headers.get('www-authenticate')).toContain('Bearer');
    expect((await problemOf(response)).code).toBe('token.missing');
  }
});

test.each(routes)('$name refuses a query parameter that it does not know', async ({ route, path }) => {
  const problem = await problemOf(
    await send({ method: route.method, path: `${path}?tokken=x`, ...(route.body && { body: {} }) }),
  );
  expect(problem).toMatchObject({ code: 'input.invalid', errors: [{ field: '/tokken', message: 'is not known' }] });
});

test.each(withBody)('$name refuses bodies that are no object', async ({ route, path }) => {
  for (const body of ['[]', 'null', '5', '"x"', 'true']) {
    const problem = await problemOf(await send({ method: route.method, path, body }));
    expect(problem).toMatchObject({ code: 'input.invalid', detail: 'The body must be an object.' });
  }
});

test.each(withBody)('$name refuses a field that it does not know, and what is no JSON', async ({ route, path }) => {
  const unknown = await problemOf(await send({ method: route.method, path, body: { zzz: 1 } }));
  expect(unknown.errors).toContainEqual(expect.objectContaining({ field: '/zzz', message: 'is not known' }));
  expect((await problemOf(await send({ method: route.method, path, body: '{"a":' }))).code).toBe('body.malformed');
  const form = { method: route.method, path, body: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } };
  expect((await problemOf(await send(form))).code).toBe('body.unsupported_type');
});

test.each(routes)('$name takes no other method', async ({ route, path }) => {
  const taken = routes.filter((other) => fits(other.route.path, path)).map((other) => other.route.method);
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'].filter((each) => !(taken as string[]).includes(each))) {
    const response = await send({ method, path });
    expect(response.headers.get('allow')).toContain(route.method);
    expect((await problemOf(response)).code).toBe('route.method_not_allowed');
  }
});
