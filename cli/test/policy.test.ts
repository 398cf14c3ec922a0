import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import type { PolicyCaseResult, PolicyDifference, PolicyExplained, PolicyInForce } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, GATE } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const AT = '2026-03-02T10:00:00.000Z';
const NOW = new Date('2026-03-02T12:00:00.000Z');

const RULE = {
  id: 'four-eyes',
  effect: 'forbid',
  annotations: { approvers: 'owner', count: '2', reason: 'Two people' },
  path: 'base.cedar',
  line: 3,
  text: 'forbid (principal, action, resource)\n  when { true };',
} as const;
const IN_FORCE: PolicyInForce = { digest: 'sha256:abc', since: AT, rules: [RULE], problem: null };
const FINDING = {
  path: 'base.cedar',
  line: 2,
  column: 8,
  severity: 'error',
  message: 'there is no attribute `environmint`',
  remedy: 'Did you mean environment?',
} as const;

let server: RouteServer;
let home: Home;
let folder: string;
beforeEach(async () => {
  server = await serveRoutes(baseHandlers());
  home = makeHome(server.url);
  folder = join(home.folder, 'policies');
  mkdirSync(folder);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const write = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const bodyOf = (route: string) => server.calls.findLast((call) => call.route === route)?.body;

describe('policy list', () => {
  it('shows each rule, who lifts it, why it is there and where it stands', async () => {
    server.handlers['policy.show'] = () => IN_FORCE;
    const { stdout, exit } = await home.run(['policy', 'list'], { now: NOW });
    expect(exit).toBe(0);
    expect(stdout).toMatch(/^four-eyes +forbid +2 of owner +Two people +base\.cedar:3$/m);
    expect(stdout).toMatch(/1 rule in force since .*2h.* ago.* \(sha256:abc\)\./);
  });

  it('says what is wrong with the files when the last reload was refused', async () => {
    server.handlers['policy.show'] = () => ({ ...IN_FORCE, problem: { at: AT, findings: [FINDING] } });
    const { stdout } = await home.run(['policy', 'list'], { now: NOW });
    expect(stdout).toContain('The files as they are now were refused');
    expect(stdout).toContain('base.cedar:2:8  error: there is no attribute `environmint`');
  });

  it('says that everything is denied where there is no rule', async () => {
    server.handlers['policy.show'] = () => ({ ...IN_FORCE, rules: [] });
    expect((await home.run(['policy', 'list'])).stdout).toContain('No rule is in force: everything is denied.');
  });
});

describe('policy check', () => {
  it('sends the .cedar files of a folder, and nothing else of it', async () => {
    server.handlers['policy.check'] = () => ({ ok: true, rules: 2, digest: 'sha256:abc', findings: [] });
    write('b.cedar', 'b');
    write('a.cedar', 'a');
    write('notes.md', 'no');
    expect(await home.run(['policy', 'check', folder])).toEqual({ exit: 0, stdout: '✓ 2 rules in 2 files.\n', stderr: '' });
    expect(bodyOf('policy.check')).toEqual({
      files: [
        { path: 'a.cedar', text: 'a' },
        { path: 'b.cedar', text: 'b' },
      ],
    });
  });

  it('points at what is wrong with a caret, errors before warnings, and exits with 2', async () => {
    const path = write('base.cedar', 'permit (\n\twhen { environmint };\n');
    server.handlers['policy.check'] = () => ({
      ok: false,
      rules: 0,
      digest: null,
      findings: [
        { path: 'base.cedar', line: 1, column: 1, severity: 'warning', message: 'it never applies' },
        { ...FINDING, column: 9 },
      ],
    });
    const { exit, stdout } = await home.run(['policy', 'check', folder]);
    expect(exit).toBe(2);
    expect(stdout).toBe(
      [
        `${path}:2:9  error: there is no attribute \`environmint\``,
        '  2 |   when { environmint };',
        '    |          ^',
        '  → Did you mean environment?',
        `${path}:1:1  warning: it never applies`,
        '  1 | permit (',
        '    | ^',
        '',
        `✗ 1 error and 1 warning: a gateway would not take ${folder}.`,
        '',
      ].join('\n'),
    );
  });

  it('passes with warnings, and counts them', async () => {
    write('base.cedar', 'permit');
    server.handlers['policy.check'] = () => ({
      ok: true,
      rules: 1,
      digest: 'sha256:abc',
      findings: [{ path: 'base.cedar', line: 1, column: 1, severity: 'warning', message: 'it never applies' }],
    });
    const { exit, stdout } = await home.run(['policy', 'check', folder]);
    expect(exit).toBe(0);
    expect(stdout).toContain('✓ 1 rule in 1 file, 1 warning.');
  });

  it('without a folder says how the rules in force stand', async () => {
    server.handlers['policy.show'] = () => IN_FORCE;
    expect(await home.run(['policy', 'check'])).toMatchObject({
      exit: 0,
      stdout: expect.stringContaining('1 rule in force since'),
    });
    server.handlers['policy.show'] = () => ({ ...IN_FORCE, problem: { at: AT, findings: [FINDING] } });
    expect(await home.run(['policy', 'check'])).toMatchObject({ exit: 2, stdout: expect.stringContaining('were refused') });
  });

  it.each([
    ['a folder that is not there', '/nowhere/at/all', '/nowhere/at/all cannot be read: it is not there.'],
    ['a folder without policies', '.', 'holds no policies.'],
    ['a file', 'notes.md', 'is not a folder.'],
  ])('refuses %s, by its name', async (_what, path, text) => {
    write('notes.md', '');
    const { exit, stderr } = await home.run(['policy', 'check', join(path.startsWith('/') ? '' : folder, path)]);
    expect(exit).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('policy test', () => {
  const passed: PolicyCaseResult = {
    name: 'reads are for everyone',
    path: 'tests.yaml',
    line: 2,
    passed: true,
    expected: { effect: 'permit' },
    got: { effect: 'permit', policies: ['reads'] },
    rules: [],
    difference: null,
  };
  const failed: PolicyCaseResult = {
    ...passed,
    name: 'a refund needs the owner',
    line: 7,
    passed: false,
    expected: { effect: 'needs' },
    rules: [{ id: 'reads', role: 'permits', reason: null, path: 'base.cedar', line: 1 }],
    difference: 'It is permitted (reads).',
  };

  it('shows what failed, why, and by which rules; and exits with 20', async () => {
    const cases = write('tests.yaml', 'cases: []');
    write('base.cedar', 'permit');
    server.handlers['policy.test'] = () => ({
      passed: 1,
      failed: 1,
      results: [passed, failed],
      findings: [],
      digest: 'sha256:abc',
    });
    const { exit, stdout } = await home.run(['policy', 'test', cases, '--policies', folder]);
    expect(exit).toBe(20);
    expect(stdout).toBe(
      [
        '✗ a refund needs the owner  tests.yaml:7',
        '  Expected approvals. It is permitted (reads).',
        '  Decided by:',
        '    permits  reads  base.cedar:1',
        '',
        '1 passed, 1 failed',
        '',
      ].join('\n'),
    );
    expect(bodyOf('policy.test')).toEqual({
      files: [{ path: cases, text: 'cases: []' }],
      policies: [{ path: 'base.cedar', text: 'permit' }],
    });
  });

  it('is short when all passed, and shows them with --all', async () => {
    const cases = write('tests.yaml', 'cases: []');
    server.handlers['policy.test'] = () => ({ passed: 1, failed: 0, results: [passed], findings: [], digest: 'sha256:abc' });
    expect(await home.run(['policy', 'test', cases])).toEqual({ exit: 0, stdout: '1 passed, 0 failed\n', stderr: '' });
    expect((await home.run(['policy', 'test', cases, '--all'])).stdout).toContain('✓ reads are for everyone  tests.yaml:2');
  });

  it('shows what is wrong with the cases, and tests nothing', async () => {
    const path = write('tests.yaml', 'cases:\n  - hwo: nadia\n');
    server.handlers['policy.test'] = () => ({
      passed: 0,
      failed: 0,
      results: [],
      findings: [{ ...FINDING, path, line: 2, column: 5, message: "'hwo' is not known." }],
      digest: null,
    });
    const { exit, stdout } = await home.run(['policy', 'test', path]);
    expect(exit).toBe(2);
    expect(stdout).toContain(`${path}:2:5  error: 'hwo' is not known.\n  2 |   - hwo: nadia\n    |     ^`);
    expect(stdout).toContain('✗ 1 error: nothing was tested.');
  });

  it('names the file that cannot be read', async () => {
    const { exit, stderr } = await home.run(['policy', 'test', join(folder, 'none.yaml')]);
    expect(exit).toBe(2);
    expect(stderr).toContain('none.yaml cannot be read: it is not there.');
    expect((await home.run(['policy', 'test'])).exit).toBe(2);
  });
});

describe('policy explain', () => {
  const explained: PolicyExplained = {
    principal: { id: 'user:nadia', name: 'Nadia Benali' },
    operation: 'action.submit',
    action: 'postgres.terminate-session',
    environment: 'production',
    resource: { type: 'postgres.instance', id: 'pg1', owner: 'payments' },
    request: null,
    decision: { effect: 'needs', gates: [GATE] },
    rules: [{ id: GATE.policy, role: 'gate', reason: GATE.reason, path: 'base.cedar', line: 3 }],
    errors: [],
    changes: [
      {
        change: 'environment',
        what: 'if it were in staging',
        values: ['staging'],
        decision: { effect: 'permit', policies: ['writes'] },
      },
    ],
  };

  it('says what is decided, because of which rules, and what would make it otherwise', async () => {
    server.handlers['policy.explain'] = () => explained;
    const argv = ['policy', 'explain', '--action', 'postgres.terminate-session', '--env', 'production'];
    const { stdout, exit } = await home.run([
      ...argv,
      '--owner',
      'payments',
      '--resource',
      'postgres.instance:pg1',
      '--as',
      'nadia',
    ]);
    expect(exit).toBe(0);
    expect(stdout).toContain("May Nadia Benali ask for postgres.terminate-session in production, owned by team 'payments'?");
    expect(stdout).toContain("Needs 1 approval from team 'payments'.");
    expect(stdout).toContain('  needs approval  destructive-needs-owner  base.cedar:3  Destructive work takes a second person');
    expect(stdout).toContain('  • if it were in staging: permitted (writes)');
    expect(bodyOf('policy.explain')).toEqual({
      action: 'postgres.terminate-session',
      environment: 'production',
      owner: 'payments',
      resource: { type: 'postgres.instance', id: 'pg1' },
      as: 'nadia',
    });
  });

  it('asks about a request', async () => {
    server.handlers['policy.explain'] = () => ({
      ...explained,
      request: 'REQ-12',
      operation: 'request.approve',
      principal: { id: 'user:amine', name: 'Amine Diallo' },
      decision: { effect: 'deny', reasons: [{ policy: 'default', message: 'Nothing permits it.' }] },
      rules: [],
      changes: [],
    });
    const { stdout } = await home.run(['policy', 'explain', '12', '--as', 'amine']);
    expect(bodyOf('policy.explain')).toEqual({ request: 'REQ-12', as: 'amine' });
    expect(stdout).toContain('May Amine Diallo approve REQ-12?');
    expect(stdout).toContain('No rule permits it, and what no rule permits is denied.');
    expect(stdout).toContain('with none of the changes that were tried');
  });

  it.each([
    [[], 'Missing: what to explain.'],
    [['--action', 'postgres.activity'], 'Missing: --env.'],
    [['twelve'], "'twelve' is not the id of a request."],
    [['--operation', 'request.aprove'], "--operation cannot be 'request.aprove'."],
    [['--action', 'a', '--env', 'b', '--resource', 'pg1'], "--resource must be TYPE:ID, not 'pg1'."],
  ])('refuses %j, naming what is wrong', async (flags, text) => {
    const { exit, stderr } = await home.run(['policy', 'explain', ...flags]);
    expect(exit).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('policy replay', () => {
  const difference = (number: number): PolicyDifference => ({
    request: `REQ-${number}`,
    at: AT,
    requester: { id: 'user:nadia', name: 'Nadia Benali' },
    action: 'postgres.terminate-session',
    environment: 'production',
    resource: { type: 'postgres.instance', id: 'pg1', owner: 'payments' },
    was: { effect: 'permit', policies: [] },
    now: { effect: 'needs', gates: [GATE] },
    rules: [GATE.policy],
  });
  /** 2,500 requests, of which every hundredth would be otherwise. */
  const pages = (): void => {
    server.handlers['policy.replay'] = ({ body }) => {
      const page = body.cursor === undefined ? 0 : Number(body.cursor.replace('requests:', ''));
      return {
        digest: 'sha256:abc',
        looked: page === 2 ? 500 : 1000,
        undecidable: page === 2 ? 1 : 0,
        withDenied: false,
        differences: Array.from({ length: page === 2 ? 5 : 10 }, (_, index) => difference(page * 10 + index + 1)),
        next: page === 2 ? null : `requests:${page + 1}`,
      };
    };
  };

  it('reads page after page, and shows the differences by rule with a few examples', async () => {
    pages();
    const { stdout, exit } = await home.run(['policy', 'replay', '--since', '90d', '--examples', '2'], { now: NOW });
    expect(exit).toBe(0);
    expect(server.calls.filter(({ route }) => route === 'policy.replay')).toHaveLength(3);
    expect(bodyOf('policy.replay')).toEqual({ since: '2025-12-02T12:00:00.000Z', cursor: 'requests:2' });
    expect(stdout).toMatch(/^Of 2,500 requests since .*, 25 would be decided otherwise\.$/m);
    expect(stdout).toContain('Teams and on-call are those of today');
    expect(stdout).toContain('1 request could not be decided');
    expect(stdout).toContain('you may not read the audit log');
    expect(stdout).toContain('destructive-needs-owner: were permitted, now need approval  (25)');
    expect(stdout.match(/REQ-\d+/g)).toEqual(['REQ-1', 'REQ-2']);
    expect(stdout).toContain("    now needs 1 approval from team 'payments' (destructive-needs-owner)");
    expect(stdout).toContain('… 23 more; --examples 25 shows them');
  });

  it('gives all of them as one document, with progress on stderr alone', async () => {
    pages();
    const { stdout } = await home.run(['policy', 'replay', '-o', 'json'], { now: NOW });
    const replay = JSON.parse(stdout);
    expect(replay).toMatchObject({ looked: 2500, changed: 25, undecidable: 1, digests: ['sha256:abc'] });
    expect(replay.differences).toHaveLength(25);
  });

  it('exits with 20 for differences only when it was asked to', async () => {
    pages();
    expect((await home.run(['policy', 'replay', '--fail-on-change'])).exit).toBe(20);
    const none = { digest: 'sha256:abc', looked: 3, undecidable: 0, withDenied: true, differences: [], next: null };
    server.handlers['policy.replay'] = () => none;
    const { exit, stdout } = await home.run(['policy', 'replay', '--fail-on-change']);
    expect(exit).toBe(0);
    expect(stdout).toContain('none would be decided otherwise.');
    server.handlers['policy.replay'] = () => ({ ...none, looked: 0 });
    expect((await home.run(['policy', 'replay'])).stdout).toContain('No request was recorded since');
  });

  it('refuses a time that is none', async () => {
    const { exit, stderr } = await home.run(['policy', 'replay', '--since', 'yore']);
    expect(exit).toBe(2);
    expect(stderr).toContain("--since must be a time, not 'yore'.");
  });
});

it.each([['list'], ['check'], ['test'], ['explain'], ['replay']])('policy %s has help with examples', async (command) => {
  const { stdout, exit } = await home.run(['policy', command, '--help']);
  expect(exit).toBe(0);
  expect(stdout).toContain(`guichet policy ${command}`);
  expect(stdout).toContain('Examples:');
});

it('completes its commands, files and operations', async () => {
  const complete = async (...words: string[]): Promise<string[]> =>
    (await home.run(['__complete', 'policy', ...words])).stdout
      .split('\n')
      .map((line) => line.split('\t')[0] ?? '')
      .filter(Boolean);
  write('tests.yaml', '');
  write('base.cedar', '');
  expect(await complete('')).toEqual(['list', 'check', 'test', 'explain', 'replay']);
  expect(await complete('test', `${folder}/`)).toEqual([join(folder, 'tests.yaml')]);
  expect(await complete('check', `${home.folder}/pol`)).toEqual([`${folder}/`]);
  expect(await complete('test', 'a.yaml', '--policies', `${home.folder}/pol`)).toEqual([`${folder}/`]);
  expect(await complete('explain', '--operation', 'request.a')).toEqual(['request.approve']);
});
