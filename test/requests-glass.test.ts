import type { Problem, Request, RequestSummary, Review } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type Answer, readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';
import { receiver } from './support/receiver.ts';

/** Sven and Paula are on call for team payments, which owns all of the lab; sven is of team sre. */
const COMPANY = new URL('./support/company-on-call.yaml', import.meta.url).pathname;
const lab = new Lab();
const hooks = receiver();
let gateway: TestGateway;
beforeAll(async () => {
  const webhooks = [{ name: 'chat', url: await hooks.url, events: ['request.glass_broken', 'request.review_reminded'] }];
  gateway = await startGateway({ lab, config: { company: COMPANY, webhooks } });
});
afterAll(async () => {
  await gateway.close();
  await hooks.close();
});
beforeEach(() => Object.assign(lab, { mode: 'succeed', planning: 'succeed', fingerprint: 'calm' }));

type Who = Parameters<TestGateway['call']>[0];
const as = async (principal: string): Promise<Who> => ({ token: await gateway.token(principal) });
const file = async (who: 'nadia' | 'sven' | 'marta' = 'nadia', more: Record<string, unknown> = {}): Promise<Request> =>
  (await gateway.submit(who, { action: 'lab.destroy', reason: 'it is in the way', ...more })).body;
const post = (who: Who, id: string, command: string, body: Record<string, unknown>): Promise<Answer<Request & Problem>> =>
  gateway.call(who, 'POST', `/v1/requests/${id}/${command}`, { body });
const WHY = { incident: 'INC-7', reason: 'orders stand still' };
const breakGlass = (who: Who, id: string, body: Record<string, unknown> = {}) =>
  post(who, id, 'break-glass', { ...WHY, ...body });
const review = (who: Who, id: string, body: Record<string, unknown> = {}) =>
  post(who, id, 'review', { comment: 'nobody was awake', verdict: 'justified', ...body });
const broken = async (who: 'nadia' | 'sven' | 'marta' = 'nadia'): Promise<string> => {
  const { id } = await file(who);
  expect((await breakGlass('sven', id)).status).toBe(200);
  await gateway.until(id, 'succeeded');
  return id;
};
const allowed = async (who: Who, id: string) => (await gateway.call<Request>(who, 'GET', `/v1/requests/${id}`)).body.allowed;
const toReview = async (who: Who): Promise<{ ids: string[]; count: number }> => {
  const path = '/v1/requests?toReview=true&limit=200';
  const { body } = await gateway.call<{ items: RequestSummary[]; toReview: number }>(who, 'GET', path);
  return { ids: body.items.map(({ id }) => id), count: body.toReview };
};
const audited = (id: string, type: string) =>
  sql<{ actor_id: string; outcome: string; data: Record<string, unknown> }>(
    gateway.databaseUrl,
    'select actor_id, outcome, data from audit_events where request = $1 and type = $2 order by id',
    [id.replace('REQ-', ''), type],
  );

