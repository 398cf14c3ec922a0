import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { type AuditEvent, EXIT, GuichetError, type Token } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, ME, makeRequest } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

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

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;

describe('requests list', () => {
  it('asks for what the flags say', async () => {
    const queries: unknown[] = [];
    server.handlers['requests.list'] = ({ query }) => {
      queries.push(query);
      return { items: [makeRequest('awaiting_approval')], next: null, toReview: 0 };
    };
    const { stdout } = await home.run([
      'requests',
      'list',
      '--to-approve',
      '--state',
      'queued',
      '-e',
      'staging',
      '--requester',
      'amine',
      '--action',
      'kafka.*',
    ]);
    expect(stdout).toContain('REQ-12  awaiting approval  production  Nadia Benali');
    expect(queries[0]).toMatchObject({
      toApprove: true,
      state: ['queued'],
      environment: 'staging',
      requester: 'user:amine',
      action: 'kafka.*',
    });
    await home.run(['requests', 'list', '--mine', '--since', '2h']);
    expect(queries[1]).toMatchObject({ requester: 'me', since: expect.stringMatching(/Z$/) });
  });

  it('reads page after page up to the limit, and says when there is more', async () => {
    server.handlers['requests.list'] = ({ query }) => {
      const start = Number(query.cursor ?? 0);
      const items = Array.from({ length: query.limit }, (_, index) => makeRequest('queued', { id: `REQ-${start + index + 1}` }));
      return { items, next: start + query.limit >= 250 ? null : String(start + query.limit), toReview: 0 };
    };
    const some = await home.run(['requests', 'list', '--limit', '210', '-o', 'json']);
    expect(JSON.parse(some.stdout).items).toHaveLength(210);
    const few = await home.run(['requests', 'list', '--limit', '3']);
    expect(few.stderr).toContain('The first 3; more with --limit or --all.');
    const all = await home.run(['requests', 'list', '--all', '-o', 'json']);
    expect(JSON.parse(all.stdout)).toMatchObject({ next: null });
  });

  it.each([
    [['--to-approve'], 'Nothing waits for your approval.'],
    [['--to-review'], 'No broken glass waits for your review.'],
    [['--mine'], 'You have no requests.'],
    [['--state', 'failed'], 'Leave out a filter'],
    [[], 'There are no requests yet.'],
  ])('with %j says what an empty list means', async (flags, text) => {
    server.handlers['requests.list'] = () => ({ items: [], next: null, toReview: 0 });
    expect((await home.run(['requests', 'list', ...flags])).stdout).toContain(text);
  });

  it.each([
    [['--state', 'sucess'], "--state cannot be 'sucess'."],
    [['--limit', '0'], "--limit must be a whole number of at least 1, not '0'."],
    [['--since', 'yesterday'], "--since must be a time, not 'yesterday'."],
    [['--mine', '--requester', 'amine'], '--mine'],
  ])('refuses %j, naming the flag', async (flags, text) => {
    const { exit, stderr } = await home.run(['requests', 'list', ...flags]);
    expect(exit).toBe(2);
    expect(stderr).toContain(text);
  });
});

describe('one request', () => {
  it.each(['REQ-12', 'req-12', '12'])('may be typed %s', async (id) => {
    server.handlers['requests.show'] = ({ params }) =>
      makeRequest('awaiting_approval', { id: params.request, allowed: ['withdraw'] });
    const { stdout } = await home.run(['requests', 'show', id]);
    expect(stdout).toContain('REQ-12 · End a session · awaiting approval');
    expect(stdout).toContain("0 of 1 from team 'payments'");
    expect(stdout).toContain('guichet requests withdraw REQ-12');
  });

  it.each([['REQ-0'], ['twelve'], ['12; drop']])('cannot be %j', async (id) => {
    expect(await home.run(['requests', 'show', id])).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('is not the id of a request'),
    });
  });

  it('is wrapped beside its titles to the width of the terminal', async () => {
    server.handlers['requests.show'] = () =>
      makeRequest('awaiting_approval', { reason: 'so that it frees the orders '.repeat(4).trim() });
    const { stdout } = await home.run(['requests', 'show', '12'], { columns: 60 });
    expect(stdout).toMatch(/^ {2}Reason {5}so that .*\n {13}\S/m);
    for (const line of stdout.split('\n').filter((text) => /^ /.test(text))) expect(line.length).toBeLessThanOrEqual(60);
  });

  it('is watched from its first event to its end', async () => {
    let shown = 0;
    server.handlers['requests.show'] = () =>
      makeRequest(shown++ === 0 ? 'awaiting_approval' : 'rejected', { decidedBy: { id: 'user:a', name: 'A' }, comment: 'no' });
    server.handlers['requests.events'] = (stream) => {
      stream.send({ number: 1, type: 'request.submitted', actor: { id: 'user:nadia', name: 'Nadia Benali' } });
      stream.send({ number: 2, type: 'request.rejected' });
    };
    const { exit, stdout, stderr } = await home.run(['requests', 'watch', '12']);
    expect(exit).toBe(EXIT.rejected);
    expect(stdout).toBe('✗ Rejected by A: no\n');
    expect(stderr).toContain('Submitted by Nadia Benali');
  });

  it('that is not there is told so', async () => {
    server.handlers['requests.show'] = () => {
      throw new GuichetError('request.unknown', 'There is no request REQ-9 that you can see.', {
        remedy: 'guichet requests list shows them.',
      });
    };
    expect(await home.run(['requests', 'watch', '9'])).toMatchObject({
      exit: 5,
      stderr: expect.stringContaining('guichet requests list'),
    });
  });
});

