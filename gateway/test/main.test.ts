import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EXIT } from '@guichet/contract';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function main(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, [MAIN, ...args], { env: { PATH: process.env['PATH'] } }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

let folder: string;
let database: TestDatabase;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-main-'));
  database = await testDatabase();
  await writeFile(join(folder, 'company.yaml'), 'people: [{ name: nadia, fullName: Nadia }]\nteams: []\n');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function config(more: Record<string, unknown> = {}): Promise<string> {
  const file = join(folder, `${Math.random()}.yaml`);
  await writeFile(file, JSON.stringify({ company: 'company.yaml', database: { url: database.url }, ...more }));
  return file;
}

test('--help says what there is, and --version which', async () => {
  const help = await main('--help');
  expect(help).toMatchObject({ code: 0, err: '' });
  for (const word of ['--config', 'issue-token', '--days', '--name', 'docs/guide/gateway.md']) expect(help.out).toContain(word);
  expect((await main('--version')).out).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  [[], 'No configuration was named', EXIT.usage],
  [['--confg', 'x'], "Unknown option '--confg'", EXIT.usage],
  [['--config'], "Option '-c, --config <value>' argument missing", EXIT.usage],
  [['--config', '/nowhere.yaml'], '/nowhere.yaml cannot be read', EXIT.config],
  [['--config', 'x', 'isue-token'], "There is no command 'isue-token'.\nDid you mean issue-token?", EXIT.usage],
  [
    ['--config', 'x', 'issue-token', 'nadia'],
    "'nadia' is no person or machine.\nWrite user:nadia, or machine:nadia.",
    EXIT.usage,
  ],
  [['--config', 'x', 'issue-token'], 'issue-token takes one name', EXIT.usage],
  [['--config', 'x', 'issue-token', 'a', 'b'], 'issue-token takes one name', EXIT.usage],
  [['--config', 'x', 'issue-token', 'user:nadia', '--days', '1.5'], "whole number from 1 to 366, not '1.5'", EXIT.usage],
  [['--config', 'x', 'issue-token', 'user:nadia', '--days', '367'], 'whole number from 1 to 366', EXIT.usage],
  [['--config', 'x', 'issue-token', 'user:nadia', '--name', ' '], '1 to 100 characters', EXIT.usage],
])('%j is refused in words', async (args, words, code) => {
  const ended = await main(...args);
  expect(ended).toMatchObject({ code, out: '' });
  expect(ended.err).toContain(words);
  expect(ended.err).not.toMatch(/\n\s+at /);
});

test('issue-token prints a token that is stored as its hash, and nothing else', async () => {
  const file = await config();
  const issued = await main('--config', file, 'issue-token', 'user:nadia', '--name', 'laptop', '--days', '3');
  expect(issued).toMatchObject({ code: 0, err: '' });
  expect(issued.out).toMatch(/^gct_u_[\w-]{43}\n$/);
  const client = new pg.Client({ connectionString: database.url });
  await client.connect();
  const { rows } = await client.query(`select name, hash = sha256($1) as ours, expires_at - created_at as lives from tokens`, [
    issued.out.trim(),
  ]);
  await client.end();
  expect(rows).toEqual([{ name: 'laptop', ours: true, lives: expect.objectContaining({ days: 3 }) }]);
});

test('issue-token for somebody who is not there is refused', async () => {
  const ended = await main('--config', await config(), 'issue-token', 'user:nadja');
  expect(ended).toMatchObject({ code: EXIT.usage, out: '' });
  expect(ended.err).toBe("There is no 'user:nadja' in company.yaml.\nDid you mean user:nadia?\n");
});

test('sign-out and unbind tell of a name that the company does not have: it may be mistyped, and somebody still in', async () => {
  const file = await config();
  expect(await main('--config', file, 'sign-out', 'user:nadja')).toMatchObject({
    code: 0,
    out: "user:nadja: 0 sessions ended.\nThe company has no 'user:nadja'. Did you mean user:nadia?\n",
  });
  expect((await main('--config', file, 'unbind', 'user:nadja')).out).toContain('Did you mean user:nadia?');
  expect((await main('--config', file, 'sign-out', 'user:nadia')).out).toBe('user:nadia: 0 sessions ended.\n');
});

test('a start that cannot work says why, without a stack: a port that is taken, modules, keys, databases', async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  const address = taken.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await writeFile(join(folder, 'empty.ts'), 'export const nothing = 1;\n');
  await writeFile(join(folder, 'bad.key'), 'not a key');
  for (const [more, words, code] of [
    [{ listen: { port } }, `cannot listen on 127.0.0.1:${port}: something else listens there already`, EXIT.config],
    [{ company: 'gone.yaml' }, join(folder, 'gone.yaml'), EXIT.config],
    [{ sealing: { keyFile: 'bad.key' } }, 'bad.key: entry 1 is not a key', EXIT.config],
    [{ providers: [{ name: 'a', module: 'gone.ts' }] }, "Provider 'a': the module", EXIT.config],
    [{ providers: [{ name: 'a', module: 'empty.ts' }] }, "exports no function 'mount'", EXIT.config],
    [{ database: { url: 'postgres://nobody:hunter2@127.0.0.1:1/x' } }, 'postgres://nobody@127.0.0.1:1/x', EXIT.unavailable],
  ] as const) {
    const ended = await main('--config', await config(more));
    expect(ended.code, ended.err).toBe(code);
    expect(ended.err).toContain(words);
    expect(ended.err).not.toMatch(/\n\s+at |hunter2/);
  }
  taken.close();
});

