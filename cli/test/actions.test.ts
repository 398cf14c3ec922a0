import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import type { TableOutput } from '@guichet/contract';
import { GuichetError } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ACTIVITY, baseHandlers, DELETE_TOPIC, makeAction, PLANNED, TERMINATE } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const TABLE: TableOutput = {
  kind: 'table',
  columns: [{ key: 'pid', title: 'Pid', type: 'number', wide: false }],
  rows: [{ pid: 14024 }],
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({ ...baseHandlers(), 'actions.read': () => ({ output: TABLE }) });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const routes = (): string[] => server.calls.map(({ route }) => route);
const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;
const read = (...flags: string[]) => home.run(['postgres', 'activity', '--instance', 'pg1', '-e', 'staging', ...flags]);

describe('a read', () => {
  it('sends what the flags say and draws the answer', async () => {
    const result = await read('--state', 'idle', '--limit', '5', '--include-system');
    expect(result).toEqual({ exit: 0, stdout: '  PID\n14024\n', stderr: '' });
    expect(bodyOf('actions.read')).toEqual({
      environment: 'staging',
      input: { instance: 'pg1', state: 'idle', limit: 5, includeSystem: true },
    });
  });

  it('sends nothing for flags that were not typed, so that defaults stay the affair of the action', async () => {
    await read('--no-include-system');
    expect(bodyOf('actions.read')).toMatchObject({ input: { instance: 'pg1', includeSystem: false } });
    expect(Object.keys((bodyOf('actions.read') as { input: object }).input)).toEqual(['instance', 'includeSystem']);
  });

  it.each(['json', 'yaml'])('prints one document with -o %s', async (format) => {
    const { stdout, stderr } = await read('-o', format);
    const parsed: unknown = format === 'json' ? JSON.parse(stdout) : (await import('yaml')).parse(stdout);
    expect(parsed).toEqual(TABLE);
    expect(stderr).toBe('');
  });

  it('takes common flags before and between the words too', async () => {
    const { stdout } = await home.run(['-o', 'json', 'postgres', '-e', 'staging', 'activity', '--instance=pg1']);
    expect(JSON.parse(stdout)).toEqual(TABLE);
  });

  it('finds an action of three words, with a flag for a field that has the name of a flag', async () => {
    server.handlers['actions.plan'] = () => PLANNED;
    const flags = [
      '--topic',
      'a',
      '--input-env',
      'x',
      '--partitions',
      '1',
      '--partitions',
      '2',
      '--settings',
      '{"a":1}',
      '--plan',
    ];
    expect((await home.run(['kafka', 'topics', 'delete', ...flags])).exit).toBe(0);
    // It is offered in one environment only: there is nothing to choose.
    expect(bodyOf('actions.plan')).toEqual({
      environment: 'staging',
      input: { topic: 'a', env: 'x', partitions: [1, 2], settings: { a: 1 } },
    });
  });

  it('takes its input from a file or stdin, flags coming first', async () => {
    const path = join(home.folder, 'input.json');
    writeFileSync(path, JSON.stringify({ instance: 'pg1', limit: 7 }));
    await home.run(['postgres', 'activity', '-e', 'staging', '-i', path, '--limit', '9']);
    expect(bodyOf('actions.read')).toMatchObject({ input: { instance: 'pg1', limit: 9 } });
    await home.run(['postgres', 'activity', '-e', 'staging', '-i', '-'], { stdin: '{"instance":"pg2"}' });
    expect(bodyOf('actions.read')).toMatchObject({ input: { instance: 'pg2' } });
  });

  it.each([['not json'], ['[1]'], ['']])('refuses the input %j', async (stdin) => {
    const result = await home.run(['postgres', 'activity', '-e', 'staging', '-i', '-'], { stdin });
    expect(result.exit).toBe(2);
    expect(result.stderr).toMatch(/stdin is not (JSON|a JSON object)/);
  });

  it('says why an input file cannot be read, and what to give', async () => {
    const { exit, stderr } = await home.run(['postgres', 'activity', '-e', 'staging', '-i', 'nowhere.json']);
    expect(exit).toBe(2);
    expect(stderr).toContain('The input file nowhere.json cannot be read: ENOENT: no such file or directory.');
    expect(stderr).toContain('Give the path of a JSON file, or - for stdin.');
  });

  it('saves a file where it is told to, and never over another', async () => {
    server.handlers['actions.read'] = () => ({ output: { kind: 'file', name: 'a', mediaType: 'text/plain', base64: 'aGk=' } });
    const path = join(home.folder, 'saved');
    expect(await read('--output-file', path)).toMatchObject({ exit: 0, stdout: '' });
    expect(await read('--output-file', path)).toMatchObject({ exit: 2, stderr: expect.stringContaining('is there already') });
  });
});

describe('a command line that is wrong', () => {
  it.each([
    [['postgres', 'activty'], "There is no command 'activty' in guichet postgres.", 'Did you mean activity?'],
    [['postgrs', 'activity'], "There is no command 'postgrs' in guichet.", 'Did you mean postgres?'],
    [['request', 'list'], "There is no command 'request' in guichet.", 'Did you mean requests?'],
    [['requests', 'aprove'], "There is no command 'aprove' in guichet requests.", 'Did you mean approve?'],
    [['postgres', 'activity', '--instnce', 'x'], "Unknown option '--instnce'.", 'Did you mean --instance?'],
    [['postgres', 'activity', 'extra'], 'Too many arguments', '--help'],
    [['postgres', 'activity', '--instance'], "Option '--instance <text>' argument missing.", '--help'],
    [['postgres', 'activity', '-e', 'produciton'], "is not offered in 'produciton'", 'Did you mean production?'],
    [['postgres', 'activity', '--state', 'actve'], "--state cannot be 'actve'.", 'Did you mean active?'],
    [['postgres', 'activity', '--limit', 'many'], "--limit must be a whole number, not 'many'.", ''],
    [['postgres', 'activity', '-o', 'jsn'], "--output cannot be 'jsn'.", 'Did you mean json?'],
    [['--prfile', 'x'], "Unknown option '--prfile'.", 'Did you mean --profile?'],
  ])('%j is told so, with exit code 2', async (argv, message, remedy) => {
    const result = await home.run(argv);
    expect(result).toMatchObject({ exit: 2, stdout: '' });
    expect(result.stderr).toContain(message);
    expect(result.stderr).toContain(remedy);
    expect(result.stderr).not.toMatch(/\bat .*\.ts:\d+/);
  });

  it('lists all that is missing when nobody can be asked', async () => {
    const result = await home.run(['postgres', 'terminate-session']);
    expect(result.exit).toBe(2);
    expect(result.stderr).toContain('Missing: --instance, --pid, --env.');
    expect(result.stderr).toContain('--pid  Process id');
    expect(result.stderr).toContain('one of production, staging');
    expect(routes()).not.toContain('actions.plan');
  });

  it('is a problem document on stderr with -o json', async () => {
    const { stderr, stdout } = await home.run(['postgres', 'activity', '-o', 'json']);
    expect(stdout).toBe('');
    expect(JSON.parse(stderr)).toMatchObject({ code: 'usage.invalid', errors: [{ field: '--instance' }, { field: '--env' }] });
  });

  it('names the flag where the gateway names the field', async () => {
    server.handlers['actions.read'] = () => {
      throw new GuichetError('input.invalid', '/input/includeSystem must be a boolean.', {
        errors: [
          { field: '/input/includeSystem', message: 'must be a boolean' },
          { field: '/input/limit', message: 'must be at least 1', remedy: 'Got a number: 0.' },
        ],
      });
    };
    const result = await read();
    expect(result.exit).toBe(2);
    expect(result.stderr).toContain('--include-system must be a boolean.');
    expect(result.stderr).toContain('--limit  must be at least 1');
  });
});

describe('help', () => {
  it('of an action shows its flags, defaults and examples as they are typed', async () => {
    const { stdout, exit } = await home.run(['postgres', 'terminate-session', '--help']);
    expect(exit).toBe(0);
    expect(stdout).toContain('--pid <integer>');
    expect(stdout).toContain('Process id (required)');
    expect(stdout).toContain('Changes things (destructive).');
    expect(stdout).toContain('guichet postgres terminate-session --instance pg1 --pid 14024 --env staging --reason "');
    expect((await home.run(['help', 'postgres', 'activity'])).stdout).toContain('(default 50)');
  });

  it('of an action is what actions show prints', async () => {
    server.handlers['actions.show'] = () => TERMINATE;
    const shown = await home.run(['actions', 'show', 'postgres.terminate-session']);
    const helped = await home.run(['postgres', 'terminate-session', '--help']);
    expect(shown.stdout).toBe(helped.stdout);
    expect(shown.stdout).toContain('# End a stuck migration');
  });

  it('of a group and of the whole lists what there is', async () => {
    expect((await home.run(['postgres'])).stdout).toMatch(/activity {2,}Who runs what\n {2}terminate-session {2,}End a session/);
    expect((await home.run(['kafka', '--help'])).stdout).toMatch(/topics {2,}1 action/);
    const { stdout } = await home.run([]);
    expect(stdout).toMatch(/kafka {2,}1 action\n {2}postgres {2,}2 actions/);
    expect(stdout).toMatch(/requests {2,}Requests/);
  });

  it('needs no gateway once the catalogue is remembered', async () => {
    await home.run(['postgres']);
    await server.close();
    const later = new Date(Date.now() + 3600_000);
    expect(await home.run(['postgres', 'activity', '--help'], { now: later })).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('--instance'),
    });
    expect(await home.run([], { now: later })).toMatchObject({ exit: 0, stdout: expect.stringContaining('postgres') });
  });

  it('tells what to do when there is no gateway to ask', async () => {
    using stranger = makeHome();
    expect(await stranger.run([])).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('Run: guichet login --url URL'),
    });
    expect(await stranger.run(['postgres', 'activity'])).toMatchObject({
      exit: 78,
      stderr: expect.stringContaining('No gateway is configured.'),
    });
    expect(await stranger.run(['requests', 'aprove'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('Did you mean approve?'),
    });
    expect(await stranger.run(['reqests', 'list'])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('Did you mean requests?'),
    });
  });
});

