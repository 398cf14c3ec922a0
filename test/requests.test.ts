import type { Request, RequestSummary } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Answer, readEvents, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

let gateway: TestGateway;
const lab = new Lab();
beforeAll(async () => {
  gateway = await startGateway({ lab });
});
afterAll(() => gateway.close());
beforeEach(() => Object.assign(lab, { mode: 'succeed', planning: 'succeed', observation: 'unknown', fingerprint: 'calm' }));

const destroy = (more: Record<string, unknown> = {}) =>
  gateway.submit('nadia', { action: 'lab.destroy', reason: 'it is in the way', ...more });
type Who = Parameters<TestGateway['call']>[0];
const decide = (
  who: Who,
  command: string,
  id: string,
  body: Record<string, unknown> = {},
): Promise<Answer<Request & { code: string; remedy: string }>> =>
  gateway.call(who, 'POST', `/v1/requests/${id}/${command}`, { body });
const typesOf = async (id: string): Promise<string[]> => (await readEvents(gateway, id)).map(({ type }) => type);

describe('a write that needs no approval', () => {
  test('a write in staging runs alone and its receipt is kept', async () => {
    const { status, body } = await gateway.submit('nadia', { action: 'lab.change' });
    expect(status, JSON.stringify(body)).toBe(201);
    const ended = await gateway.until(body.id, 'succeeded');
    expect(ended.output).toMatchObject({ kind: 'record', summary: "Changed 'alpha'" });
    expect(ended.input).toEqual({ target: 'alpha', size: 3 });
  });

  test('a confidential output is shown to the person who asked, and to nobody else who sees the request', async () => {
    lab.confidential = true;
    const { body } = await gateway.submit('nadia', { action: 'lab.change' });
    await gateway.until(body.id, 'succeeded');
    lab.confidential = false;
    const show = async (who: Who) => (await gateway.call(who, 'GET', `/v1/requests/${body.id}`)).body as Request;
    expect((await show('nadia')).output).toMatchObject({ summary: "Changed 'alpha'" });
    expect((await show('amine')).output).toEqual({
      kind: 'text',
      confidential: true,
      text: expect.stringMatching(/^Shown to .* alone, who asked for it\.$/),
    });
  });

  test('its events are numbered without a gap, from submitted to succeeded', async () => {
    const { body } = await gateway.submit('nadia', { action: 'lab.change' });
    const events = await readEvents(gateway, body.id);
    expect(events.map(({ number }) => number)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ type }) => type)).toEqual([
      'request.submitted',
      'request.queued',
      'request.started',
      'request.dispatched',
      'run.log',
      'run.progress',
      'request.succeeded',
    ]);
    expect(await readEvents(gateway, body.id, { after: 5 })).toEqual(events.slice(5));
  });

  test('a failure of the provider ends it with what happened and what to do', async () => {
    lab.mode = 'fail';
    const { body } = await gateway.submit('nadia', { action: 'lab.change' });
    const { failure } = await gateway.until(body.id, 'failed');
    expect(failure).toEqual({ code: 'run.failed', message: 'The thing is stuck.', remedy: 'Shake it.', retryable: false });
  });

  test('a plan that the provider refuses files nothing', async () => {
    const { status, body } = await gateway.submit('nadia', { action: 'lab.change', input: { target: 'forbidden' } });
    expect([status, body.code]).toEqual([422, 'action.refused']);
  });

  test('a plan that is not the one shown files nothing, and says what the plan is now', async () => {
    const shown = await gateway.call<{ plan: { fingerprint: string } }>('nadia', 'POST', '/v1/actions/lab.change/plan', {
      body: { environment: 'staging', input: { target: 'alpha' } },
    });
    lab.fingerprint = 'moved';
    const { fingerprint } = shown.body.plan;
    const { status, body } = await gateway.submit('nadia', { action: 'lab.change', fingerprint });
    expect([status, body.code]).toEqual([409, 'plan.drifted']);
    expect(body.details).toMatchObject({ plan: { summary: "Changes 'alpha' by 3" } });
  });
});

