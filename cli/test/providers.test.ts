import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { EXIT, GuichetError, type Provider } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseHandlers } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const SINCE = '2026-03-02T08:00:00.000Z';
const ORDERS: Provider = {
  name: 'orders',
  title: 'Orders',
  version: '1.2.0',
  team: 'payments',
  protocol: 1,
  where: 'remote',
  available: true,
  unavailableReason: null,
  since: SINCE,
  manifestAt: SINCE,
  actions: { read: 1, write: 2, ids: ['orders.find', 'orders.hold', 'orders.refund'] },
  receipts: true,
  receiptKeys: [],
  ledger: false,
  figures: {
    since: SINCE,
    calls: 20,
    failed: 3,
    errors: [{ code: 'provider.unavailable', calls: 3 }],
    phases: [{ phase: 'plan', calls: 20, failed: 3, p50Ms: 12, p95Ms: 1500 }],
  },
};
const QUIET: Provider = {
  ...ORDERS,
  ...{ name: 'kafka', title: null, version: null, team: null, protocol: null, available: false },
  unavailableReason: 'It does not answer (connection refused).',
  figures: { since: SINCE, calls: 0, failed: 0, errors: [], phases: [] },
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'providers.list': () => ({ items: [QUIET, ORDERS] }),
    'providers.show': ({ params }) => (params.provider === 'kafka' ? QUIET : ORDERS),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

it('lists providers: whether they answer, why not, and how calls went', async () => {
  const { stdout } = await home.run(['providers', 'list', '-o', 'wide']);
  expect(stdout).toMatch(/^orders +payments +1\.2\.0 +available +3 +20 +3 /m);
  expect(stdout).toMatch(/^kafka +– +– +unavailable +3 +0 +0 +It does not answer \(connection refused\)\./m);
});

it('shows one, by what it was asked for and what it failed with', async () => {
  const { stdout } = await home.run(['providers', 'show', 'orders']);
  expect(stdout).toMatch(/^Orders \(provider 'orders'\)\n/);
  expect(stdout).toMatch(/Where +called over HTTP/);
  expect(stdout).toMatch(/Actions you may see +1 to read, 2 to write/);
  expect(stdout).toMatch(/^plan +20 +3 +12ms +1\.5s$/m);
  expect(stdout).toMatch(/^provider\.unavailable +3$/m);
  expect(JSON.parse((await home.run(['providers', 'show', 'orders', '-o', 'json'])).stdout)).toEqual(ORDERS);
});

it('shows one that has never answered, and why', async () => {
  const { stdout } = await home.run(['providers', 'show', 'kafka']);
  expect(stdout).toMatch(/^Provider 'kafka'\n/);
  expect(stdout).toMatch(/Why +It does not answer \(connection refused\)\./);
  expect(stdout).toMatch(/\n\nThis gateway has not called it in that time\.\n$/);
});

it('says so when none can be seen, and which one is meant by a name that is not there', async () => {
  server.handlers['providers.list'] = () => ({ items: [] });
  expect((await home.run(['providers', 'list'])).stdout).toMatch(/^You may see the actions of no provider\./);
  server.handlers['providers.show'] = () => {
    throw new GuichetError('provider.unknown', "There is no provider 'order'.", { remedy: 'Did you mean orders?' });
  };
  const { exit, stderr } = await home.run(['providers', 'show', 'order']);
  expect(exit).toBe(EXIT.notFound);
  expect(stderr).toContain('→ Did you mean orders?');
});

it('completes their names', async () => {
  expect((await home.run(['__complete', 'providers', 'show', ''])).stdout).toBe('kafka\norders\tOrders\n');
});
