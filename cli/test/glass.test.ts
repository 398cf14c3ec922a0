import { type RouteServer, serveRoutes } from '@guichet/client/testing';
import { EXIT, GuichetError, type Request, type Review } from '@guichet/contract';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { baseHandlers, makeRequest, PLANNED } from './support/catalogue.ts';
import { type Home, makeHome } from './support/run-cli.ts';

const ENTER = '\r';
const CTRL_C = '\u0003';
const SVEN = { id: 'user:sven', name: 'Sven Lindqvist' };
const AMINE = { id: 'user:amine', name: 'Amine Diallo' };
const OPEN: Review = {
  state: 'open',
  brokenBy: SVEN,
  person: SVEN.id,
  incident: 'INC-7',
  reason: 'orders stand still',
  at: '2026-03-01T10:00:00.000Z',
  verdict: null,
  closedBy: null,
  comment: null,
  closedAt: null,
};
const CLOSED: Review = {
  ...OPEN,
  state: 'closed',
  verdict: 'not_justified',
  closedBy: AMINE,
  comment: 'somebody was awake',
  closedAt: '2026-03-02T10:00:00.000Z',
};
const WHY = ['--incident', 'INC-7', '--reason', 'orders stand still'];

let server: RouteServer;
let home: Home;
beforeEach(async () => {
  server = await serveRoutes({
    ...baseHandlers(),
    'requests.show': () => makeRequest('awaiting_approval', { allowed: ['break_glass'] }),
    'requests.break_glass': () => makeRequest('queued', { review: OPEN }),
  });
  home = makeHome(server.url);
});
afterEach(async () => {
  home[Symbol.dispose]();
  await server.close();
});

const bodyOf = (route: string): unknown => server.calls.findLast((call) => call.route === route)?.body;
const called = (route: string): boolean => server.calls.some((call) => call.route === route);

describe('requests break-glass', () => {
  it('breaks the glass of what was fetched, and says what that means', async () => {
    const { exit, stdout } = await home.run(['requests', 'break-glass', '12', ...WHY]);
    expect(exit).toBe(0);
    expect(bodyOf('requests.break_glass')).toEqual({
      incident: 'INC-7',
      reason: 'orders stand still',
      digest: 'sha256:of-what-was-shown',
    });
    expect(stdout).toContain("Broke the glass of REQ-12 for INC-7: it runs without 1 approval from team 'payments'.");
    expect(stdout).toContain('one of them reviews it');
    expect(stdout).toContain('REQ-12 · Glass broken for INC-7 · Queued');
  });

  it.each([
    [[], ['--incident', '--reason']],
    [['--incident', 'INC-7'], ['--reason']],
    [['--incident', 'INC-7', '--reason', 'urgent'], ['at least 10 characters']],
  ])('refuses %j, naming what is missing', async (flags, texts) => {
    const { exit, stderr } = await home.run(['requests', 'break-glass', '12', ...flags]);
    expect(exit).toBe(EXIT.usage);
    for (const text of texts) expect(stderr).toContain(text);
    expect(called('requests.break_glass')).toBe(false);
  });

  it('shows the request at a terminal, and has its id typed', async () => {
    const shown = ['Type REQ-12 to break the glass', `yes${ENTER}`] as const;
    const left = await home.run(['requests', 'break-glass', '12', ...WHY], {
      keys: [shown, ['Type REQ-12, or press Ctrl-C.', CTRL_C]],
    });
    expect(left.exit).toBe(EXIT.interrupted);
    expect(left.stderr).toContain('Plan: ends the session');
    expect(called('requests.break_glass')).toBe(false);
    const typed = await home.run(['requests', 'break-glass', '12', ...WHY], { keys: [[shown[0], `req-12${ENTER}`]] });
    expect(typed.exit).toBe(0);
    expect(called('requests.break_glass')).toBe(true);
  });

  it('asks nothing with --yes', async () => {
    expect((await home.run(['requests', 'break-glass', '12', ...WHY, '-y'], { keys: [] })).exit).toBe(0);
  });

  it('asks for the incident and the reason at a terminal', async () => {
    await home.run(['requests', 'break-glass', '12', '-y'], {
      keys: [
        ['Which incident is REQ-12 for?', `INC-9${ENTER}`],
        ['Why can it not wait?', `short${ENTER}`],
        ['at least 10 characters', ` but long enough${ENTER}`],
      ],
    });
    expect(bodyOf('requests.break_glass')).toMatchObject({ incident: 'INC-9', reason: 'short but long enough' });
  });
});

