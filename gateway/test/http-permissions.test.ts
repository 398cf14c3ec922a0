import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { refuseUndeclaredEvents, refuseUndeclaredRoutes } from '../src/http/permissions.ts';

test('a gateway with a route that declares no permission does not start, whoever registered it', async () => {
  const app = Fastify();
  refuseUndeclaredRoutes(app);
  app.get('/open', { config: { permission: 'public' } }, async () => 'fine');
  await app.register(async (plugin) => {
    plugin.get('/forgotten', async () => 'never');
  });
  await expect(app.ready()).rejects.toThrow('Routes without a permission: GET /forgotten');
});

test('neither does one with a permission that nobody knows', async () => {
  const app = Fastify();
  refuseUndeclaredRoutes(app);
  app.get('/odd', { config: { permission: 'sometimes' } }, async () => 'never');
  await expect(app.ready()).rejects.toThrow('GET /odd');
});

test('every event declares a permission, and one that does not stops the start', () => {
  expect(() => refuseUndeclaredEvents()).not.toThrow();
  expect(() => refuseUndeclaredEvents(['request.invented'])).toThrow('request.invented');
  expect(() => refuseUndeclaredEvents(['request.odd'], { 'request.odd': 'sometimes' })).toThrow('request.odd');
});