describe('the remembered catalogue', () => {
  const lists = (): number => routes().filter((route) => route === 'actions.list').length;

  it('is used for a minute, then asked for again by its ETag', async () => {
    await read();
    await read();
    expect(lists()).toBe(1);
    await home.run(['postgres', 'activity', '--instance', 'pg1', '-e', 'staging'], { now: new Date(Date.now() + 61_000) });
    expect(lists()).toBe(2);
    expect(server.calls.findLast(({ route }) => route === 'actions.list')?.headers['if-none-match']).toBeDefined();
  });

  it('is one for each caller', async () => {
    await read();
    await home.run(['postgres'], { env: { GUICHET_TOKEN: 'of somebody else'.replaceAll(' ', '-'), GUICHET_URL: server.url } });
    expect(lists()).toBe(2);
  });

  it('is asked for again when a command is not in it', async () => {
    await read();
    server.handlers['actions.list'] = () => ({ items: [ACTIVITY, makeAction({ id: 'orders.refund' })] });
    expect((await home.run(['orders', 'refund', '--help'])).exit).toBe(0);
  });

  it('is asked for again when a flag is not in it, and the command goes on', async () => {
    await read();
    const properties = { ...(ACTIVITY.input['properties'] as object), since: { type: 'string' } };
    server.handlers['actions.list'] = () => ({
      items: [{ ...ACTIVITY, version: 'v2', input: { ...ACTIVITY.input, properties } }],
    });
    expect((await read('--since', 'now')).exit).toBe(0);
    expect(bodyOf('actions.read')).toMatchObject({ input: { since: 'now' } });
  });

  it('is renewed when the gateway no longer knows what it says, and that is told', async () => {
    await read();
    server.handlers['actions.list'] = () => ({ items: [{ ...ACTIVITY, version: 'v2' }] });
    server.handlers['actions.read'] = () => {
      throw new GuichetError('input.invalid', '/input/zone is required.', {
        errors: [{ field: '/input/zone', message: 'is required' }],
      });
    };
    const result = await read();
    expect(result.exit).toBe(2);
    expect(result.stderr).toContain('The catalogue had changed; it is refreshed. Run it again.');
  });

  it('is fetched anew when it is damaged', async () => {
    await read();
    const { readdirSync } = await import('node:fs');
    const folder = join(home.folder, 'cache/guichet', readdirSync(join(home.folder, 'cache/guichet'))[0] ?? '');
    writeFileSync(join(folder, 'actions/postgres.activity.json'), '{"half":');
    server.handlers['actions.show'] = () => ACTIVITY;
    expect((await read()).exit).toBe(0);
    writeFileSync(join(folder, 'index.json'), 'gone');
    expect((await read()).exit).toBe(0);
  });

  it('never makes a file outside its folder of what a gateway calls an action', async () => {
    const { existsSync } = await import('node:fs');
    server.handlers.raw = (request, response) => {
      if (request.url !== '/v1/actions') return false;
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ items: [{ ...ACTIVITY, id: '../../../evil' }, DELETE_TOPIC] }));
      return true;
    };
    expect((await home.run([])).stdout).not.toContain('evil');
    expect(existsSync(join(home.folder, 'cache/evil.json'))).toBe(false);
  });

  it('shows an action whose provider is down as unavailable, with the reason', async () => {
    server.handlers['actions.list'] = () => ({ items: [{ ...TERMINATE, available: false, unavailableReason: 'ECONNREFUSED' }] });
    expect((await home.run(['postgres'])).stdout).toContain('End a session (unavailable)');
    const result = await home.run(['postgres', 'terminate-session', '--instance', 'pg1', '--pid', '1', '-e', 'staging']);
    expect(result).toMatchObject({ exit: 8, stderr: expect.stringContaining('ECONNREFUSED') });
    expect((await home.run(['actions', 'list'])).stdout).toContain('unavailable');
  });
});