describe('breaking the glass', () => {
  test('it runs at once without its approvals, and says who did it, for what, and which gates were passed', async () => {
    const request = await file();
    const { status, body } = await breakGlass('sven', request.id, { digest: request.digest });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body.review).toEqual({
      state: 'open',
      brokenBy: { id: 'user:sven', name: 'Sven Lindqvist' },
      person: 'user:sven',
      ...WHY,
      at: expect.any(String),
      verdict: null,
      closedBy: null,
      comment: null,
      closedAt: null,
    } satisfies Record<keyof Review, unknown>);
    const ended = await gateway.until(request.id, 'succeeded');
    expect(ended.gates).toMatchObject([{ approvers: 'team:payments', count: 1, approved: 0 }]);
    expect(ended.approvals).toEqual([]);
    const events = await readEvents(gateway, request.id);
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual(['request.submitted', 'request.glass_broken', 'request.queued']);
    expect(events[1]).toMatchObject({ actor: { id: 'user:sven' }, data: { ...WHY, gates: [{ approvers: 'team:payments' }] } });
    const [row] = await audited(request.id, 'request.glass_broken');
    expect(row).toMatchObject({ actor_id: 'user:sven', outcome: 'ok', data: { ...WHY, gates: [{ count: 1 }] } });
  });

  test('the requester may do it, when policy lets them', async () => {
    const { id } = await file('sven');
    expect(await allowed('sven', id)).toEqual(['withdraw', 'break_glass']);
    expect((await breakGlass('sven', id)).status).toBe(200);
    await gateway.until(id, 'succeeded');
  });

  test.each([
    ['no reason', { reason: undefined }, '/reason'],
    ['a reason that says nothing', { reason: 'urgent   ' }, '/reason'],
    ['no incident', { incident: undefined }, '/incident'],
    ['an empty incident', { incident: ' ' }, '/incident'],
  ])('with %s is refused', async (_, body, field) => {
    const { id } = await file();
    const answer = await breakGlass('sven', id, body);
    expect([answer.status, answer.body.code]).toEqual([400, 'input.invalid']);
    expect(answer.body.errors).toMatchObject([{ field }]);
    await gateway.until(id, 'awaiting_approval');
  });

  test('whom policy does not permit it is refused, and that is recorded', async () => {
    const { id } = await file();
    for (const who of ['nadia', 'amine', 'marta'] as const) {
      expect(await allowed(who, id)).not.toContain('break_glass');
      const { status, body } = await breakGlass(who, id);
      expect([who, status, body.code]).toEqual([who, 403, 'policy.denied']);
    }
    const rows = await audited(id, 'approval.denied');
    expect(rows.map(({ actor_id, data }) => [actor_id, data['command']])).toEqual([
      ['user:nadia', 'break_glass'],
      ['user:amine', 'break_glass'],
      ['user:marta', 'break_glass'],
    ]);
    expect((await gateway.until(id, 'awaiting_approval')).review).toBeNull();
  });

  test('a machine, or a token narrowed to other actions, breaks no glass', async () => {
    const { id } = await file();
    expect((await breakGlass(await as('machine:ci-payments'), id)).status).toBe(404);
    const narrowed = await gateway.call<{ secret: string }>('sven', 'POST', '/v1/tokens', {
      body: { name: 'narrow', expiresInDays: 1, scope: { actions: ['lab.change'] } },
    });
    expect((await breakGlass({ token: narrowed.body.secret }, id)).status).toBe(404);
  });

  test('what is no longer what was looked at is refused', async () => {
    const { id } = await file();
    const { status, body } = await breakGlass('sven', id, { digest: 'sha256:something-else' });
    expect([status, body.code]).toEqual([409, 'approval.digest_mismatch']);
    await gateway.until(id, 'awaiting_approval');
  });

  test('only what waits for approvals has a glass to break', async () => {
    const id = await broken();
    const again = await breakGlass('sven', id);
    expect([again.status, again.body.code]).toEqual([409, 'request.state_conflict']);
    const { body } = await gateway.submit('nadia', { action: 'lab.change' });
    const none = await breakGlass('sven', body.id);
    expect([none.status, none.body.code]).toEqual([409, 'request.state_conflict']);
  });

  test('what is asked for later has no glass to break before its time', async () => {
    const startAt = new Date(Date.now() + 3_600_000).toISOString();
    const { id } = await file('nadia', { startAt });
    const early = await breakGlass('sven', id);
    expect(early).toMatchObject({ status: 409, body: { code: 'request.state_conflict', details: { startAt } } });
    expect(await allowed('sven', id)).not.toContain('break_glass');
    // It still waits for its approvals when its time has come: from then on it is as any other.
    await sql(gateway.databaseUrl, 'update requests set start_at = clock_timestamp() where number = $1', [
      id.replace('REQ-', ''),
    ]);
    expect(await allowed('sven', id)).toContain('break_glass');
  });

  test('an approval that was given before counts among the gates that were not passed', async () => {
    const { id } = await file('marta', { action: 'lab.change-with-sre', environment: 'production' });
    await post('amine', id, 'approve', {});
    expect((await breakGlass('paula', id)).status).toBe(200);
    await gateway.until(id, 'succeeded');
    const [row] = await audited(id, 'request.glass_broken');
    expect(row?.data['gates']).toMatchObject([{ approvers: 'team:sre' }]);
  });

  test('a plan that has drifted does not run, broken glass or not; the review stays open', async () => {
    const { id } = await file();
    lab.fingerprint = 'moved';
    expect((await breakGlass('sven', id)).status).toBe(200);
    const ended = await gateway.until(id, 'void');
    expect(ended.failure?.code).toBe('plan.drifted');
    expect(ended.review?.state).toBe('open');
  });

  test('an action that has changed since is void at once, and no glass is broken', async () => {
    const { id } = await file();
    const mounted = labProvider(lab, { wording: 'another thing' }).endpoint({ logger: SILENT });
    const config = { company: COMPANY, worker: { enabled: false } };
    const other = await startGateway({ lab, mounted, databaseUrl: gateway.databaseUrl, config });
    const answer = await other.call<Problem>('sven', 'POST', `/v1/requests/${id}/break-glass`, { body: WHY });
    await other.close();
    expect([answer.status, answer.body.code]).toEqual([409, 'request.state_conflict']);
    expect((await gateway.until(id, 'void')).review).toBeNull();
  });

  test('what policy forbids by now is void: at the break, and between the break and the run', async () => {
    const policies = new URL('./support/forbidding-policies', import.meta.url).pathname;
    const front = await startGateway({ lab, config: { company: COMPANY, worker: { enabled: false } } });
    const frozen = await startGateway({ lab, databaseUrl: front.databaseUrl, config: { company: COMPANY, policies } });
    try {
      const submit = async () => (await front.submit('nadia', { action: 'lab.destroy', reason: 'it is in the way' })).body.id;
      const path = (id: string) => `/v1/requests/${id}/break-glass`;
      const early = await submit();
      const refused = await frozen.call<Problem>('sven', 'POST', path(early), { body: WHY });
      expect([refused.status, refused.body.code]).toEqual([409, 'request.state_conflict']);
      expect(await front.until(early, 'void')).toMatchObject({ review: null, failure: { code: 'policy.denied' } });
      const late = await submit();
      expect((await front.call('sven', 'POST', path(late), { body: WHY })).status).toBe(200);
      const ended = await frozen.until(late, 'void');
      expect(ended).toMatchObject({ review: { state: 'open' }, failure: { code: 'policy.denied' } });
      expect(ended.failure?.message).toContain('Nothing is destroyed during the freeze');
    } finally {
      await frozen.close();
      await front.close();
    }
  });

  test('everybody who could have approved is told, by name', async () => {
    const { id } = await file('marta', { action: 'lab.change-with-sre', environment: 'production' });
    await breakGlass('paula', id);
    const [told] = await hooks.heard(id, 1);
    expect(told).toMatchObject({
      event: { type: 'request.glass_broken', actor: { id: 'user:paula' }, data: WHY },
      request: { id },
    });
    // Neither Paula, who broke it, nor Marta, whose it is; of two accounts both are told.
    expect(told?.event.data['approvers']).toEqual([
      { id: 'user:amine', name: 'Amine Diallo' },
      { id: 'user:amine-admin', name: 'Amine Diallo (admin)' },
      { id: 'user:nadia', name: 'Nadia Benali' },
      { id: 'user:nadia-admin', name: 'Nadia Benali (admin)' },
      { id: 'user:paula-second', name: 'Paula C.' },
      { id: 'user:sven', name: 'Sven Lindqvist' },
      { id: 'user:sven-admin', name: 'Sven Lindqvist (admin)' },
    ]);
  });
});