describe('deciding', () => {
  beforeEach(() => {
    server.handlers['requests.show'] = () => makeRequest('awaiting_approval', { allowed: ['approve', 'reject'] });
  });

  it('approves the digest of what was fetched', async () => {
    server.handlers['requests.approve'] = () => makeRequest('queued');
    const { exit, stdout } = await home.run(['requests', 'approve', '12', '--comment', 'go']);
    expect(exit).toBe(0);
    expect(stdout).toContain('Approved. REQ-12 is queued');
    expect(bodyOf('requests.approve')).toEqual({ comment: 'go', digest: 'sha256:of-what-was-shown' });
  });

  it('says who else must approve', async () => {
    server.handlers['requests.approve'] = () => makeRequest('awaiting_approval');
    expect((await home.run(['requests', 'approve', '12'])).stdout).toContain("Waiting for 1 approval from team 'payments'");
  });

  it.each([
    ['approval.own_request', EXIT.denied],
    ['approval.not_approver', EXIT.denied],
    ['approval.duplicate', EXIT.conflict],
    ['approval.digest_mismatch', EXIT.conflict],
  ] as const)('ends with the exit code of %s', async (code, exit) => {
    server.handlers['requests.approve'] = () => {
      throw new GuichetError(code, 'No.');
    };
    expect((await home.run(['requests', 'approve', '12'])).exit).toBe(exit);
  });

  it('rejects only with a comment', async () => {
    server.handlers['requests.reject'] = () => makeRequest('rejected');
    for (const comment of [[], ['--comment', ' ']])
      expect(await home.run(['requests', 'reject', '12', ...comment])).toMatchObject({
        exit: 2,
        stderr: expect.stringContaining('Missing: --comment.'),
      });
    expect((await home.run(['requests', 'reject', '12', '--comment', 'not now'])).stdout).toBe(
      'Rejected REQ-12: it will not run.\n',
    );
    expect(bodyOf('requests.reject')).toEqual({ comment: 'not now' });
  });

  it('withdraws and cancels', async () => {
    server.handlers['requests.withdraw'] = () => makeRequest('withdrawn');
    server.handlers['requests.cancel'] = () => makeRequest('running', { cancelRequestedAt: '2026-03-02T10:00:00.000Z' });
    expect((await home.run(['requests', 'withdraw', '12'])).stdout).toBe('Withdrew REQ-12: it will not run.\n');
    expect((await home.run(['requests', 'cancel', '12'])).stdout).toContain('Asked REQ-12 to stop. REQ-12 is running');
  });
});

