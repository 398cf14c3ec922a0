import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, makeRequest, PLANNED } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const UNDO = { action: 'postgres.restore', input: { instance: 'pg1', value: 'old' }, problem: null };

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'requests.show': () => makeRequest('succeeded', { undo: UNDO, allowed: ['undo'] }),
    'requests.undo': () => makeRequest('awaiting_approval', { id: 'REQ-13', undoOf: 'REQ-12' }),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;
const called = (route: string): boolean => server.calls.some((call) => call.route === route);

describe('requests undo', () => {
  it('shows the plan of what undoes it, and files that very plan', async () => {
    const { exit, stdout, stderr } = await home.run(['requests', 'undo', '12', '--reason', 'it did not help', '--no-wait']);
    expect(exit).toBe(0);
    expect(bodyOf('actions.plan')).toEqual({ environment: 'production', input: UNDO.input });
    expect(bodyOf('requests.undo')).toEqual({ reason: 'it did not help', fingerprint: PLANNED.plan.fingerprint });
    expect(stderr).toContain(`Plan: ${PLANNED.plan.summary}`);
    expect(stderr).toContain("Needs 1 approval from team 'payments'");
    expect(stdout).toBe('REQ-13\n');
  });

  it('only shows the plan when asked to', async () => {
    const { exit, stdout } = await home.run(['requests', 'undo', 'REQ-12', '--plan']);
    expect(exit).toBe(0);
    expect(stdout).toContain(`Plan: ${PLANNED.plan.summary}`);
    expect(called('requests.undo')).toBe(false);
  });

  it('asks for a reason where an approver will want one', async () => {
    const { exit, stderr } = await home.run(['requests', 'undo', '12']);
    expect(exit).toBe(2);
    expect(stderr).toContain('--reason');
    expect(called('requests.undo')).toBe(false);
  });

  it('lets the gateway say why something cannot be undone', async () => {
    server.handlers['requests.show'] = () => makeRequest('failed');
    server.handlers['requests.undo'] = () => {
      throw new GuichetError('request.not_undoable', 'REQ-12 is failed: only what has succeeded can be undone.');
    };
    const { exit, stderr } = await home.run(['requests', 'undo', '12']);
    expect(exit).toBe(6);
    expect(stderr).toContain('only what has succeeded can be undone');
    expect(called('actions.plan')).toBe(false);
  });
});

it('says on a request what it undoes, what has undone it, and why nothing can', async () => {
  const shown = async (more: Parameters<typeof makeRequest>[1]): Promise<string> => {
    server.handlers['requests.show'] = () => makeRequest('succeeded', more);
    return (await home.run(['requests', 'show', '12'])).stdout;
  };
  expect(await shown({ undoOf: 'REQ-11' })).toMatch(/Undoes +REQ-11/);
  expect(await shown({ undo: UNDO, undoneBy: 'REQ-13' })).toMatch(/Undone +by REQ-13/);
  const problem = 'Its run left nothing that could be undone.';
  expect(await shown({ undo: { ...UNDO, input: null, problem } })).toMatch(/Undo +Its run left nothing/);
});