describe('the review', () => {
  test('is closed by an approver of a gate that was passed, after the end, once', async () => {
    const id = await broken();
    expect(await allowed('amine', id)).toEqual(['review']);
    const { status, body } = await review('amine', id, { verdict: 'not_justified', comment: 'I was awake' });
    expect(status, JSON.stringify(body)).toBe(200);
    expect(body).toMatchObject({
      state: 'succeeded',
      review: { state: 'closed', verdict: 'not_justified', comment: 'I was awake', closedBy: { id: 'user:amine' } },
      allowed: [],
    });
    const events = await readEvents(gateway, id);
    expect(events.at(-1)).toMatchObject({
      number: body.lastEvent,
      type: 'request.reviewed',
      actor: { id: 'user:amine' },
      data: { verdict: 'not_justified', comment: 'I was awake', incident: 'INC-7' },
    });
    expect(await audited(id, 'request.reviewed')).toMatchObject([{ actor_id: 'user:amine', data: { verdict: 'not_justified' } }]);
    const again = await review('paula', id);
    expect([again.status, again.body.code]).toEqual([409, 'request.state_conflict']);
    expect(again.body.detail).toContain('closed by Amine Diallo');
  });

  test('can be closed while it runs', async () => {
    lab.mode = 'hang';
    const entered = lab.nextEntry();
    const { id } = await file();
    await breakGlass('sven', id);
    await entered;
    expect((await review('amine', id)).body).toMatchObject({ state: 'running', review: { state: 'closed' } });
    lab.release();
    expect((await gateway.until(id, 'succeeded')).review?.state).toBe('closed');
  });

  test('is not closed by who broke the glass, through any account, though it is of the team', async () => {
    const id = await broken('marta');
    for (const who of ['user:sven', 'user:sven-admin']) {
      expect(await allowed(await as(who), id)).toEqual([]);
      const { status, body } = await review(await as(who), id);
      expect([who, status]).toEqual([who, 403]);
      expect(['approval.own_request', 'approval.not_approver']).toContain(body.code);
    }
    expect((await review(await as('user:sven-admin'), id)).body.code).toBe('approval.own_request');
    const paulas = await file('marta');
    await breakGlass('paula', paulas.id);
    expect((await review('paula', paulas.id)).body.code).toBe('approval.own_request');
  });

  test('is not closed by anybody behind the request: the requester, another account, whoever made the token', async () => {
    const id = await broken('nadia');
    for (const who of ['user:nadia', 'user:nadia-admin'])
      expect((await review(await as(who), id)).body.code).toBe('approval.own_request');
    const made = await gateway.call<{ secret: string }>('paula', 'POST', '/v1/tokens', {
      body: { name: 'pipeline', machine: 'ci-payments', expiresInDays: 1, scope: { actions: ['lab.*'] } },
    });
    const { body } = await gateway.call<Request>({ token: made.body.secret }, 'POST', '/v1/requests', {
      body: { action: 'lab.destroy', environment: 'staging', input: { target: 'alpha' }, reason: 'from the pipeline' },
    });
    await breakGlass('sven', body.id);
    expect((await review('paula', body.id)).body.code).toBe('approval.own_request');
    expect((await toReview('paula')).ids).not.toContain(body.id);
    expect((await review('amine', body.id)).status).toBe(200);
  });

  test('is not closed by somebody of no gate, nor by a machine', async () => {
    const id = await broken();
    const { status, body } = await review('marta', id);
    expect([status, body.code]).toEqual([403, 'approval.not_approver']);
    expect((await review(await as('machine:ci-payments'), id)).status).toBe(404);
  });

  test('wants a verdict and a comment, and a glass that was broken', async () => {
    const id = await broken();
    for (const body of [{ comment: ' ' }, { verdict: undefined }, { verdict: 'fine' }])
      expect((await review('amine', id, body)).body.code).toBe('input.invalid');
    const { id: other } = await file();
    const none = await review('amine', other);
    expect([none.status, none.body.code]).toEqual([409, 'request.state_conflict']);
    expect(none.body.detail).toContain('Nobody broke the glass');
  });

  test('is listed for those who can close it, with how many there are', async () => {
    const id = await broken('nadia');
    const amines = await toReview('amine');
    expect(amines.ids).toContain(id);
    expect(amines.count).toBe(amines.ids.length);
    const listed = await gateway.call<{ toReview: number }>('amine', 'GET', '/v1/requests?limit=1');
    expect(listed.body.toReview).toBe(amines.count);
    for (const who of ['user:nadia', 'user:nadia-admin', 'user:sven', 'user:sven-admin', 'user:marta', 'machine:ci-payments'])
      expect((await toReview(await as(who))).ids, who).not.toContain(id);
    expect(await toReview(await as('machine:ci-payments'))).toEqual({ ids: [], count: 0 });
    await review('amine', id);
    expect((await toReview('amine')).ids).not.toContain(id);
    expect((await toReview('amine')).count).toBe(amines.count - 1);
  });
});