test('check says what a gateway would find in its files, and starts nothing', async () => {
  const good = await config({ database: { url: 'postgres://nowhere.invalid/x' }, sealing: { keyFile: 'none' } });
  expect(await main('--config', good, 'check')).toMatchObject({
    code: 0,
    err: '',
    out: expect.stringMatching(
      /^company: 1 person, 0 teams, 0 services, 0 machines \(sha256:\w+\)\npolicies: \d+ rules \(sha256:\w+\)\n$/,
    ),
  });
  await writeFile(join(folder, 'bad.yaml'), 'people: []\nteams: [{ name: payments, members: [nadja] }]\n');
  const bad = await main('--config', await config({ company: 'bad.yaml' }), 'check');
  expect(bad).toMatchObject({ code: EXIT.config, out: '' });
  expect(bad.err).toContain("bad.yaml:2:37 /teams/0/members/0 names a person 'nadja' that is not there.");
  await mkdir(join(folder, 'rules'), { recursive: true });
  await writeFile(
    join(folder, 'rules', 'a.cedar'),
    '@id("a") permit (principal, action, resource) when { resource.colour == "red" };',
  );
  const rules = await main('--config', await config({ policies: 'rules' }), 'check');
  expect(rules).toMatchObject({ code: EXIT.config, out: '' });
  expect(rules.err).toContain('a.cedar:1:');
  const both = await main('--config', await config({ company: 'bad.yaml', policies: 'rules' }), 'check');
  expect(both.err).toMatch(/^bad\.yaml:2:37 .*\na\.cedar:1:/);
  expect(await main('--config', good, 'check', 'x')).toMatchObject({ code: EXIT.usage });
});

test('check needs no secrets, and says what of the configuration the company does not know', async () => {
  await writeFile(join(folder, 'teams.yaml'), 'teams: [{ name: payments }]\nmachines: [{ name: ci, team: payments }]\n');
  const identity = (machine: string, team: string) => ({
    oidc: {
      issuer: 'https://id.example.com',
      clientId: 'x',
      clientSecretFromEnv: 'OF_NOBODY',
      groups: { teams: { devs: team } },
    },
    workloads: [
      {
        name: 'gitlab',
        issuer: 'https://gitlab.example.com',
        audience: 'https://guichet.example.com',
        rules: [
          { claims: { project_path: 'shop/orders', ref_protected: 'true' }, machine, scope: { environments: ['staging'] } },
        ],
      },
    ],
  });
  const check = async (machine: string, team: string) => {
    const publicUrl = 'https://guichet.example.com';
    const path = await config({ publicUrl, company: ['company.yaml', 'teams.yaml'], identity: identity(machine, team) });
    return main('--config', path, 'check');
  };
  const good = await check('ci', 'payments');
  expect(good).toMatchObject({ code: 0, err: '' });
  expect(good.out).toMatch(/^warning: .*\/clientSecretFromEnv names the environment variable OF_NOBODY, which is not set here/);
  expect(good.out.match(/warning/g)).toHaveLength(1);
  const unknown = await check('cj', 'paymants');
  expect(unknown).toMatchObject({ code: EXIT.config, out: '' });
  expect(unknown.err).toContain("/identity/workloads/0/rules/0/machine names a machine 'cj' that is not in the company file");
  expect(unknown.err).toContain('warning: ');
  expect(unknown.err).toContain(
    "/groups/teams/devs names a team 'paymants' that is not in the company file. Did you mean payments?",
  );
});