it('lists the audit log by request, actor and time', async () => {
  const queries: unknown[] = [];
  const event: AuditEvent = {
    id: '7',
    at: '2026-03-02T10:00:00.000Z',
    type: 'request.approved',
    actor: { id: 'user:amine', name: 'Amine Diallo' },
    action: 'postgres.terminate-session',
    environment: 'production',
    resource: null,
    request: 'REQ-12',
    outcome: 'ok',
    data: { comment: 'go' },
  };
  server.handlers['audit.list'] = ({ query }) => {
    queries.push(query);
    return { items: [event], next: null };
  };
  const { stdout } = await home.run([
    'audit',
    'list',
    '--request',
    '12',
    '--actor',
    'amine',
    '--type',
    'request.approved',
    '--until',
    '2026-03-03',
  ]);
  expect(stdout).toMatch(/Amine Diallo {2}request\.approved {2}ok {7}REQ-12 .* go\n$/);
  expect(queries[0]).toMatchObject({ request: 'REQ-12', actor: 'user:amine', type: 'request.approved' });
  const created: AuditEvent = {
    ...event,
    type: 'session.created',
    request: null,
    data: { client: 'Chrome on Linux', address: '10.0.0.1', teams: [], digest: 'sha256:00' },
  };
  server.handlers['audit.list'] = () => ({ items: [created], next: null });
  expect((await home.run(['audit', 'list'])).stdout).toMatch(/ client Chrome on Linux · address 10\.0\.0\.1\n$/);
  const finding = { path: 'teams.yaml', line: 2, column: 33, message: "names a person 'nadja' that is not there" };
  const refused = { ...created, type: 'company.refused', data: { findings: [finding, finding] } };
  server.handlers['audit.list'] = () => ({ items: [refused], next: null });
  expect((await home.run(['audit', 'list'])).stdout).toMatch(
    / teams\.yaml:2 names a person 'nadja' that is not there, and 1 more\n$/,
  );
  server.handlers['audit.list'] = () => ({ items: [], next: null });
  expect((await home.run(['audit', 'list'])).stdout).toContain('Nothing is recorded that fits.');
});

