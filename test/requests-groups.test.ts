import type { Gate, Problem, Request, RequestSummary } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type ChangedCompanies, changedCompanies } from './support/changed-company.ts';
import { type Answer, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

/** `front` takes requests and approvals; another gateway runs them in a company that has changed meanwhile. */
const COMPANY = new URL('./support/company-on-call.yaml', import.meta.url).pathname;
const lab = new Lab();
let front: TestGateway;
let companies: ChangedCompanies;
beforeAll(async () => {
  companies = await changedCompanies(COMPANY);
  front = await startGateway({ lab, config: { company: COMPANY, worker: { enabled: false } } });
});
afterAll(async () => {
  await front.close();
  await companies[Symbol.asyncDispose]();
});

const gate = (approvers: string, count = 1): Gate => ({
  policy: `gate-of-${approvers}`,
  approvers,
  count,
  reason: 'as the test asks',
});

/** A request that waits for these gates, beside those that policy asks for: one of team payments. */
async function waiting(gates: readonly Gate[], who: 'nadia' | 'marta' | 'sven' = 'marta'): Promise<Request> {
  const { body } = await front.submit(who, { action: 'lab.destroy', reason: 'it is in the way' });
  await sql(front.databaseUrl, 'update requests set gates = gates || $2::jsonb where number = $1', [
    body.id.replace('REQ-', ''),
    JSON.stringify(gates),
  ]);
  return front.until(body.id, 'awaiting_approval');
}

const approve = async (who: string, id: string, at = front): Promise<Answer<Request & Problem>> =>
  at.call({ token: await at.token(`user:${who}`) }, 'POST', `/v1/requests/${id}/approve`, { body: {} });
const toApprove = async (who: string, at = front): Promise<string[]> => {
  const caller = { token: await at.token(`user:${who}`) };
  const { body } = await at.call<{ items: RequestSummary[] }>(caller, 'GET', '/v1/requests?toApprove=true&limit=200');
  return body.items.map(({ id }) => id);
};

/** Another day: the same requests in a company with other words in its file. */
async function onAnotherDay<Result>(
  changes: Readonly<Record<string, string>>,
  work: (gateway: TestGateway) => Promise<Result>,
  { worker = {} }: { worker?: object } = {},
): Promise<Result> {
  const company = await companies.with(changes);
  const gateway = await startGateway({ lab, databaseUrl: front.databaseUrl, config: { company, worker } });
  try {
    return await work(gateway);
  } finally {
    await gateway.close();
  }
}
const ASLEEP = { worker: { enabled: false } };

describe('a gate for whoever is on call', () => {
  test('is lifted by who is on call, and by nobody else', async () => {
    const { id } = await waiting([gate('on-call:payments')]);
    expect(await toApprove('sven')).toContain(id);
    expect((await approve('amine', id)).body.state).toBe('awaiting_approval'); // that was the gate of the team
    expect((await approve('sven', id)).body).toMatchObject({ state: 'queued', gates: [{ approved: 1 }, { approved: 1 }] });
    expect(await onAnotherDay({}, (back) => back.until(id, 'succeeded'))).toMatchObject({ state: 'succeeded' });
  });

  test('counts who is on call when it runs: an approval from the shift before voids it', async () => {
    const { id } = await waiting([gate('on-call:payments')]);
    await approve('amine', id);
    expect((await approve('sven', id)).body.state).toBe('queued');
    const before = lab.effects.length;
    const ended = await onAnotherDay({ 'onCall: [sven, paula]': 'onCall: [paula]' }, (back) => back.until(id, 'void'));
    expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining("on call for 'payments'") });
    expect(lab.effects.length).toBe(before);
  });

  test('waits for the next shift when the first one ended before the last approval', async () => {
    const { id } = await waiting([gate('on-call:payments')]);
    expect((await approve('sven', id)).body.gates).toMatchObject([
      { approved: 0 },
      { approvers: 'on-call:payments', approved: 1 },
    ]);
    await onAnotherDay(
      { 'onCall: [sven, paula]': 'onCall: [paula]' },
      async (later) => {
        const { body } = await later.call<Request>('marta', 'GET', `/v1/requests/${id}`);
        expect(body.gates).toMatchObject([{ approved: 0 }, { approvers: 'on-call:payments', approved: 0 }]);
        expect((await approve('amine', id, later)).body.state).toBe('awaiting_approval');
        expect(await toApprove('paula', later)).toContain(id);
        expect((await approve('paula', id, later)).body.state).toBe('queued');
      },
      ASLEEP,
    );
  });
});

describe('a gate for one person, such as the manager of the requester', () => {
  test('is lifted by that person alone', async () => {
    const { id } = await waiting([gate('user:marta')], 'nadia');
    expect(await toApprove('marta')).toContain(id);
    expect(await toApprove('sven')).not.toContain(id);
    expect((await approve('sven', id)).body.code).toBe('approval.not_approver');
    await approve('paula', id);
    const more = await approve('amine', id);
    expect([more.status, more.body.code]).toEqual([403, 'approval.not_approver']);
    expect(more.body.detail).toContain('still waits for marta');
    expect((await approve('marta', id)).body.state).toBe('queued');
  });

  test('is lifted through any account of the person', async () => {
    const { id } = await waiting([gate('user:amine')]);
    expect(await toApprove('amine-admin')).toContain(id);
    expect((await approve('amine-admin', id)).body.state).toBe('queued'); // of the team, and the person
  });
});

