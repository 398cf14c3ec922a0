import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import type { Person, Team } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseHandlers, makeRequest } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const NADIA: Person = {
  name: 'nadia',
  fullName: 'Nadia Benali',
  email: null,
  teams: ['payments'],
  onCall: [],
  manager: null,
  manages: [],
  sameAs: null,
  listed: true,
};
const PAYMENTS: Team = {
  name: 'payments',
  title: null,
  parent: null,
  members: ['nadia'],
  managers: [],
  onCall: [],
  services: [],
  machines: ['ci-orders'],
};

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes(baseHandlers());
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

async function complete(...words: string[]): Promise<string[]> {
  const { stdout, exit, stderr } = await home.run(['__complete', ...words]);
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' });
  return stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split('\t')[0] ?? '');
}

it('offers commands, level by level', async () => {
  expect(await complete('')).toEqual(expect.arrayContaining(['requests', 'login', 'kafka', 'postgres']));
  expect(await complete('pos')).toEqual(['postgres']);
  expect(await complete('postgres', '')).toEqual(['activity', 'terminate-session']);
  expect(await complete('kafka', 'topics', '')).toEqual(['delete']);
  expect(await complete('requests', 'a')).toEqual(['approve']);
});

it('offers the flags of an action that were not used yet', async () => {
  const flags = await complete('postgres', 'activity', '--instance', 'pg1', '--');
  expect(flags).toEqual(expect.arrayContaining(['--state', '--limit', '--env', '--output']));
  expect(flags).not.toContain('--instance');
});

it('offers choices, environments and formats', async () => {
  expect(await complete('postgres', 'activity', '--state', '')).toEqual(['active', 'idle']);
  expect(await complete('postgres', 'activity', '-e', 'p')).toEqual(['production']);
  expect(await complete('kafka', 'topics', 'delete', '--env', '')).toEqual(['staging']);
  expect(await complete('postgres', 'activity', '-o', 'j')).toEqual(['json']);
  expect(await complete('requests', 'list', '--state', 'awa')).toEqual(['awaiting_approval']);
});

it('offers live values of a field once the environment is known', async () => {
  server.handlers['actions.options'] = ({ body }) => ({ choices: [{ value: `${body.query}-${body.environment}`, label: 'x' }] });
  expect(await complete('postgres', 'activity', '-e', 'staging', '--instance', 'pg')).toEqual(['pg-staging']);
  expect(await complete('postgres', 'activity', '--instance', 'pg')).toEqual([]);
});

it('offers nothing that would move the cursor, end the line or turn its direction', async () => {
  const values = ['plain', 'a\u001b[2Jb', 'a\rb', 'a\nrm', 'a\u202eb', 'a\u009b31m'];
  server.handlers['actions.options'] = () => ({ choices: values.map((value) => ({ value })) });
  expect(await complete('postgres', 'activity', '-e', 'staging', '--instance', '')).toEqual(['plain']);
});

it('offers people, and the machines of teams, where a flag takes one', async () => {
  server.handlers['people.list'] = () => ({ items: [NADIA] });
  server.handlers['teams.list'] = () => ({ items: [PAYMENTS] });
  expect(await complete('policy', 'explain', '--as', '')).toEqual(['nadia']);
  expect(await complete('requests', 'list', '--requester', 'n')).toEqual(['nadia']);
  expect(await complete('tokens', 'create', '--machine', 'ci')).toEqual(['ci-orders']);
});

it('offers the words that a flag takes, where it takes no others', async () => {
  expect(await complete('requests', 'resolve', 'REQ-1', '--as', '')).toEqual(['succeeded', 'failed', 'not-started']);
  expect(await complete('schedules', 'create', 'nightly', '--missed', 'o')).toEqual(['once']);
  expect(await complete('audit', 'list', '--outcome', '')).toEqual(['ok', 'denied', 'failed']);
  expect(await complete('requests', 'list', '--state', 'unk')).toEqual(['unknown']);
  expect(await complete('policy', 'explain', '--operation', 'request.ext')).toEqual(['request.extend']);
});

it('offers live ids of requests', async () => {
  server.handlers['requests.list'] = ({ query }) => ({
    items: [
      makeRequest('queued', {
        id: query.toApprove
          ? 'REQ-2'
          : query.toReview
            ? 'REQ-3'
            : query.state
              ? 'REQ-4'
              : query.undo
                ? query.undo === 'possible'
                  ? 'REQ-5'
                  : 'REQ-6'
                : 'REQ-1',
      }),
    ],
    next: null,
    toReview: 1,
  });
  expect(await complete('requests', 'show', '')).toEqual(['REQ-1']);
  expect(await complete('requests', 'approve', '')).toEqual(['REQ-2']);
  expect(await complete('requests', 'review', '')).toEqual(['REQ-3']);
  expect(await complete('requests', 'break-glass', '')).toEqual(['REQ-4']);
  expect(await complete('requests', 'undo', '')).toEqual(['REQ-5']);
  expect(await complete('requests', 'extend', '')).toEqual(['REQ-6']);
});

it('offers what is remembered, quietly, when the gateway is away', async () => {
  await complete('postgres', '');
  await server.close();
  expect(await complete('postgres', '')).toEqual(['activity', 'terminate-session']);
  expect(await complete('postgres', 'activity', '--state', '')).toEqual(['active', 'idle']);
  expect(await complete('requests', 'show', '')).toEqual([]);
});

it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
  const { stdout, exit } = await home.run(['completion', shell]);
  expect(exit).toBe(0);
  expect(stdout).toContain('guichet __complete');
});

it('says which shells there are', async () => {
  expect(await home.run(['completion', 'bsh'])).toMatchObject({ exit: 2, stderr: expect.stringContaining('Did you mean bash?') });
  expect((await home.run(['completion', '--help'])).stdout).toContain('source <(guichet completion bash)');
});
