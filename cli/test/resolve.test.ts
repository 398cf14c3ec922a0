import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { EXIT } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseHandlers, makeRequest } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const RESOLVE = ['requests', 'resolve', '12', '--as', 'not-started', '--reason', 'no trace of it in the log'];

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'requests.show': () => makeRequest('unknown', { allowed: ['resolve'] }),
    'requests.resolve': () => makeRequest('failed'),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const sent = (): unknown => server.calls.findLast(({ route }) => route === 'requests.resolve')?.body;

it('says what was found, and what that means', async () => {
  const { exit, stdout } = await home.run(RESOLVE);
  expect(exit).toBe(0);
  expect(sent()).toEqual({ outcome: 'not_started', reason: 'no trace of it in the log', force: false });
  expect(stdout).toContain('Resolved REQ-12: nothing was done: it ends as failed, and nothing is sent again.');
});

it.each([
  [[], 'Missing: --as.'],
  [['--as', 'done'], "'done'"],
  [['--as', 'failed'], '--reason must say how you know, in at least 10 characters.'],
  [['--as', 'failed', '--reason', 'seen'], '--reason must say how you know'],
])('refuses %j, saying what is wrong', async (flags, text) => {
  const { exit, stderr } = await home.run(['requests', 'resolve', '12', ...flags]);
  expect([exit, stderr]).toEqual([EXIT.usage, expect.stringContaining(text)]);
  expect(sent()).toBeUndefined();
});

it('shows the plan at a terminal, and does nothing unless it is told yes', async () => {
  const { exit, stderr } = await home.run(RESOLVE, { keys: [['Resolve REQ-12?', '\r']] });
  expect(exit).toBe(EXIT.interrupted);
  expect(stderr).toContain('Plan: ends the session');
  expect(sent()).toBeUndefined();
  expect((await home.run(RESOLVE, { keys: [['Resolve REQ-12?', 'y']] })).exit).toBe(0);
  expect((await home.run([...RESOLVE, '-y', '--force'], { keys: [] })).exit).toBe(0);
  expect(sent()).toMatchObject({ force: true });
});

it('what waits for it says so', async () => {
  server.handlers['requests.show'] = () => makeRequest('queued', { waitsFor: 'REQ-7' });
  const { stdout } = await home.run(['requests', 'show', '12']);
  expect(stdout).toContain('for REQ-7 on the same resource, whose outcome is unknown');
});
