import { ROUTES, type Route } from '@guichet/contract';
import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { addRoutes, type RoutesOptions } from '../src/http/routes.ts';

const handlers = Object.fromEntries(Object.keys(ROUTES).map((name) => [name, async () => ({})]));
const authenticate: RoutesOptions['authenticate'] = async () => {
  throw new Error('nobody may pass');
};
const recordRefusal = async (): Promise<void> => {};

test('the table of routes can be registered', () => {
  expect(() => addRoutes(Fastify(), { routes: ROUTES, handlers, authenticate, recordRefusal })).not.toThrow();
});

test.each(Object.keys(ROUTES))('a gateway whose route %s declares no permission does not start', (name) => {
  const { permission: _, ...bare } = ROUTES[name as keyof typeof ROUTES] as Route; // a key of the table
  const routes = { ...ROUTES, [name]: bare as Route }; // what the compiler would have refused
  expect(() => addRoutes(Fastify(), { routes, handlers, authenticate, recordRefusal })).toThrow(
    `Route ${name} declares no permission.`,
  );
});

test('neither does one with a permission that nobody knows, nor with a route that nobody handles', () => {
  const odd = { ...ROUTES['me.show'], permission: 'sometimes' } as unknown as Route; // what the compiler would have refused
  expect(() => addRoutes(Fastify(), { routes: { 'me.show': odd }, handlers, authenticate, recordRefusal })).toThrow(
    'declares no permission',
  );
  expect(() => addRoutes(Fastify(), { routes: ROUTES, handlers: {}, authenticate, recordRefusal })).toThrow('has no handler');
});

test('a handler of a signed-in route is never reached without a caller', async () => {
  const reached: string[] = [];
  const noting = Object.fromEntries(
    Object.keys(ROUTES).map((name) => [
      name,
      async () => {
        reached.push(name);
        return {};
      },
    ]),
  );
  const app = Fastify();
  addRoutes(app, { routes: ROUTES, handlers: noting, authenticate, recordRefusal });
  for (const route of Object.values<Route>(ROUTES)) {
    const { statusCode } = await app.inject({ method: route.method, url: route.path.replace(/:[a-z]+/g, 'x') });
    // Public routes look at their body first, which is not sent here.
    if (route.permission === 'public') expect([200, 400, 500]).toContain(statusCode);
    else expect(statusCode).toBe(500);
  }
  const open = Object.entries<Route>(ROUTES).filter(([, { permission }]) => permission === 'public');
  expect(open.map(([name]) => name)).toEqual(expect.arrayContaining(reached));
  expect(reached).toContain('keys.list');
});
