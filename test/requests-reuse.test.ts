import type { Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type ChangedCompanies, changedCompanies } from './support/changed-company.ts';
import { readEvents, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const COMPANY = new URL('./support/company-on-call.yaml', import.meta.url).pathname;
const policies = new URL('./support/reuse-policies', import.meta.url).pathname;
const lab = new Lab();
let gateway: TestGateway;
let companies: ChangedCompanies;
beforeAll(async () => {
  companies = await changedCompanies(COMPANY);
  gateway = await startGateway({ lab, config: { company: COMPANY, policies } });
});
afterAll(async () => {
  await gateway.close();
  await companies[Symbol.asyncDispose]();
});
/** Each test changes another thing, so that approvals of one do not count in the next. */
let target = '';
beforeEach(() => {
  Object.assign(lab, { mode: 'succeed', planning: 'succeed', fingerprint: 'calm' });
  target = crypto.randomUUID();
});

const AMINE_HAS_LEFT = {
  '[amine, amine-admin, paula,': '[paula,',
  'machines:': '  - { name: former, members: [amine, amine-admin] }\nmachines:',
};

type Who = 'nadia' | 'marta';
const file = async (action = 'lab.change', more: Record<string, unknown> = {}, who: Who = 'nadia'): Promise<Request> => {
  const { status, body } = await gateway.submit(who, { action, input: { target }, reason: 'it has to be done', ...more });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
};
const decide = async (who: string, id: string, command: 'approve' | 'reject' | 'withdraw', at = gateway): Promise<Request> => {
  const caller = { token: await at.token(`user:${who}`) };
  const body = { comment: `${command} it` };
  const answer = await at.call<Request>(caller, 'POST', `/v1/requests/${id}/${command}`, { body });
  expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  return answer.body;
};
/** A request that was approved and has run. */
const done = async (action?: string, more?: Record<string, unknown>): Promise<Request> => {
  const { id } = await file(action, more);
  await decide('amine', id, 'approve');
  return gateway.until(id, 'succeeded');
};
const older = (id: string, hours: number) =>
  sql(gateway.databaseUrl, 'update approvals set at = at - make_interval(hours => $2) where request = $1', [
    id.replace('REQ-', ''),
    hours,
  ]);
const waits = (request: Request): void => expect([request.state, request.approvals]).toEqual(['awaiting_approval', []]);

describe('an approval counts again', () => {
  test('for the identical request of the same requester: it runs at once, and says whose approval it was', async () => {
    const first = await done();
    const again = await file();
    expect(again).toMatchObject({ digest: first.digest, state: 'queued', gates: [{ approved: 1, reuseSeconds: 4 * 3600 }] });
    const ended = await gateway.until(again.id, 'succeeded');
    expect(ended.approvals).toEqual([{ ...first.approvals[0], reusedFrom: first.id }]);
    const events = await readEvents(gateway, again.id);
    expect(events.slice(0, 3).map(({ type }) => type)).toEqual([
      'request.submitted',
      'request.approval_reused',
      'request.queued',
    ]);
    const data = { reusedFrom: first.id, by: { id: 'user:amine' }, approvedAt: first.approvals[0]?.at, digest: first.digest };
    expect(events[1]).toMatchObject({ actor: null, data });
    const rows = await sql<{ actor_id: string; data: object }>(
      gateway.databaseUrl,
      `select actor_id, data from audit_events where request = $1 and type = 'request.approval_reused'`,
      [again.id.replace('REQ-', '')],
    );
    expect(rows).toMatchObject([{ actor_id: 'system', data }]);
  });

  test('from the request that it was given for, however often it was used since', async () => {
    const first = await done();
    const second = await file();
    await gateway.until(second.id, 'succeeded');
    const third = await file();
    expect(third.approvals).toMatchObject([{ reusedFrom: first.id, at: first.approvals[0]?.at }]);
    await older(first.id, 5);
    await older(second.id, 3);
    waits(await file());
  });

  test('for its own gate only: one that takes a fresh look each time waits', async () => {
    const { id } = await file('lab.change-blindly');
    await decide('amine', id, 'approve');
    await decide('sven', id, 'approve');
    await gateway.until(id, 'succeeded');
    const again = await file('lab.change-blindly');
    expect(again).toMatchObject({ state: 'awaiting_approval', approvals: [{ by: { id: 'user:amine' }, reusedFrom: id }] });
    expect(again.gates.map(({ approvers, approved }) => [approvers, approved])).toEqual(
      expect.arrayContaining([
        ['team:payments', 1],
        ['team:sre', 0],
      ]),
    );
    expect((await decide('sven', again.id, 'approve')).state).toBe('queued');
    await gateway.until(again.id, 'succeeded');
  });

  test('as one of two: the other has to be another person', async () => {
    const { id } = await file('lab.change-idempotently');
    await decide('amine', id, 'approve');
    const again = await file('lab.change-idempotently');
    expect(again).toMatchObject({ state: 'awaiting_approval', gates: [{ count: 2, approved: 1 }] });
    for (const who of ['amine', 'amine-admin']) {
      const caller = { token: await gateway.token(`user:${who}`) };
      const answer = await gateway.call<{ code: string }>(caller, 'POST', `/v1/requests/${again.id}/approve`, { body: {} });
      expect(answer.body.code).toBe('approval.duplicate');
    }
    await decide('paula', again.id, 'approve');
    await gateway.until(again.id, 'succeeded');
  });

  test('for many at once, each of which runs once', async () => {
    await done();
    const before = lab.effects.length;
    const filed = await Promise.all(Array.from({ length: 6 }, () => file()));
    for (const { id } of filed) await gateway.until(id, 'succeeded');
    expect(lab.effects.length - before).toBe(6);
  });
});

describe('an approval does not count again', () => {
  test('when its gate says nothing of it, though another gate of the same group does', async () => {
    await done('lab.change-quickly');
    waits(await file('lab.change-quickly'));
  });

  test('after its window', async () => {
    const { id } = await done();
    await older(id, 5);
    waits(await file());
  });

  test('for somebody else', async () => {
    await done();
    waits(await file('lab.change', {}, 'marta'));
  });

  test('for another input, another environment, or a world that has moved', async () => {
    await done();
    waits(await file('lab.change', { input: { target, size: 4 } }));
    waits(await file('lab.change', { environment: 'production' }));
    lab.fingerprint = 'moved';
    waits(await file());
  });

  test('for what belongs to another team by now', async () => {
    lab.owner = 'sre';
    try {
      const { id } = await file();
      await decide('sven', id, 'approve');
      await gateway.until(id, 'succeeded');
      lab.owner = 'platform'; // which sven is of too
      waits(await file());
    } finally {
      lab.owner = 'payments';
    }
  });

  test('of somebody who has left the team', async () => {
    await done();
    const company = await companies.with(AMINE_HAS_LEFT);
    const config = { company, policies, worker: { enabled: false } };
    const later = await startGateway({ lab, databaseUrl: gateway.databaseUrl, config });
    try {
      const { body } = await later.submit('nadia', { action: 'lab.change', input: { target }, reason: 'once more' });
      waits(body);
    } finally {
      await later.close();
    }
  });

  test('of somebody whose name stands for somebody else by now', async () => {
    await done();
    const reassign = "update principals set held_since = clock_timestamp() where id = 'user:amine'";
    await sql(gateway.databaseUrl, reassign, []);
    waits(await file());
  });

  test('of somebody who has left the team by the time it runs: it is void', async () => {
    const asleep = { company: COMPANY, policies, worker: { enabled: false } };
    // On a database of its own, so that nobody runs it before the team has changed.
    const front = await startGateway({ lab, config: asleep });
    try {
      const submit = () => front.submit('nadia', { action: 'lab.change', input: { target }, reason: 'once more' });
      const first = (await submit()).body;
      await decide('amine', first.id, 'approve', front);
      const again = (await submit()).body;
      expect(again).toMatchObject({ state: 'queued', approvals: [{ reusedFrom: first.id }] });
      const company = await companies.with(AMINE_HAS_LEFT);
      const back = await startGateway({ lab, databaseUrl: front.databaseUrl, config: { company, policies } });
      const ended = await back.until(again.id, 'void').finally(() => back.close());
      expect(ended.failure?.code).toBe('policy.denied');
    } finally {
      await front.close();
    }
  });

  test('of a request that was taken back', async () => {
    const { id } = await file('lab.change-idempotently');
    await decide('amine', id, 'approve');
    await decide('nadia', id, 'withdraw');
    waits(await file('lab.change-idempotently'));
  });

  test('of a request that was found void', async () => {
    const { id } = await file();
    lab.fingerprint = 'moved';
    await decide('amine', id, 'approve');
    await gateway.until(id, 'void');
    lab.fingerprint = 'calm';
    waits(await file());
  });

  test('once anybody has rejected the same, whoever asked for it', async () => {
    await done();
    const theirs = await file('lab.change', {}, 'marta');
    await decide('paula', theirs.id, 'reject');
    waits(await file());
  });

  test('of a request whose glass was broken: nobody approved it', async () => {
    const { id } = await file();
    const body = { incident: 'INC-7', reason: 'orders stand still' };
    expect((await gateway.call('sven', 'POST', `/v1/requests/${id}/break-glass`, { body })).status).toBe(200);
    await gateway.until(id, 'succeeded');
    waits(await file());
  });

  test('of whoever stands behind the new request: they made the token that it is filed with', async () => {
    const tokenBy = async (who: 'nadia' | 'amine'): Promise<{ token: string }> => {
      const body = { name: 'pipeline', machine: 'ci-payments', expiresInDays: 1, scope: { actions: ['lab.*'] } };
      return { token: (await gateway.call<{ secret: string }>(who, 'POST', '/v1/tokens', { body })).body.secret };
    };
    const submit = async (caller: { token: string }): Promise<Request> => {
      const body = { action: 'lab.change', environment: 'staging', input: { target }, reason: 'from the pipeline' };
      return (await gateway.call<Request>(caller, 'POST', '/v1/requests', { body })).body;
    };
    const nadias = await tokenBy('nadia');
    const { id } = await submit(nadias);
    await decide('amine', id, 'approve');
    await gateway.until(id, 'succeeded');
    expect((await submit(nadias)).approvals).toMatchObject([{ by: { id: 'user:amine' }, reusedFrom: id }]);
    waits(await submit(await tokenBy('amine')));
  });
});
