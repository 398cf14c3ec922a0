import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { GuichetError, type ScheduleShown } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const SHOWN: ScheduleShown = {
  name: 'nightly-vacuum',
  owner: { id: 'user:nadia', name: 'Nadia Benali' },
  cron: '0 3 * * *',
  timezone: 'Europe/Paris',
  action: 'postgres.vacuum',
  environment: 'staging',
  input: { instance: 'pg1' },
  reason: 'keeps it small',
  missed: 'skip',
  state: 'active',
  pausedReason: null,
  createdAt: '2026-03-01T10:00:00.000Z',
  nextAt: '2126-03-02T02:00:00.000Z',
  upcoming: ['2126-03-02T02:00:00.000Z'],
  firings: [
    { at: '2026-03-02T02:00:00.000Z', outcome: 'filed', count: 1, since: null, request: 'REQ-12', message: null },
    {
      at: '2026-03-01T02:00:00.000Z',
      outcome: 'missed',
      count: 3,
      since: '2026-02-27T02:00:00.000Z',
      request: null,
      message: 'No gateway filed it in time.',
    },
  ],
  allowed: ['pause', 'delete'],
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'schedules.list': () => ({ items: [SHOWN] }),
    'schedules.show': () => SHOWN,
    'schedules.create': () => SHOWN,
    'schedules.pause': () => ({ ...SHOWN, state: 'paused' }),
    'schedules.resume': () => SHOWN,
    'schedules.delete': () => ({ ...SHOWN, state: 'deleted' }),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;
const WHAT = ['--action', 'postgres.vacuum', '--env', 'staging', '--reason', 'keeps it small'];

describe('schedules', () => {
  it('lists them, and says how to make the first one', async () => {
    expect((await home.run(['schedules', 'list', '-o', 'wide'])).stdout).toMatch(
      /nightly-vacuum +active .* 0 3 \* \* \* +Europe\/Paris +staging/,
    );
    // What the other commands take, and what it does, are not cut.
    const { stdout } = await home.run(['schedules', 'list'], { columns: 80 });
    expect(stdout).toMatch(/nightly-vacuum +active .* 0 3 \* \* \* +staging +postgres\.vacuum/);
    server.handlers['schedules.list'] = () => ({ items: [] });
    expect((await home.run(['schedules', 'list'])).stdout).toContain('guichet schedules create --help');
  });

  it('shows what became of the last times, missed ones too', async () => {
    const { stdout } = await home.run(['schedules', 'show', 'nightly-vacuum']);
    expect(stdout).toMatch(/Last +filed REQ-12/);
    expect(stdout).toMatch(/missed 3 times, the last at .*: No gateway filed it in time\./);
    // The schedule's own zone, and the reader's beside it.
    expect(stdout).toMatch(/Next +2126-03-02 03:00 in Europe\/Paris, .* here/);
    expect(stdout).toContain('You can: guichet schedules pause nightly-vacuum · guichet schedules delete nightly-vacuum');
  });

  it('creates one from its flags', async () => {
    const line = [
      'schedules',
      'create',
      'nightly-vacuum',
      '--cron',
      '0 3 * * *',
      '--timezone',
      'Europe/Paris',
      '--input',
      '{"instance":"pg1"}',
    ];
    expect((await home.run([...line, ...WHAT, '--missed', 'once'])).exit).toBe(0);
    expect(bodyOf('schedules.create')).toEqual({
      name: 'nightly-vacuum',
      cron: '0 3 * * *',
      timezone: 'Europe/Paris',
      action: 'postgres.vacuum',
      environment: 'staging',
      input: { instance: 'pg1' },
      reason: 'keeps it small',
      missed: 'once',
    });
  });

  it('says what is missing or wrong before it calls anybody', async () => {
    expect((await home.run(['schedules', 'create', 'x', ...WHAT])).stderr).toContain('Missing: --cron.');
    expect((await home.run(['schedules', 'create', 'x', '--cron', '0 3 * * *', ...WHAT, '--input', '{'])).stderr).toContain(
      '--input is not JSON.',
    );
    expect(
      (await home.run(['schedules', 'create', 'x', '--cron', '0 3 * * *', ...WHAT, '--input', '@none.json'])).stderr,
    ).toContain('cannot be read from none.json');
    expect(bodyOf('schedules.create')).toBeUndefined();
  });

  it('names the flag where the gateway names a field', async () => {
    server.handlers['schedules.create'] = () => {
      const remedy = 'GET /openapi.json describes the body.';
      const errors = [{ field: '/name', message: 'must be lower-case words joined by hyphens', remedy }];
      throw new GuichetError('input.invalid', '/name must be lower-case words joined by hyphens.', { errors, remedy });
    };
    const { exit, stderr } = await home.run(['schedules', 'create', 'Bad Name', '--cron', '0 3 * * *', ...WHAT]);
    expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringMatching(/NAME +must be lower-case/) });
    expect(stderr).not.toContain('openapi.json');
  });

  it('pauses, resumes and deletes', async () => {
    expect((await home.run(['schedules', 'pause', 'nightly-vacuum', '--comment', 'it hurts'])).stdout).toContain(
      'Paused nightly-vacuum',
    );
    expect(bodyOf('schedules.pause')).toEqual({ comment: 'it hurts' });
    expect((await home.run(['schedules', 'resume', 'nightly-vacuum'])).stdout).toContain('it is due next');
    expect((await home.run(['schedules', 'delete', 'nightly-vacuum'])).stdout).toContain('Deleted nightly-vacuum');
  });
});
