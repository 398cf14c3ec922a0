import type {
  AuditEvent,
  Decision,
  PolicyChecked,
  PolicyExplained,
  PolicyInForce,
  PolicyTested,
  Problem,
} from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, type Person, startGateway, type TestGateway } from './support/gateway.ts';

/** Lets everybody do everything, and ends with what the test adds. */
const open = (...rules: string[]): { path: string; text: string }[] => [
  { path: 'policies/open.cedar', text: ['@id("everything")\npermit (principal, action, resource);', ...rules].join('\n\n') },
];
const FOUR_EYES = `@id("four-eyes")
@approvers("owner")
@count("2")
@reason("Two people of the owner look at it")
forbid (principal, action in Action::"write", resource)
when { context.environment == "staging" }
unless { context.approvals.contains("four-eyes") };`;

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { worker: { enabled: false } } });
});
afterAll(() => gateway.close());

type Caller = Person | { token: string };
const ask = <Body>(who: Caller, tool: string, body: unknown): Promise<Answer<Body & Problem>> =>
  gateway.call(who, 'POST', `/v1/policy/${tool}`, { body });
const submit = async (who: Person, submission: Record<string, unknown>) =>
  (await gateway.submit(who, { reason: 'as the test asks', ...submission })).body;
const machine = async (): Promise<Caller> => ({ token: await gateway.token('machine:ci-checkout') });

async function asked(actor = 'user:sven'): Promise<AuditEvent[]> {
  const { body } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', `/v1/audit?type=policy.asked&actor=${actor}`);
  return body.items;
}