describe('several gates with several people each', () => {
  test('each takes as many different people as it asks for; one person can count for two gates', async () => {
    const { id } = await waiting([gate('team:payments', 2), gate('on-call:payments'), gate('team:sre')]);
    const states: string[] = [];
    for (const who of ['amine', 'paula', 'sven']) states.push((await approve(who, id)).body.state);
    expect(states).toEqual(['awaiting_approval', 'awaiting_approval', 'queued']);
    const { gates } = await front.until(id, 'queued');
    expect(gates.map(({ approvers, count, approved }) => [approvers, count, approved])).toEqual([
      ['team:payments', 1, 2],
      ['team:payments', 2, 2],
      ['on-call:payments', 1, 2],
      ['team:sre', 1, 1],
    ]);
  });

  test('two accounts of one person are one person', async () => {
    const { id } = await waiting([gate('team:payments', 2)]);
    await approve('amine', id);
    const again = await approve('amine-admin', id);
    expect([again.status, again.body.code]).toEqual([409, 'approval.duplicate']);
    expect(await toApprove('amine-admin')).not.toContain(id);
    expect((await approve('paula', id)).body.state).toBe('queued');
  });

  test('two accounts that are found to be one person are one person, at the next approval and at the run', async () => {
    const joined = { 'fullName: Paula C. }': 'fullName: Paula C., sameAs: paula }' };
    const first = await waiting([gate('team:payments', 2)]);
    await approve('paula', first.id);
    const refused = await onAnotherDay(joined, (later) => approve('paula-second', first.id, later), ASLEEP);
    expect([refused.status, refused.body.code]).toEqual([409, 'approval.duplicate']);
    const second = await waiting([gate('team:payments', 2)]);
    await approve('paula', second.id);
    expect((await approve('paula-second', second.id)).body.state).toBe('queued');
    const ended = await onAnotherDay(joined, (later) => later.until(second.id, 'void'));
    expect(ended.failure?.code).toBe('policy.denied');
  });

  test('who has left is replaced: the list shows it to the others of the team again', async () => {
    const { id } = await waiting([gate('team:payments', 2)]);
    await approve('amine', id);
    await onAnotherDay(
      { '[amine, amine-admin, paula,': '[paula,', 'machines:': '  - { name: former, members: [amine, amine-admin] }\nmachines:' },
      async (later) => {
        expect(await toApprove('paula', later)).toContain(id);
        expect((await approve('paula', id, later)).body.state).toBe('awaiting_approval');
        expect(await toApprove('paula-second', later)).toContain(id);
        expect((await approve('paula-second', id, later)).body.state).toBe('queued');
      },
      ASLEEP,
    );
  });
});

describe('who stands behind a request', () => {
  test('approves it through no account', async () => {
    const { id } = await waiting([gate('on-call:payments')], 'nadia');
    for (const who of ['nadia', 'nadia-admin']) {
      const { status, body } = await approve(who, id);
      expect([who, status, body.code]).toEqual([who, 403, 'approval.own_request']);
      expect(await toApprove(who)).not.toContain(id);
    }
    const { id: svens } = await waiting([gate('on-call:payments')], 'sven');
    expect((await approve('sven', svens)).body.code).toBe('approval.own_request');
    expect((await approve('sven-admin', svens)).body.code).toBe('approval.own_request');
    expect(await toApprove('sven-admin')).not.toContain(svens);
  });

  test('is also who is found to be the requester later: what they approved does not run', async () => {
    const joined = { 'fullName: Paula C. }': 'fullName: Paula C., sameAs: nadia }' };
    const { id } = await waiting([], 'nadia');
    expect((await approve('paula-second', id)).body.state).toBe('queued');
    const ended = await onAnotherDay(joined, (later) => later.until(id, 'void'));
    expect(ended.failure?.code).toBe('policy.denied');
    const { id: other } = await waiting([], 'nadia');
    const refused = await onAnotherDay(joined, (later) => approve('paula-second', other, later), ASLEEP);
    expect(refused.body.code).toBe('approval.own_request');
  });
});

describe('gates of the rules', () => {
  const policies = new URL('./support/group-policies', import.meta.url).pathname;
  const ruled = (more: object = {}) =>
    startGateway({ lab, databaseUrl: front.databaseUrl, config: { company: COMPANY, policies, ...ASLEEP, ...more } });

  test("a change takes the requester's manager: who has another one by the run needs that one too", async () => {
    const gateway = await ruled();
    try {
      const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'it has to be done' });
      expect(body.gates).toMatchObject([{ policy: 'change-needs-manager', approvers: 'user:marta', count: 1 }]);
      expect((await approve('paula', body.id, gateway)).body.code).toBe('approval.not_approver');
      expect((await approve('marta', body.id, gateway)).body.state).toBe('queued');
      const company = await companies.with({ 'manager: marta': 'manager: sven' });
      const later = await ruled({ company, worker: {} });
      const ended = await later.until(body.id, 'void').finally(() => later.close());
      expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining('sven') });
    } finally {
      await gateway.close();
    }
  });

  test('who has no manager files nothing that takes one', async () => {
    const gateway = await ruled();
    try {
      const { status, body } = await gateway.submit('sven', { action: 'lab.change', reason: 'it has to be done' });
      expect([status, body.code]).toEqual([403, 'policy.denied']);
      expect(body.detail).toContain('manager');
    } finally {
      await gateway.close();
    }
  });

  test('a blind change takes whoever is on call for the owner', async () => {
    const gateway = await ruled();
    try {
      const { body } = await gateway.submit('nadia', { action: 'lab.change-blindly', reason: 'it has to be done' });
      expect(body.gates).toMatchObject([{ approvers: 'on-call:payments' }]);
      expect(await toApprove('paula', gateway)).toContain(body.id);
      expect(await toApprove('amine', gateway)).not.toContain(body.id);
      expect((await approve('amine', body.id, gateway)).body.code).toBe('approval.not_approver');
      expect((await approve('paula', body.id, gateway)).body.state).toBe('queued');
    } finally {
      await gateway.close();
    }
  });
});
