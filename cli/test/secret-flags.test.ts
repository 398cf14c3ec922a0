import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { SECRET_MARKER } from '@guichet/contract';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { baseHandlers, makeAction, makeRequest, PLANNED } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const SECRET = 'tr0ub4dor & 3';
const SET_PASSWORD = makeAction({
  id: 'accounts.set-password',
  kind: 'write',
  risk: 'reversible',
  output: 'text',
  input: {
    type: 'object',
    properties: {
      account: { type: 'string' },
      password: { type: 'string', writeOnly: true, description: 'The new one' },
      pins: { type: 'array', items: { type: 'integer', writeOnly: true } },
    },
    required: ['account', 'password'],
  },
  examples: [{ title: 'A new password', input: { account: 'ada', password: 'example' } }],
});

let server: RouteServer;
let home: Home;
let file: string;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'actions.list': () => ({ items: [SET_PASSWORD] }),
    'actions.plan': ({ body }) => ({ ...PLANNED, input: { ...body.input, password: SECRET_MARKER } }),
    'requests.submit': () => ({ ...makeRequest('queued'), input: { account: 'ada', password: SECRET_MARKER } }),
  });
  home = makeHome(server.url);
  file = join(home.folder, 'password');
  writeFileSync(file, `${SECRET}\n`);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const COMMAND = [
  'accounts',
  'set-password',
  '--account',
  'ada',
  '--env',
  'staging',
  '--reason',
  'it leaked',
  '--yes',
  '--no-wait',
];
const sent = () => server.calls.find(({ route }) => route === 'requests.submit')?.body;

it('refuses a secret that is typed on the command line, without repeating it', async () => {
  for (const flags of [['--password', SECRET], [`--password=${SECRET}`], ['--password', SECRET, '-o', 'json']]) {
    const { exit, stdout, stderr } = await home.run([...COMMAND, ...flags]);
    expect(exit).toBe(2);
    expect(stderr).toContain('--password is a secret');
    expect(stderr).toContain('--password @FILE');
    expect(stdout + stderr).not.toContain(SECRET);
  }
  expect(sent()).toBeUndefined();
});

it('takes a secret from a file, as it is there but for the line break at its end', async () => {
  const { exit, stdout, stderr } = await home.run([...COMMAND, '--password', `@${file}`]);
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  expect(sent()).toMatchObject({ input: { account: 'ada', password: SECRET } });
  expect(stdout + stderr).not.toContain(SECRET);
});

it('takes a secret from stdin, once', async () => {
  expect(await home.run([...COMMAND, '--password', '-'], { stdin: `${SECRET}\n` })).toMatchObject({ exit: 0 });
  expect(sent()).toMatchObject({ input: { password: SECRET } });
  const twice = await home.run([...COMMAND, '--password', '-', '--pins', '-'], { stdin: '1' });
  expect(twice).toMatchObject({ exit: 2, stderr: expect.stringContaining('Stdin can give one thing only') });
});

it('asks for a secret on a terminal without showing it', async () => {
  const { exit, stdout, stderr } = await home.run(COMMAND, { keys: [['password', `${SECRET}\r`]] });
  expect({ exit, stderr }).toMatchObject({ exit: 0 });
  expect(sent()).toMatchObject({ input: { password: SECRET } });
  expect(stdout + stderr).not.toContain(SECRET.slice(0, 4));
});

it('says what is wrong with a secret and not what it is', async () => {
  expect(await home.run([...COMMAND, '--password', '@/nowhere'])).toMatchObject({ exit: 2 });
  writeFileSync(file, '');
  expect(await home.run([...COMMAND, '--password', `@${file}`])).toMatchObject({
    exit: 2,
    stderr: expect.stringContaining('--password is empty'),
  });
  writeFileSync(file, 'twelve');
  const { exit, stderr } = await home.run([...COMMAND, '--pins', `@${file}`]);
  expect({ exit, stderr }).toMatchObject({ exit: 2, stderr: expect.stringContaining("--pins is not of the kind 'integer'") });
  expect(stderr).not.toContain('twelve');
  expect(await home.run(COMMAND)).toMatchObject({ exit: 2, stderr: expect.stringContaining('@FILE, or - for stdin') });
});

it('tells in its help how a secret is given, and shows none in its examples', async () => {
  const { stdout } = await home.run(['accounts', 'set-password', '--help']);
  expect(stdout).toMatch(/--password <@file> +The new one/);
  expect(stdout).toContain('--password @FILE');
  expect(stdout).not.toContain('example ');
});