describe('the reminder of an open review', () => {
  const number = (id: string): string => id.replace('REQ-', '');
  const timers = (id: string) =>
    sql<{ start_after: Date; state: string }>(
      gateway.databaseUrl,
      `select start_after, state::text from guichet_jobs.job where name = 'review-reminder' and data->>'number' = $1 order by created_on`,
      [number(id)],
    );
  const ring = (id: string) =>
    sql(
      gateway.databaseUrl,
      `update guichet_jobs.job set start_after = now() where name = 'review-reminder' and state = 'created' and data->>'number' = $1`,
      [number(id)],
    );
  /** As if the glass had been broken, or the last reminder been sent, so many hours earlier. */
  const age = (id: string, hours: number) =>
    sql(
      gateway.databaseUrl,
      `update requests set review_reminded_at = review_reminded_at - make_interval(hours => $2),
         review = jsonb_set(review, '{at}', to_jsonb(to_char((review->>'at')::timestamptz at time zone 'UTC' - make_interval(hours => $2), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
       where number = $1`,
      [number(id), hours],
    );
  const rung = (id: string, count: number) =>
    expect
      .poll(async () => (await timers(id)).filter(({ state }) => state === 'completed').length, { timeout: 25_000 })
      .toBe(count);
  const reminders = async (id: string) =>
    (await readEvents(gateway, id)).filter(({ type }) => type === 'request.review_reminded').length;

  test('comes after a day, again a day later, and no more once it is closed', async () => {
    const id = await broken();
    const [timer] = await timers(id);
    expect(Math.round(((timer?.start_after.getTime() ?? 0) - Date.now()) / 3_600_000)).toBe(24);
    await ring(id); // a timer that rings too early says nothing
    await rung(id, 1);
    expect(await reminders(id)).toBe(0);

    await age(id, 25);
    await sql(
      gateway.databaseUrl,
      `update guichet_jobs.job set state = 'created', start_after = now(), completed_on = null where name = 'review-reminder' and data->>'number' = $1`,
      [number(id)],
    );
    await rung(id, 1);
    expect(await reminders(id)).toBe(1);
    const deliveries = await hooks.heard(id, 2);
    expect(deliveries[1]).toMatchObject({
      event: { type: 'request.review_reminded', actor: null, data: { incident: 'INC-7', brokenBy: { id: 'user:sven' } } },
    });
    expect(JSON.stringify(deliveries[1]?.event.data)).toContain('user:amine');

    const [, next] = await timers(id);
    expect(next?.state).toBe('created');
    expect(Math.round(((next?.start_after.getTime() ?? 0) - Date.now()) / 3_600_000)).toBe(24);
    await review('amine', id);
    await age(id, 25);
    await ring(id);
    await rung(id, 2);
    expect(await reminders(id)).toBe(1);
    expect(await timers(id)).toHaveLength(2);
  });
});