describe('a write that needs an approval', () => {
  test('it waits, runs after the approval of another of the team, and the approval is on it', async () => {
    const { body } = await destroy();
    expect(body).toMatchObject({
      state: 'awaiting_approval',
      gates: [{ approvers: 'team:payments', count: 1, approved: 0 }],
      run: null,
    });
    const approved = await decide('amine', 'approve', body.id, { comment: 'go', digest: body.digest });
    expect(approved.status, JSON.stringify(approved.body)).toBe(200);
    const ended = await gateway.until(body.id, 'succeeded');
    expect(ended.approvals).toEqual([
      {
        by: { id: 'user:amine', name: 'Amine Diallo' },
        person: 'user:amine',
        groups: ['user:amine', 'team:payments'],
        comment: 'go',
        at: expect.any(String),
        reusedFrom: null,
      },
    ]);
  });

  test('it needs a reason', async () => {
    const { status, body } = await gateway.submit('nadia', { action: 'lab.destroy' });
    expect([status, body.code]).toEqual([400, 'reason.required']);
  });

  test('nobody approves or rejects their own request, though they are of the team', async () => {
    const { body } = await destroy();
    for (const command of ['approve', 'reject']) {
      const { status, body: problem } = await decide('nadia', command, body.id, { comment: 'mine' });
      expect([command, status, problem.code]).toEqual([command, 403, 'approval.own_request']);
    }
    expect((await gateway.until(body.id, 'awaiting_approval')).approvals).toEqual([]);
  });

  test('who files a request through a machine whose token they made is no second person for it', async () => {
    const made = await gateway.call<{ secret: string }>('nadia', 'POST', '/v1/tokens', {
      body: { name: 'pipeline', machine: 'ci-checkout', expiresInDays: 1, scope: { actions: ['lab.*'] } },
    });
    const { body } = await gateway.call<Request>({ token: made.body.secret }, 'POST', '/v1/requests', {
      body: { action: 'lab.destroy', environment: 'staging', input: { target: 'alpha' }, reason: 'from the pipeline' },
    });
    expect(body.requester.id).toBe('machine:ci-checkout');
    const { status, body: problem } = await decide('nadia', 'approve', body.id);
    expect([status, problem.code]).toEqual([403, 'approval.own_request']);
    const toApprove = await gateway.call<{ items: RequestSummary[] }>('nadia', 'GET', '/v1/requests?toApprove=true&limit=200');
    expect(toApprove.body.items.map(({ id }) => id)).not.toContain(body.id);
    expect((await decide('amine', 'approve', body.id)).status).toBe(200);
    await gateway.until(body.id, 'succeeded');
  });

  test('nobody outside the team approves or rejects it', async () => {
    const { body } = await destroy();
    for (const command of ['approve', 'reject']) {
      const { status, body: problem } = await decide('sven', command, body.id, { comment: 'no' });
      expect([command, status, problem.code]).toEqual([command, 403, 'approval.not_approver']);
    }
  });

  test('a machine approves nothing, and sees nothing of others', async () => {
    const { body } = await destroy();
    const token = await gateway.token('machine:ci-checkout');
    expect((await decide({ token }, 'approve', body.id)).status).toBe(404);
  });

  test('a token narrowed to other actions neither sees nor approves it', async () => {
    const { body } = await destroy();
    const narrowed = await gateway.call<{ secret: string }>('amine', 'POST', '/v1/tokens', {
      body: { name: 'narrow', expiresInDays: 1, scope: { actions: ['lab.change'] } },
    });
    const token = { token: narrowed.body.secret };
    expect((await decide(token, 'approve', body.id)).status).toBe(404);
    const { body: mine } = await gateway.submit('nadia', { action: 'lab.change' });
    const list = await gateway.call<{ items: RequestSummary[] }>(token, 'GET', '/v1/requests?limit=200');
    expect(list.body.items.map(({ id }) => id)).toContain(mine.id);
    expect(new Set(list.body.items.map(({ action }) => action))).toEqual(new Set(['lab.change']));
  });

  test('an approval names what was looked at: another digest is refused', async () => {
    const { body } = await destroy();
    const { status, body: problem } = await decide('amine', 'approve', body.id, { digest: 'sha256:something-else' });
    expect([status, problem.code]).toEqual([409, 'approval.digest_mismatch']);
    expect((await gateway.until(body.id, 'awaiting_approval')).approvals).toEqual([]);
  });

  test('a gate of two takes two different people', async () => {
    const { body } = await gateway.submit('marta', { action: 'lab.destroy-together', reason: 'it is in the way' });
    expect(body.gates).toMatchObject([{ approvers: 'team:payments', count: 2 }]);
    expect((await decide('amine', 'approve', body.id)).body).toMatchObject({
      state: 'awaiting_approval',
      gates: [{ approved: 1 }],
    });
    const again = await decide('amine', 'approve', body.id);
    expect([again.status, again.body.code]).toEqual([409, 'approval.duplicate']);
    await decide('paula', 'approve', body.id);
    expect((await gateway.until(body.id, 'succeeded')).approvals.map(({ by }) => by.id)).toEqual(['user:amine', 'user:paula']);
  });

  test('gates of two teams are lifted one by one, and an approval that adds nothing is refused', async () => {
    const { body } = await gateway.submit('marta', {
      action: 'lab.change-with-sre',
      environment: 'production',
      reason: 'needed',
    });
    expect(body.gates).toMatchObject([{ approvers: 'team:payments' }, { approvers: 'team:sre' }]);
    expect((await decide('amine', 'approve', body.id)).body.state).toBe('awaiting_approval');
    const more = await decide('paula', 'approve', body.id);
    expect([more.status, more.body.code]).toEqual([403, 'approval.not_approver']);
    await decide('sven', 'approve', body.id);
    await gateway.until(body.id, 'succeeded');
  });

  test('a rejection says who and why, and nothing runs', async () => {
    const { body } = await destroy();
    const wordless = await decide('amine', 'reject', body.id, { comment: ' ' });
    expect([wordless.status, wordless.body.code]).toEqual([400, 'input.invalid']);
    const { body: rejected } = await decide('amine', 'reject', body.id, { comment: 'not on a Friday' });
    expect(rejected).toMatchObject({ state: 'rejected', comment: 'not on a Friday', decidedBy: { id: 'user:amine' }, run: null });
    expect((await decide('paula', 'approve', body.id)).body.code).toBe('request.state_conflict');
  });

  test('the requester takes it back, and nobody else can', async () => {
    const { body } = await destroy();
    expect((await decide('amine', 'withdraw', body.id)).body.code).toBe('policy.denied');
    expect((await decide('nadia', 'withdraw', body.id, { comment: 'not needed' })).body.state).toBe('withdrawn');
    const late = await decide('amine', 'approve', body.id);
    expect([late.status, late.body.code]).toEqual([409, 'request.state_conflict']);
  });

  test('what is allowed is what works', async () => {
    const { body } = await destroy();
    const allowed = async (who: Who) => (await gateway.call<Request>(who, 'GET', `/v1/requests/${body.id}`)).body.allowed;
    expect(await allowed('nadia')).toEqual(['withdraw']);
    expect(await allowed('amine')).toEqual(['approve', 'reject']);
    expect(await allowed('sven')).toEqual([]);
  });
});

