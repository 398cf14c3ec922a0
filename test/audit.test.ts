import type { AuditEvent, Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type Answer, type Person, readEvents, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

let gateway: TestGateway;
const lab = new Lab();
beforeAll(async () => {
  gateway = await startGateway({ lab });
});
afterAll(() => gateway.close());
beforeEach(() => {
  Object.assign(lab, { mode: 'succeed', planning: 'succeed', observation: 'unknown', fingerprint: 'calm' });
  lab.effects.length = 0;
});

const submit = (action = 'lab.destroy') => gateway.submit('nadia', { action, reason: 'in the way' });
const decide = (who: Person, command: string, id: string): Promise<Answer<Request & { code: string }>> =>
  gateway.call(who, 'POST', `/v1/requests/${id}/${command}`, { body: { comment: 'so be it' } });

/** What the log says of a request, oldest first. */
async function logOf(id: string): Promise<AuditEvent[]> {
  const { body } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', `/v1/audit?request=${id}`);
  return body.items.reverse();
}
const inShort = ({ type, actor, outcome }: AuditEvent): string => `${type} by ${actor.id}: ${outcome}`;

/** The log refuses rows of a type until the function that this gives is called. */
async function refuseToRecord(type: string): Promise<() => Promise<void>> {
  await sql(
    gateway.databaseUrl,
    `create function break_audit() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$;
     create trigger break_audit before insert on audit_events for each row when (new.type = '${type}') execute function break_audit()`,
  );
  return async () => {
    await sql(gateway.databaseUrl, 'drop function break_audit cascade');
  };
}

describe('every step is in the log, with who took it', () => {
  test('of a request that was approved and run', async () => {
    const { body } = await submit();
    await decide('amine', 'approve', body.id);
    await gateway.until(body.id, 'succeeded');
    const log = await logOf(body.id);
    expect(log.map(inShort)).toEqual([
      'request.submitted by user:nadia: ok',
      'request.approved by user:amine: ok',
      'request.queued by system: ok',
      'request.started by system: ok',
      'request.dispatched by system: ok',
      'request.succeeded by system: ok',
    ]);
    expect(log[0]).toMatchObject({
      action: 'lab.destroy',
      environment: 'staging',
      resource: 'lab.thing:alpha',
      data: { reason: 'in the way', input: { target: 'alpha', size: 3 }, digest: body.digest, summary: "Changes 'alpha' by 3" },
    });
    expect(log[1]?.data).toEqual({
      comment: 'so be it',
      groups: expect.arrayContaining(['team:payments', 'user:amine']),
      digest: body.digest,
    });
    expect(log.at(-1)?.data).toEqual({ result: "Changed 'alpha'" });
  });

  test.each([
    ['reject', 'amine', 'request.rejected by user:amine: ok'],
    ['withdraw', 'nadia', 'request.withdrawn by user:nadia: ok'],
  ] as const)('of a request that ended with %s', async (command, who, last) => {
    const { body } = await submit();
    await decide(who, command, body.id);
    expect((await logOf(body.id)).map(inShort).at(-1)).toBe(last);
  });

  test('of a run that was cancelled', async () => {
    lab.mode = 'hang';
    const entry = lab.nextEntry();
    const { body } = await submit('lab.change');
    await entry;
    await decide('amine', 'cancel', body.id);
    await gateway.until(body.id, 'cancelled');
    const log = (await logOf(body.id)).map(inShort);
    expect(log.slice(-2)).toEqual(['request.cancel_requested by user:amine: ok', 'request.cancelled by system: ok']);
  });

  test('of one that failed, and of one that was void', async () => {
    lab.mode = 'fail';
    const { body } = await submit('lab.change');
    await gateway.until(body.id, 'failed');
    expect((await logOf(body.id)).map(inShort).at(-1)).toBe('request.failed by system: failed');
    const { body: drifting } = await submit();
    lab.fingerprint = 'moved';
    await decide('amine', 'approve', drifting.id);
    await gateway.until(drifting.id, 'void');
    expect((await logOf(drifting.id)).map(inShort).at(-1)).toBe('request.voided by system: failed');
  });

  test('of who tried and may not', async () => {
    const { body } = await submit();
    await decide('nadia', 'approve', body.id);
    await decide('sven', 'approve', body.id);
    const log = await logOf(body.id);
    expect(log.slice(1).map(inShort)).toEqual(['approval.denied by user:nadia: denied', 'approval.denied by user:sven: denied']);
    expect(log[1]?.data).toMatchObject({ command: 'approve', decision: { reasons: [{ policy: 'no-self-approval' }] } });
  });

  test('in the order of the events that watchers see', async () => {
    const { body } = await submit();
    await decide('amine', 'approve', body.id);
    const events = (await readEvents(gateway, body.id)).map(({ type }) => type).filter((type) => type.startsWith('request.'));
    expect((await logOf(body.id)).map(({ type }) => type)).toEqual(events);
  });

  test('and of reads, plans and choices, before their answer leaves', async () => {
    const body = { environment: 'staging', input: { target: 'alpha' } };
    await gateway.call('marta', 'POST', '/v1/actions/lab.look/read', { body });
    await gateway.call('marta', 'POST', '/v1/actions/lab.change/plan', { body });
    await gateway.call('marta', 'POST', '/v1/actions/lab.change/options', { body: { ...body, field: 'target' } });
    await gateway.call('marta', 'POST', '/v1/actions/lab.look/read', { body: { ...body, input: { target: 'broken' } } });
    const { body: log } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', '/v1/audit?actor=user:marta');
    expect(log.items.map(inShort)).toEqual([
      'read.failed by user:marta: failed',
      'options.answered by user:marta: ok',
      'plan.answered by user:marta: ok',
      'read.answered by user:marta: ok',
    ]);
  });
});

describe('what cannot be recorded does not happen', () => {
  test('a submission files nothing', async () => {
    const mend = await refuseToRecord('request.submitted');
    const [before] = await sql<{ count: string }>(gateway.databaseUrl, 'select count(*) from requests');
    expect((await submit('lab.change')).status).toBe(500);
    expect((await sql(gateway.databaseUrl, 'select count(*) from requests'))[0]).toEqual(before);
    await mend();
    expect(lab.effects).toEqual([]);
  });

  test.each([
    ['approve', 'request.approved', 'amine'],
    ['reject', 'request.rejected', 'amine'],
    ['withdraw', 'request.withdrawn', 'nadia'],
  ] as const)('%s changes nothing', async (command, type, who) => {
    const { body } = await submit();
    const mend = await refuseToRecord(type);
    expect((await decide(who, command, body.id)).status).toBe(500);
    await mend();
    expect(await gateway.until(body.id, 'awaiting_approval')).toMatchObject({ approvals: [], lastEvent: 1 });
  });

  test('a refusal that cannot be recorded is not given as a refusal', async () => {
    const { body } = await submit();
    const mend = await refuseToRecord('approval.denied');
    expect((await decide('nadia', 'approve', body.id)).status).toBe(500);
    await mend();
  });

  test('a run is not sent, and is when the log takes rows again', async () => {
    const mend = await refuseToRecord('request.dispatched');
    const { body } = await submit('lab.change');
    const put = await readEvents(gateway, body.id, { enough: ({ type }) => type === 'request.requeued' });
    expect(put.map(({ type }) => type)).not.toContain('request.dispatched');
    expect(lab.effects).toEqual([]);
    await mend();
    await gateway.until(body.id, 'succeeded');
    expect(lab.effects).toHaveLength(1);
  });

  test('the end of a run waits for the log, and is not lost', async () => {
    const mend = await refuseToRecord('request.succeeded');
    const { body } = await submit('lab.change');
    await expect.poll(() => lab.effects.length).toBe(1);
    await sql(gateway.databaseUrl, 'select pg_sleep(0.5)');
    expect((await gateway.until(body.id, 'running')).output).toBeNull();
    await mend();
    expect((await gateway.until(body.id, 'succeeded')).run?.attempt).toBe(1);
    expect(lab.effects).toHaveLength(1);
  });

  test('a read is not answered', async () => {
    const mend = await refuseToRecord('read.answered');
    const answer = await gateway.call('marta', 'POST', '/v1/actions/lab.look/read', { body: { environment: 'staging' } });
    await mend();
    expect(answer.status).toBe(500);
    expect(JSON.stringify(answer.body)).not.toContain('You see');
  });
});

test.each([
  ['an update', `update audit_events set actor_id = 'user:sven'`],
  ['a delete', 'delete from audit_events'],
  ['a truncation', 'truncate audit_events'],
])('the log refuses %s, also from the owner of the table', async (_, statement) => {
  await submit();
  await expect(sql(gateway.databaseUrl, statement)).rejects.toThrow('append-only');
});
