import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, makeRequest, PLANNED, TERMINATE } from './support/catalogue.ts';
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

describe('requests extend', () => {
  it('asks for more time, and says what that means', async () => {
    server.handlers['requests.extend'] = () =>
      makeRequest('awaiting_approval', { id: 'REQ-14', extensionOf: 'REQ-12', summary: 'Keeps REQ-12 for 1h00m more' });
    const { exit, stdout, stderr } = await home.run([
      'requests',
      'extend',
      '12',
      '--for',
      '1h',
      '--reason',
      'not done yet',
      '--no-wait',
    ]);
    expect(exit).toBe(0);
    expect(bodyOf('requests.extend')).toEqual({ seconds: 3600, reason: 'not done yet' });
    expect(stderr).toContain('Keeps REQ-12 for 1h00m more');
    expect(stdout).toBe('REQ-14\n');
  });

  it('needs to know how much', async () => {
    const { exit, stderr } = await home.run(['requests', 'extend', '12']);
    expect(exit).toBe(2);
    expect(stderr).toContain('Say how much longer: --for 1h.');
  });
});

describe('a write for a while, or later', () => {
  const line = [
    'postgres',
    'terminate-session',
    '--instance',
    'pg1',
    '--pid',
    '14024',
    '--env',
    'production',
    '--reason',
    'to see',
    '--yes',
  ];
  beforeEach(() => {
    server.handlers['actions.list'] = () => ({ items: [{ ...TERMINATE, undo: 'restore' }] });
    server.handlers['requests.submit'] = () => ({ ...makeRequest('awaiting_approval'), startAt: '2126-12-01T05:00:00.000Z' });
  });

  it('is planned and filed as such', async () => {
    const { exit, stderr } = await home.run([...line, '--for', '2h', '--at', '2126-12-01T06:00', '--timezone', 'Europe/Paris']);
    expect(exit).toBe(0);
    expect(bodyOf('actions.plan')).toMatchObject({ lastsSeconds: 7200 });
    expect(stderr).toContain('It starts no sooner than 2126-12-01 ');
    expect(bodyOf('requests.submit')).toMatchObject({ lastsSeconds: 7200, startAt: '2126-12-01T05:00:00.000Z' });
  });

  it('says why what nothing undoes cannot be asked for a while', async () => {
    server.handlers['actions.list'] = () => ({ items: [TERMINATE] });
    const { exit, stderr } = await home.run([...line, '--for', '2h']);
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining('it names nothing that undoes it') });
    expect(called('requests.submit')).toBe(false);
  });

  it('takes a zone with a time only, and no emergency with either', async () => {
    expect((await home.run([...line, '--timezone', 'UTC'])).stderr).toContain('--timezone goes with --at.');
    const late = await home.run([
      ...line,
      '--at',
      '2h',
      '--break-glass',
      '--incident',
      'INC-7',
      '--reason',
      'orders stand still',
    ]);
    expect(late.stderr).toContain('--at and --break-glass exclude each other.');
  });

  it('shows how its time stands', async () => {
    const shown = async (more: Parameters<typeof makeRequest>[1]): Promise<string> => {
      server.handlers['requests.show'] = () => makeRequest('succeeded', more);
      return (await home.run(['requests', 'show', '12'])).stdout;
    };
    const temporary = { seconds: 7200, state: 'held', undoAt: null, message: 'Nadia is no longer in the company.' } as const;
    expect(await shown({ temporary })).toMatch(/For +2h00m: a person has to undo it: Nadia is no longer in the company\./);
    expect(await shown({ temporary: { ...temporary, state: 'undone', message: null } })).toMatch(/For +2h00m, and was undone/);
    expect(await shown({ startAt: '2126-12-01T05:00:00.000Z' })).toMatch(/Starts +not before/);
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