describe('an action with --break-glass', () => {
  const terminate = (flags: readonly string[], keys?: readonly (readonly [string, string])[]) =>
    home.run(
      ['postgres', 'terminate-session', '--instance', 'pg1', '--pid', '1', '-e', 'production', '--no-wait', ...flags],
      keys === undefined ? {} : { keys },
    );
  const answers = (filed: Request): void => {
    server.handlers['requests.submit'] = () => filed;
  };

  it('files it, then breaks its glass', async () => {
    answers(makeRequest('awaiting_approval'));
    const { exit, stdout, stderr } = await terminate(['--break-glass', ...WHY]);
    expect([exit, stdout]).toEqual([0, 'REQ-12\n']);
    expect(bodyOf('requests.submit')).toMatchObject({ reason: 'orders stand still' });
    expect(bodyOf('requests.break_glass')).toMatchObject({ incident: 'INC-7', digest: 'sha256:of-what-was-shown' });
    expect(stderr).toContain('Broke the glass of REQ-12 for INC-7');
  });

  it('has the incident typed at a terminal before anything is filed', async () => {
    answers(makeRequest('awaiting_approval'));
    const left = await terminate(['--break-glass', ...WHY], [['Type INC-7 to break the glass', CTRL_C]]);
    expect(left.exit).toBe(EXIT.interrupted);
    expect(called('requests.submit')).toBe(false);
    const typed = await terminate(['--break-glass', ...WHY], [['Type INC-7 to break the glass', `INC-7${ENTER}`]]);
    expect(typed.exit).toBe(0);
    expect(called('requests.break_glass')).toBe(true);
  });

  it('says so when it ran at once anyway, and breaks nothing', async () => {
    server.handlers['actions.plan'] = () => ({ ...PLANNED, decision: { effect: 'permit', policies: ['alone'] } });
    answers(makeRequest('queued'));
    const { exit, stderr } = await terminate(['--break-glass', ...WHY]);
    expect(exit).toBe(0);
    expect(stderr).toContain('no glass was broken');
    expect(called('requests.break_glass')).toBe(false);
  });

  it('tells who may not that the request waits all the same', async () => {
    answers(makeRequest('awaiting_approval'));
    server.handlers['requests.break_glass'] = () => {
      throw new GuichetError('policy.denied', 'Only whoever is on call can break the glass.');
    };
    const { exit, stderr } = await terminate(['--break-glass', ...WHY]);
    expect(exit).toBe(EXIT.denied);
    expect(stderr).toContain('Only whoever is on call can break the glass. REQ-12 is filed all the same');
    expect(stderr).toContain('guichet requests withdraw REQ-12');
  });

  it.each([
    [['--break-glass', '--reason', 'orders stand still'], '--incident'],
    [['--incident', 'INC-7', '--reason', 'orders stand still'], '--incident goes with --break-glass'],
  ])('refuses %j before anything is filed', async (flags, text) => {
    const { exit, stderr } = await terminate(flags);
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toContain(text);
    expect(called('requests.submit')).toBe(false);
  });
});