describe('the world at run time', () => {
  test('a plan that drifted since the approval voids it, and shows the difference', async () => {
    const { body } = await destroy();
    lab.fingerprint = 'moved';
    await decide('amine', 'approve', body.id);
    const ended = await gateway.until(body.id, 'void');
    expect(ended.failure).toMatchObject({ code: 'plan.drifted', message: expect.stringContaining('Then:') });
    expect(ended.drift).toMatchObject({ fingerprint: 'moved:alpha' });
    expect(ended.plan.fingerprint).toBe('calm:alpha');
    expect(await typesOf(body.id)).not.toContain('request.dispatched');
  });

  test('a provider that cannot plan now is asked again, and the request is not void', async () => {
    lab.planning = 'succeed';
    const { body } = await destroy();
    lab.planning = 'busy';
    await decide('amine', 'approve', body.id);
    const put = (await readEvents(gateway, body.id, { enough: ({ type }) => type === 'request.requeued' })).at(-1);
    expect(put?.data).toMatchObject({
      failure: { code: 'action.unavailable', message: 'The laboratory is busy.', retryable: true },
    });
    lab.planning = 'succeed';
    expect((await gateway.until(body.id, 'succeeded')).run?.attempt).toBe(2);
  });

  test('a target that is refused by now voids it', async () => {
    const { body } = await destroy();
    lab.planning = 'refuse';
    await decide('amine', 'approve', body.id);
    const ended = await gateway.until(body.id, 'void');
    expect(ended.failure?.code).toBe('action.refused');
  });
});

describe('an idempotency key', () => {
  const keyed = (key: string, more: Record<string, unknown> = {}) =>
    gateway.submit('nadia', { action: 'lab.change', ...more }, { 'idempotency-key': key });

  test('the same key and body give the same request and one effect, however often and at once they are sent', async () => {
    const before = lab.effects.length;
    const answers = await Promise.all(Array.from({ length: 12 }, () => keyed('race')));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    const ids = new Set(answers.map(({ body }) => body.id));
    expect(ids.size).toBe(1);
    await gateway.until([...ids][0] ?? '', 'succeeded');
    expect((await keyed('race')).body.id).toBe([...ids][0]);
    expect(lab.effects.length).toBe(before + 1);
  });

  test('the same key with another body is refused', async () => {
    await keyed('twice');
    for (const more of [{ input: { target: 'beta' } }, { reason: 'another one' }, { fingerprint: 'calm:alpha' }]) {
      const { status, body } = await keyed('twice', more);
      expect([status, body.code]).toEqual([409, 'idempotency.reused']);
    }
  });

  test('two people may use the same key', async () => {
    const mine = await keyed('ours');
    const theirs = await gateway.submit('amine', { action: 'lab.change' }, { 'idempotency-key': 'ours' });
    expect(theirs.status).toBe(201);
    expect(theirs.body.id).not.toBe(mine.body.id);
  });
});