describe('tokens', () => {
  const token: Token = { ...ME.token, expiresAt: '2020-01-01T00:00:00.000Z' };

  it('are listed with their state', async () => {
    server.handlers['tokens.list'] = () => ({ items: [token], next: null });
    expect((await home.run(['tokens', 'list'])).stdout).toContain('laptop  user:nadia  expired');
  });

  it('are created with the secret alone on stdout', async () => {
    server.handlers['tokens.create'] = () => ({ ...token, secret: 'gch_abc', warnings: ['No action is called kafka.* now.'] });
    const flags = [
      '--name',
      'ci',
      '--expires-in',
      '30d',
      '--machine',
      'ci-orders',
      '--action',
      'orders.*',
      '--action',
      'kafka.*',
      '--environment',
      'staging',
    ];
    const { stdout, stderr } = await home.run(['tokens', 'create', ...flags]);
    expect(stdout).toBe('gch_abc\n');
    expect(stderr).toContain('shown this once');
    expect(stderr).toContain('No action is called kafka.* now.');
    expect(bodyOf('tokens.create')).toEqual({
      name: 'ci',
      machine: 'ci-orders',
      expiresInDays: 30,
      scope: { actions: ['orders.*', 'kafka.*'], environments: ['staging'] },
    });
  });

  it('of machines are narrowed, unless it is said that they are not', async () => {
    server.handlers['tokens.create'] = () => ({ ...token, secret: 'gch_abc', warnings: [] });
    const create = (...flags: string[]) => home.run(['tokens', 'create', '--name', 'ci', '--machine', 'ci-orders', ...flags]);
    expect(await create()).toMatchObject({ exit: 2, stderr: expect.stringContaining('--all') });
    expect(await create('--all')).toMatchObject({ exit: 0 });
    expect(bodyOf('tokens.create')).toMatchObject({ machine: 'ci-orders', all: true, scope: {} });
  });

  it('whose maker has left the company are pointed out', async () => {
    const made = { ...token, createdBy: { id: 'user:lena', name: 'Lena Fischer' }, expiresAt: '2999-01-01T00:00:00.000Z' };
    server.handlers['tokens.list'] = () => ({
      items: [
        { ...made, name: 'reports', makerLeft: true },
        { ...made, name: 'stays' },
        { ...made, name: 'revoked', makerLeft: true, revokedAt: '2026-01-01T00:00:00.000Z' },
      ],
      next: null,
    });
    const { stderr } = await home.run(['tokens', 'list']);
    expect(stderr).toContain(`'reports' of user:nadia was made by Lena Fischer, who has left the company and may have kept it`);
    expect(stderr).toContain(`guichet tokens revoke ${token.id}`);
    expect(stderr).not.toMatch(/stays|'revoked'/);
  });

  it('that were made to last and end within two weeks are pointed out', async () => {
    const now = new Date('2026-11-21T09:00:00Z');
    const day = (count: number): string => new Date(now.getTime() + count * 86_400_000).toISOString();
    const made = { ...token, createdAt: day(-80), expiresAt: day(90) };
    server.handlers['tokens.list'] = () => ({
      items: [
        { ...made, name: 'ends soon', expiresAt: day(13) },
        { ...made, name: 'ends later', expiresAt: day(15) },
        { ...made, name: 'is over', expiresAt: day(-1) },
        { ...made, name: 'was revoked', expiresAt: day(13), revokedAt: day(-1) },
        { ...made, name: 'lasts minutes', createdAt: day(0), expiresAt: day(0.01) },
      ],
      next: null,
    });
    const { stderr } = await home.run(['tokens', 'list'], { now });
    expect(stderr).toContain("'ends soon' of user:nadia ends 2026-12-04");
    expect(stderr.match(/successor/g)).toHaveLength(1);
  });

  it('are refused without a name, with a time that is no days, and without an id', async () => {
    expect((await home.run(['tokens', 'create'])).stderr).toContain('Missing: --name.');
    expect((await home.run(['tokens', 'create', '--name', ''])).stderr).toContain('Missing: --name.');
    expect((await home.run(['tokens', 'create', '--name', 'x', '--expires-in', '5h'])).exit).toBe(2);
    expect((await home.run(['tokens', 'revoke', 'laptop'])).stderr).toContain('guichet tokens list');
  });

  it('are revoked by their id', async () => {
    server.handlers['tokens.revoke'] = ({ params }) => ({ ...token, id: params.token, revokedAt: '2026-03-02T10:00:00.000Z' });
    expect((await home.run(['tokens', 'revoke', token.id])).stdout).toContain("Revoked 'laptop' of user:nadia");
  });

  it('are revoked by how their id begins, when it is that of one: narrow terminals cut ids', async () => {
    const ids = ['0198c7be-7c4e-4d5a-9d3f-3b1f6a2c8e11', '0198c7be-aaaa-4d5a-9d3f-3b1f6a2c8e11'];
    server.handlers['tokens.list'] = () => ({ items: ids.map((id) => ({ ...token, id })), next: null });
    const revoked: string[] = [];
    server.handlers['tokens.revoke'] = ({ params }) => {
      revoked.push(params.token);
      return { ...token, revokedAt: '2026-03-02T10:00:00.000Z' };
    };
    const revoke = (id: string) => home.run(['tokens', 'revoke', id]);
    expect(await revoke('0198c7be-7…')).toMatchObject({ exit: 0 });
    expect(revoked).toEqual([ids[0]]);
    expect(await revoke('0198c7be-…')).toMatchObject({
      exit: 2,
      stderr: expect.stringContaining('The ids of 2 tokens begin with'),
    });
    expect(await revoke('abcdef')).toMatchObject({ exit: 2, stderr: expect.stringContaining('The id of no token of yours') });
    expect(await revoke('019')).toMatchObject({ exit: 2, stderr: expect.stringContaining("'019' is not the id of a token") });
  });

  it('that a gateway refuses are told by the flags that were typed, not by the fields of the call', async () => {
    const errors = [{ field: '/scope/environments/0', message: 'is no environment', remedy: 'Known: production.' }];
    server.handlers['tokens.create'] = () => {
      throw new GuichetError('input.invalid', '/scope/environments/0 is no environment.', {
        errors,
        remedy: 'GET /openapi.json describes the body.',
      });
    };
    const { stderr } = await home.run(['tokens', 'create', '--name', 'x', '--environment', 'prod']);
    expect(stderr).toBe('error: --environment is no environment.\n  → See guichet tokens create --help.\n');
  });
});

it.each([
  ['token.expired', 3],
  ['token.invalid', 3],
  ['database.unavailable', 8],
] as const)('ends with the exit code of %s', async (code, exit) => {
  server.handlers['me.show'] = () => {
    throw new GuichetError(code, 'No.', { remedy: 'Do something.' });
  };
  expect(await home.run(['whoami'])).toMatchObject({ exit, stderr: expect.stringContaining('Do something.') });
});

it('names the gateway that cannot be reached', async () => {
  await server.close();
  expect(await home.run(['whoami'])).toMatchObject({
    exit: 7,
    stderr: expect.stringContaining(`${server.url} cannot be reached (ECONNREFUSED)`),
  });
});