describe('requests review', () => {
  it('closes the review with what was found', async () => {
    server.handlers['requests.review'] = () => makeRequest('succeeded', { review: CLOSED });
    const { exit, stdout } = await home.run(['requests', 'review', '12', '--not-justified', '--comment', 'somebody was awake']);
    expect([exit, stdout]).toEqual([0, 'Closed the review of REQ-12: not justified.\n']);
    expect(bodyOf('requests.review')).toEqual({ verdict: 'not_justified', comment: 'somebody was awake' });
  });

  it.each([
    [['--comment', 'ok'], '--justified and --not-justified'],
    [['--justified', '--not-justified', '--comment', 'ok'], '--justified and --not-justified'],
    [['--justified'], '--comment'],
  ])('refuses %j', async (flags, text) => {
    const { exit, stderr } = await home.run(['requests', 'review', '12', ...flags]);
    expect(exit).toBe(EXIT.usage);
    expect(stderr).toContain(text);
  });

  it('is asked for by the list, which says how many wait', async () => {
    const queries: unknown[] = [];
    server.handlers['requests.list'] = ({ query }) => {
      queries.push(query);
      return { items: [makeRequest('succeeded', { review: OPEN })], next: null, toReview: 2 };
    };
    const all = await home.run(['requests', 'list']);
    expect(all.stderr).toContain('2 broken glasses wait for your review: guichet requests list --to-review');
    const { stdout, stderr } = await home.run(['requests', 'list', '--to-review']);
    expect(queries[1]).toMatchObject({ toReview: true });
    expect(stdout).toContain('open: INC-7, broken by Sven Lindqvist');
    expect(stderr).toBe('');
    expect(JSON.parse((await home.run(['requests', 'list', '-o', 'json'])).stdout)).toMatchObject({ toReview: 2 });
  });
});

describe('a request whose glass was broken', () => {
  it('shows who broke it, for what, and what the review said', async () => {
    server.handlers['requests.show'] = () => makeRequest('succeeded', { review: OPEN, allowed: ['review'] });
    const open = await home.run(['requests', 'show', '12']);
    expect(open.stdout).toMatch(/Glass {6}broken by Sven Lindqvist for INC-7, .*: orders stand still/);
    expect(open.stdout).toMatch(/Review {5}open: /);
    expect(open.stdout).toContain('guichet requests review REQ-12');
    server.handlers['requests.show'] = () => makeRequest('succeeded', { review: CLOSED });
    expect((await home.run(['requests', 'show', '12'])).stdout).toMatch(
      /Review {5}not justified, by Amine Diallo, .*: somebody was awake/,
    );
  });

  it('offers the commands as they are typed', async () => {
    expect((await home.run(['requests', 'show', '12'])).stdout).toContain('guichet requests break-glass REQ-12');
  });

  it('is told event by event, also what came after its end', async () => {
    server.handlers['requests.show'] = () => makeRequest('succeeded', { review: CLOSED, lastEvent: 5 });
    server.handlers['requests.events'] = (stream) => {
      const approvers = [AMINE, { id: 'user:paula', name: 'Paula Costa' }];
      const data = { incident: 'INC-7', reason: 'orders stand still', approvers };
      stream.send({ number: 1, type: 'request.approval_reused', data: { by: AMINE, reusedFrom: 'REQ-9' } });
      stream.send({ number: 2, type: 'request.glass_broken', actor: SVEN, data });
      stream.send({ number: 3, type: 'request.succeeded' });
      stream.send({ number: 4, type: 'request.review_reminded', data: { approvers: [AMINE] } });
      stream.send({ number: 5, type: 'request.reviewed', actor: AMINE, data: { verdict: 'not_justified', comment: 'hm' } });
    };
    const { stderr } = await home.run(['requests', 'watch', '12']);
    expect(stderr).toContain('Approval counts again: of Amine Diallo, given for REQ-9');
    expect(stderr).toContain('Glass broken by Sven Lindqvist for INC-7: orders stand still (2 approvers are told)');
    expect(stderr).toContain('Its review is still open (1 approver is told)');
    expect(stderr).toContain('Reviewed by Amine Diallo, not justified: hm');
  });

  it('says of an approval that counts again for which request it was given', async () => {
    const approval = { by: AMINE, person: AMINE.id, groups: [], comment: 'go', at: OPEN.at, reusedFrom: 'REQ-9' };
    server.handlers['requests.show'] = () => makeRequest('succeeded', { approvals: [approval] });
    expect((await home.run(['requests', 'show', '12'])).stdout).toMatch(/by Amine Diallo, .*, for REQ-9: go/);
  });
});
