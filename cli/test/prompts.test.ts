import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { EXIT, type TableOutput } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, makeRequest, PLANNED } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const ENTER = '\r';
const CTRL_C = '\u0003';
const EMPTY: TableOutput = { kind: 'table', columns: [], rows: [] };

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'actions.read': () => ({ output: EMPTY }),
    'actions.options': ({ body }) => ({
      // Only what is asked for: the picker has to ask again while somebody types.
      choices: ['pg1', 'pg1-replica1', 'eupay12']
        .filter((name) => (body.query === '' ? name !== 'eupay12' : name.includes('pay')))
        .map((value) => ({ value })),
    }),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;

describe('somebody at a terminal', () => {
  it('is asked for what is missing, the environment first, and types parts of names', async () => {
    const { exit } = await home.run(['postgres', 'activity'], {
      keys: [
        ['In which environment?', 'stg'],
        ['● staging', ENTER],
        ['Name of the instance', 'rep1'],
        ['● pg1-replica1', ENTER],
      ],
    });
    expect(exit).toBe(0);
    expect(bodyOf('actions.read')).toEqual({ environment: 'staging', input: { instance: 'pg1-replica1' } });
  });

  it('gets choices that the provider finds while they type', async () => {
    const { exit } = await home.run(['postgres', 'activity', '-e', 'staging'], {
      keys: [
        ['Name of the instance', 'epay'],
        ['● eupay12', ENTER],
      ],
    });
    expect(exit).toBe(0);
    expect(bodyOf('actions.read')).toMatchObject({ input: { instance: 'eupay12' } });
  });

  it('may type a value that is not in the list', async () => {
    await home.run(['postgres', 'activity', '-e', 'staging'], {
      keys: [
        ['Name of the instance', 'zz9'],
        ['● zz9', ENTER],
      ],
    });
    expect(bodyOf('actions.read')).toMatchObject({ input: { instance: 'zz9' } });
  });

  it('is told what is wrong with a typed value, and asked again', async () => {
    server.handlers['actions.plan'] = ({ body }) => ({ ...PLANNED, input: body.input });
    const { exit, stderr } = await home.run(['postgres', 'terminate-session', '-e', 'staging', '--instance', 'pg1', '--plan'], {
      keys: [
        ['Process id', `x${ENTER}`],
        ["It must be a whole number, not 'x'", `\u007f14${ENTER}`],
      ],
    });
    expect(exit).toBe(0);
    expect(stderr).toContain("It must be a whole number, not 'x'");
    expect(bodyOf('actions.plan')).toMatchObject({ input: { pid: 14 } });
  });

  it.each(['1', 'true', 'gitlab'])('is nobody where CI is %j', async (CI) => {
    const refused = await home.run(['login', '--url', server.url], { keys: [], env: { CI } });
    expect(refused).toMatchObject({ exit: 2, stderr: expect.stringContaining('--device shows an address to open anywhere') });
  });

  it('leaves with Ctrl-C, and nothing is done', async () => {
    const { exit, stderr } = await home.run(['postgres', 'activity'], { keys: [['In which environment?', CTRL_C]] });
    expect(exit).toBe(EXIT.interrupted);
    expect(stderr).toContain('Nothing was done.');
    expect(server.calls.map(({ route }) => route)).not.toContain('actions.read');
  });

  it('is asked for the reason that an approver will want', async () => {
    server.handlers['requests.submit'] = () => makeRequest('awaiting_approval');
    await home.run(['postgres', 'terminate-session', '--instance', 'pg1', '--pid', '1', '-e', 'staging', '--no-wait'], {
      keys: [['Why? Whoever approves reads this', `stuck${ENTER}`]],
    });
    expect(bodyOf('requests.submit')).toMatchObject({ reason: 'stuck' });
  });

  const PERMIT = { ...PLANNED, decision: { effect: 'permit' as const, policies: ['alone'] } };
  const terminate = ['postgres', 'terminate-session', '--instance', 'pg1', '--pid', '1', '-e', 'staging', '--no-wait'];

  it('is asked before something runs at once, and No is the answer to something destructive', async () => {
    server.handlers['actions.plan'] = () => PERMIT;
    server.handlers['requests.submit'] = () => makeRequest('queued');
    expect((await home.run(terminate, { keys: [['Run it now in staging?', ENTER]] })).exit).toBe(EXIT.interrupted);
    expect(server.calls.map(({ route }) => route)).not.toContain('requests.submit');
    expect((await home.run(terminate, { keys: [['Run it now in staging?', 'y']] })).exit).toBe(0);
  });

  it('is not asked with --yes', async () => {
    server.handlers['actions.plan'] = () => PERMIT;
    server.handlers['requests.submit'] = () => makeRequest('queued');
    expect(await home.run([...terminate, '--yes'], { keys: [] })).toMatchObject({ exit: 0, stdout: 'REQ-12\n' });
  });

  it('sees the whole request before approving it', async () => {
    server.handlers['requests.show'] = () => makeRequest('awaiting_approval', { allowed: ['approve'] });
    server.handlers['requests.approve'] = () => makeRequest('queued');
    const declined = await home.run(['requests', 'approve', '12'], { keys: [['Approve REQ-12?', 'n']] });
    expect(declined.exit).toBe(EXIT.interrupted);
    expect(declined.stderr).toContain('Plan: ends the session');
    expect(declined.stderr).toContain('migration stuck');
    expect(bodyOf('requests.approve')).toBeUndefined();
    expect((await home.run(['requests', 'approve', '12'], { keys: [['Approve REQ-12?', 'y']] })).exit).toBe(0);
  });

  it('types a token that is not shown', async () => {
    const { exit, stderr, stdout } = await home.run(['login', '--with-token', '--url', server.url], {
      keys: [['Token for', `gch_hidden${ENTER}`]],
    });
    expect(exit).toBe(0);
    expect(stderr + stdout).not.toContain('gch_hidden');
    expect(server.calls.at(-1)?.headers.authorization).toBe('Bearer gch_hidden');
  });
});