describe('the rules in force', () => {
  test('are shown with where they stand', async () => {
    const { body, status } = await gateway.call<PolicyInForce>('sven', 'GET', '/v1/policy');
    expect(status).toBe(200);
    expect(body.problem).toBeNull();
    expect(body.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(body.rules.length).toBeGreaterThan(3);
    for (const rule of body.rules)
      expect(rule).toMatchObject({ id: expect.stringMatching(/./), path: expect.stringMatching(/\.cedar$/) });
  });
});

describe('check', () => {
  test('takes good files, and gives the same digest for the same files', async () => {
    const { body } = await ask<PolicyChecked>('sven', 'check', { files: open(FOUR_EYES) });
    expect(body).toMatchObject({ ok: true, rules: 2, findings: [] });
    const again = await ask<PolicyChecked>('sven', 'check', { files: open(FOUR_EYES) });
    expect(again.body.digest).toBe(body.digest);
  });

  test('says where what is wrong, and leaves a trace', async () => {
    const files = open(
      '@id("bad")\nforbid (principal, action in Action::"write", resource)\nwhen { context.environmint == "x" };',
    );
    const { body, status } = await ask<PolicyChecked>('sven', 'check', { files });
    expect(status).toBe(200);
    expect(body).toMatchObject({ ok: false, rules: 0, digest: null });
    expect(body.findings[0]).toMatchObject({
      path: 'policies/open.cedar',
      severity: 'error',
      message: expect.stringContaining('environmint'),
    });
    expect(body.findings[0]?.line).toBeGreaterThanOrEqual(4);
    expect((await asked())[0]).toMatchObject({ outcome: 'ok', data: { what: 'check', ok: false, files: 1 } });
  });

  test('takes files that are longer than other bodies may be, up to 1 MiB', async () => {
    const comment = (bytes: number): string => `// ${'x'.repeat(bytes)}`;
    expect((await ask<PolicyChecked>('sven', 'check', { files: open(comment(600_000)) })).body.ok).toBe(true);
    const { body, status } = await ask('sven', 'check', { files: open(comment(1_100_000)) });
    expect({ status, code: body.code, detail: body.detail }).toEqual({
      status: 413,
      code: 'body.too_large',
      detail: 'The body is larger than 1024 KiB.',
    });
  });

  test.each<[string, unknown, string]>([
    ['no files', { files: [] }, '/files'],
    ['a file that stands twice', { files: [...open(), ...open()] }, '/files/1/path'],
    ['a path with a line break', { files: [{ path: 'a\nb', text: '' }] }, '/files/0/path'],
  ])('refuses %s', async (_what, body, field) => {
    const answer = await ask('sven', 'check', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.[0]?.field).toBe(field);
  });
});

describe('test', () => {
  const cases = (...lines: string[]) => [{ path: 'tests.yaml', text: ['cases:', ...lines].join('\n') }];
  const REFUND =
    '  - { name: a, who: nadia, action: lab.change, environment: staging, resource: { owner: payments }, expect: EXPECTED }';

  test('runs cases by the rules in force, with the catalogue and the company of the gateway', async () => {
    const files = cases(REFUND.replace('EXPECTED', 'permit'), REFUND.replace('EXPECTED', 'deny'));
    const { body } = await ask<PolicyTested>('sven', 'test', { files });
    expect(body).toMatchObject({ passed: 1, failed: 1, findings: [] });
    expect(body.results[1]).toMatchObject({
      path: 'tests.yaml',
      line: 3,
      passed: false,
      difference: expect.stringContaining('permitted'),
    });
    expect(body.results[1]?.rules).not.toEqual([]);
  });

  test('runs them by other rules, which decide nothing else', async () => {
    const files = cases(
      '  - name: it takes two',
      '    who: nadia',
      '    action: lab.change',
      '    environment: staging',
      '    resource: { owner: payments }',
      '    expect: needs',
      '    policies: [four-eyes]',
      '    gates: [{ approvers: team:payments, count: 2, policy: four-eyes }]',
      '  - name: and runs with them',
      '    who: marta',
      '    action: lab.change',
      '    environment: staging',
      '    resource: { owner: payments }',
      '    approvals: [amine, paula]',
      '    expect: permit',
    );
    const { body } = await ask<PolicyTested>('sven', 'test', { files, policies: open(FOUR_EYES) });
    expect(body.results.map(({ difference }) => difference)).toEqual([null, null]);
    expect((await submit('nadia', { action: 'lab.change' })).state).toBe('queued');
  });

  test('tests nothing when cases or policies are bad, and names both', async () => {
    const { body, status } = await ask<PolicyTested>('sven', 'test', {
      files: cases('  - { name: a, who: nobody, action: lab.look, environment: staging, expect: permit }'),
      policies: [{ path: 'bad.cedar', text: 'permit (' }],
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({ passed: 0, failed: 0, results: [], digest: null });
    expect(body.findings.map(({ path }) => path).sort()).toEqual(['bad.cedar', 'tests.yaml']);
  });

  test('takes two thousand cases a call, and no more', async () => {
    const many = (count: number) =>
      cases(...Array<string>(count).fill('  - { name: a, who: nadia, operation: audit.see, expect: permit }'));
    expect((await ask<PolicyTested>('sven', 'test', { files: many(2000) })).body.passed).toBe(2000);
    expect((await ask('sven', 'test', { files: many(2001) })).body).toMatchObject({
      status: 400,
      detail: expect.stringContaining('a call takes 2000'),
    });
  });
});

describe('explain', () => {
  const needsOwner = { action: 'lab.destroy', environment: 'staging', owner: 'payments' };

  test('of a call that could be made: the rules, and what would change it', async () => {
    const { body } = await ask<PolicyExplained>('marta', 'explain', needsOwner);
    expect(body).toMatchObject({
      principal: { id: 'user:marta' },
      operation: 'action.submit',
      resource: { owner: 'payments' },
      request: null,
      decision: { effect: 'needs', gates: [{ approvers: 'team:payments', count: 1 }] },
      errors: [],
    });
    expect(body.rules).toContainEqual(
      expect.objectContaining({ role: 'gate', path: expect.stringContaining('.cedar'), line: expect.any(Number) }),
    );
    expect(body.changes[0]).toMatchObject({ what: "with 1 approval from team 'payments'", decision: { effect: 'permit' } });
  });

  test('of a request: may it run, and what is missing', async () => {
    const { id } = await submit('nadia', { action: 'lab.destroy' });
    const { body } = await ask<PolicyExplained>('sven', 'explain', { request: id });
    expect(body).toMatchObject({
      request: id,
      operation: 'action.run',
      principal: { id: 'user:nadia' },
      decision: { effect: 'needs' },
    });
    await gateway.call('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });
    const after = await ask<PolicyExplained>('sven', 'explain', { request: id });
    expect(after.body.decision.effect).toBe('permit');
  });

  test('of a request, as somebody else: may they approve it; and that is recorded', async () => {
    const { id } = await submit('nadia', { action: 'lab.destroy' });
    const effectFor = async (as: string): Promise<Decision['effect']> =>
      (await ask<PolicyExplained>('sven', 'explain', { request: id, as })).body.decision.effect;
    expect(await effectFor('amine')).toBe('permit');
    expect(await effectFor('user:marta')).toBe('deny');
    expect(await effectFor('nadia')).toBe('deny');
    expect(await effectFor('machine:ci-checkout')).toBe('deny');
    expect((await asked())[0]).toMatchObject({
      data: { what: 'explain', as: 'machine:ci-checkout', operation: 'request.approve', effect: 'deny' },
    });
  });

  test('as oneself is what one can see by trying, and leaves no trace', async () => {
    await ask('paula', 'explain', needsOwner);
    await ask('paula', 'explain', { ...needsOwner, as: 'paula' });
    expect(await asked('user:paula')).toEqual([]);
  });

  test('tells a machine nothing of others, nor of requests that it cannot see', async () => {
    const { id } = await submit('nadia', { action: 'lab.destroy' });
    const other = await ask('sven', 'explain', { request: 'REQ-999999' });
    for (const body of [{ request: id }, { ...needsOwner, as: 'nadia' }]) {
      const answer = await ask(await machine(), 'explain', body);
      expect([403, 404]).toContain(answer.status);
      expect(JSON.stringify(answer.body)).not.toContain('payments');
    }
    expect(other.body.code).toBe('request.unknown');
  });

  test('takes eight calls of one caller at a time that hold others up, and those of others all the while', async () => {
    const files = [{ path: 'a.cedar', text: '@id("everything") permit (principal, action, resource);' }];
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask('paula', 'check', { files })));
    const codes = answers.map(({ status, body }) => (status === 200 ? 'ok' : body.code));
    expect(new Set(codes)).toEqual(new Set(['ok', 'rate.limited']));
    expect(codes.filter((code) => code === 'ok').length).toBeGreaterThanOrEqual(8);
    expect((await ask('paula', 'check', { files })).status).toBe(200);
  });

  test('breaks off cases whose aliases take the parser for ever', async () => {
    const lines = Array.from({ length: 19_000 }, (_, n) => `- &a${n} x\n- *a${n}`);
    const { status, body } = await ask<PolicyTested>('paula', 'test', {
      files: [{ path: 'cases.yaml', text: lines.join('\n') }],
    });
    expect([status, body.findings?.[0]?.message]).toEqual([200, expect.stringContaining('takes longer')]);
  });

  test('tells a narrowed token nothing of actions that it does not reach', async () => {
    const { secret } = await gateway.app.tokens.issue({
      name: 'narrow',
      principalId: 'user:amine',
      expiresInDays: 1,
      scope: { actions: ['lab.look'] },
      createdBy: { id: 'system', name: 'test' },
    });
    const { id } = await submit('nadia', { action: 'lab.destroy' });
    expect((await ask({ token: secret }, 'explain', needsOwner)).status).toBe(403);
    expect((await ask({ token: secret }, 'explain', { request: id })).status).toBeGreaterThanOrEqual(403);
    for (const about of [{ operation: 'audit.see' }, { action: 'lab.look', environment: 'staging' }])
      expect((await ask({ token: secret }, 'explain', { ...about, as: 'sven' })).body.code).toBe('policy.denied');
  });

  test.each<[string, Record<string, unknown>, string]>([
    ['nothing', {}, '/action'],
    ['an action without an environment', { action: 'lab.look' }, '/environment'],
    ['a request and an action', { request: 'REQ-1', action: 'lab.look', environment: 'staging' }, '/action'],
    ['a run as somebody else', { request: 'REQ-1', as: 'amine', operation: 'action.run' }, '/as'],
    ['a token operation of a request', { request: 'REQ-1', operation: 'token.create' }, '/operation'],
    ['an approval of no request', { operation: 'request.approve' }, '/operation'],
    ['somebody who is not there', { ...needsOwner, as: 'nadja' }, '/as'],
    ['an owner that is not there', { ...needsOwner, owner: 'paymints' }, '/owner'],
  ])('refuses %s, naming the field', async (_what, body, field) => {
    const answer = await ask('sven', 'explain', body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors?.[0]?.field).toBe(field);
  });

  test.each([
    [{ action: 'lab.destory', environment: 'staging' }, 'action.unknown'],
    [{ action: 'lab.destroy', environment: 'moon' }, 'environment.unknown'],
  ])('of %j says what there is', async (body, code) => {
    expect((await ask('sven', 'explain', body)).body.code).toBe(code);
  });
});
