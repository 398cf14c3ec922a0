import type { AuditEvent, Firing, Problem, Request, ScheduleShown } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { changedCompanies } from './support/changed-company.ts';
import { type Answer, COMPANY, type Person, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

/** Two replicas on one database. */
const lab = new Lab();
let one: TestGateway;
let two: TestGateway;
beforeAll(async () => {
  one = await startGateway({ lab });
  two = await startGateway({ lab, databaseUrl: one.databaseUrl });
});
afterAll(async () => {
  await two.close();
  await one.close();
});

const OUTCOMES = 'select f.outcome from schedule_firings f join schedules s on s.id = f.schedule where s.name = $1';

let count = 0;
type Shown = ScheduleShown & Problem;
const call = (who: Person, method: string, path: string, body?: unknown, at = one): Promise<Answer<Shown>> =>
  at.call<Shown>(who, method, `/v1/schedules${path}`, body === undefined ? {} : { body });

/** A schedule of nadia's that files a change in staging, which nobody has to approve; due in a year, unless a test says otherwise. */
async function schedule(more: Record<string, unknown> = {}, at = one): Promise<string> {
  count += 1;
  const name = `nightly-${count}`;
  const body = {
    name,
    cron: '0 3 1 1 *',
    action: 'lab.change',
    environment: 'staging',
    input: { target: 'alpha' },
    reason: 'keeps it tidy',
    ...more,
  };
  const { status, body: made } = await call('nadia', 'POST', '', body, at);
  expect(made.detail).toBeUndefined();
  expect(status).toBe(201);
  return name;
}

/** Lets its time come: `due` is how long ago that was. */
const comes = (name: string, due = '0 s', at = one) =>
  sql(at.databaseUrl, 'update schedules set next_at = clock_timestamp() - $2::interval where name = $1', [name, due]);

const show = async (name: string, at = one): Promise<ScheduleShown> =>
  (await call('nadia', 'GET', `/${name}`, undefined, at)).body;

/** What became of its times, once it is so many and none is being filed any more; newest first. */
async function firings(name: string, length: number, at = one): Promise<Firing[]> {
  await expect
    .poll(async () => (await show(name, at)).firings.filter(({ outcome }) => outcome !== 'filing').length, { timeout: 20_000 })
    .toBe(length);
  return (await show(name, at)).firings;
}

async function audited(name: string, at = one): Promise<AuditEvent[]> {
  const { body } = await at.call<{ items: AuditEvent[] }>('sven', 'GET', '/v1/audit?limit=100');
  return body.items.filter(({ resource }) => resource === `schedule:${name}`);
}

describe('a schedule', () => {
  test('files a request of its owner at each time, once among all gateways, with a decision of its own', async () => {
    const name = await schedule();
    await comes(name);
    const [first] = await firings(name, 1);
    const request = await one.until(first?.request ?? '', 'succeeded');
    expect(request).toMatchObject({
      requester: { id: 'user:nadia' },
      reason: `Schedule '${name}': keeps it tidy`,
      action: 'lab.change',
    });
    await comes(name);
    const [second] = await firings(name, 2);
    expect(second?.request).not.toBe(first?.request);
    const { body } = await one.call<{ items: Request[] }>('nadia', 'GET', '/v1/requests?requester=me');
    expect(body.items.filter(({ reason }) => reason.startsWith(`Schedule '${name}'`))).toHaveLength(2);
  });

  test('waits for approvals each time, where its action takes them', async () => {
    const name = await schedule({ action: 'lab.destroy' });
    await comes(name);
    const [firing] = await firings(name, 1);
    const { body: request } = await one.call<Request>('nadia', 'GET', `/v1/requests/${firing?.request}`);
    expect(request).toMatchObject({ state: 'awaiting_approval', gates: [{ approvers: 'team:payments' }] });
    expect((await one.call<Problem>('nadia', 'POST', `/v1/requests/${request.id}/approve`, { body: {} })).body.code).toBe(
      'approval.own_request',
    );
    await one.call('amine', 'POST', `/v1/requests/${request.id}/approve`, { body: {} });
    await one.until(request.id, 'succeeded');
  });

  test('files nothing while the request of the time before has not ended, and says so', async () => {
    const name = await schedule({ action: 'lab.destroy' });
    await comes(name);
    const [waiting] = await firings(name, 1);
    await comes(name);
    const [overlapped] = await firings(name, 2);
    expect(overlapped).toMatchObject({
      outcome: 'overlapped',
      request: null,
      message: `${waiting?.request}, which it had filed before, had not ended.`,
    });
    expect((await audited(name)).map(({ type }) => type)).toContain('schedule.overlapped');
  });

  test('tells what the provider refuses, and goes on', async () => {
    const name = await schedule();
    lab.planning = 'refuse';
    await comes(name);
    expect(await firings(name, 1)).toMatchObject([{ outcome: 'failed', message: "'alpha' cannot be changed." }]);
    lab.planning = 'succeed';
    expect((await show(name)).state).toBe('active');
  });
});

test('what is paused or deleted while its plan is made files nothing', async () => {
  const [paused, deleted] = [await schedule(), await schedule()];
  lab.planning = 'hang';
  // One at each gateway.
  for (const name of [paused, deleted]) {
    const asked = lab.nextPlan();
    await comes(name);
    await asked;
  }
  await call('nadia', 'POST', `/${paused}/pause`, {});
  await call('nadia', 'DELETE', `/${deleted}`);
  lab.planning = 'succeed';
  lab.release();
  expect(await firings(paused, 1)).toMatchObject([
    { outcome: 'missed', request: null, message: 'The schedule was paused by then.' },
  ]);
  await expect
    .poll(async () => (await sql<{ outcome: string }>(one.databaseUrl, OUTCOMES, [deleted]))[0]?.outcome, { timeout: 20_000 })
    .toBe('missed');
});

describe('times at which no gateway ran', () => {
  test('are told and skipped', async () => {
    // The last of them half an hour ago, whatever time it is now.
    const name = await schedule({ cron: `${(new Date().getUTCMinutes() + 30) % 60} * * * *` });
    await comes(name, '3 hours 30 minutes');
    const [missed] = await firings(name, 1);
    expect(missed).toMatchObject({ outcome: 'missed', request: null, message: 'No gateway filed it in time.' });
    expect(missed?.count).toBeGreaterThanOrEqual(4);
    const event = (await audited(name)).find(({ type }) => type === 'schedule.missed');
    expect(event).toMatchObject({ outcome: 'failed', actor: { id: 'system' }, data: { count: missed?.count, madeUpFor: false } });
    expect(Date.parse((await show(name)).nextAt ?? '')).toBeGreaterThan(Date.now());
  });

  test('are told and made up for once, where that is wanted', async () => {
    const name = await schedule({ cron: '30 3 1 * *', missed: 'once' });
    await comes(name, '70 days');
    const [filed, missed] = await firings(name, 2);
    expect(filed).toMatchObject({ outcome: 'filed', request: expect.any(String) });
    expect(missed).toMatchObject({ outcome: 'missed', message: 'No gateway filed it in time; it is made up for once.' });
    await one.until(filed?.request ?? '', 'succeeded');
  });

  test('that a gateway had begun to file before a long outage are missed too, unless they are to be made up for', async () => {
    const [skipped, made] = [await schedule(), await schedule({ missed: 'once' })];
    await sql(
      one.databaseUrl,
      `insert into schedule_firings (schedule, at, outcome, try_at, tries)
       select id, date_trunc('second', now()) - interval '2 hours', 'filing', now(), 1 from schedules where name = any ($1)`,
      [[skipped, made]],
    );
    expect(await firings(skipped, 1)).toMatchObject([
      { outcome: 'missed', request: null, message: 'No gateway filed it in time.' },
    ]);
    expect(await firings(made, 1)).toMatchObject([{ outcome: 'filed' }]);
  });

  test('that a gateway had begun to file when it died are filed by another, once', async () => {
    const name = await schedule();
    await sql(
      one.databaseUrl,
      `insert into schedule_firings (schedule, at, outcome, try_at, tries) select id, date_trunc('second', now()), 'filing', now(), 1 from schedules where name = $1`,
      [name],
    );
    const [filed] = await firings(name, 1);
    expect(filed).toMatchObject({ outcome: 'filed' });
    await one.until(filed?.request ?? '', 'succeeded');
  });
});

test('whoever has left the company files nothing: it is told, and the schedule is paused', async () => {
  const database = await testDatabase();
  const before = await startGateway({ databaseUrl: database.url });
  const name = await schedule({}, before);
  await before.close();
  await using companies = await changedCompanies(COMPANY);
  const company = await companies.with({
    '{ name: nadia, fullName': '{ name: someone, fullName',
    '[nadia, marta]': '[marta]',
    '[amine, paula, nadia]': '[amine, paula]',
  });
  const after = await startGateway({ databaseUrl: database.url, config: { company } });
  await comes(name, '0 s', after);
  await expect
    .poll(async () => (await call('sven', 'GET', `/${name}`, undefined, after)).body.state, { timeout: 20_000 })
    .toBe('paused');
  const { body } = await call('sven', 'GET', `/${name}`, undefined, after);
  const message = 'Nadia Benali, whose schedule it is, is no longer in the company.';
  expect(body).toMatchObject({ pausedReason: message, nextAt: null, firings: [{ outcome: 'denied', message }] });
  expect(
    (await audited(name, after))
      .map(({ type }) => type)
      .slice(0, 2)
      .sort(),
  ).toEqual(['schedule.denied', 'schedule.paused']);
  await after.close();
  await database.drop();
});

describe('changing a schedule', () => {
  test('it is paused, resumed and deleted by its owner and by the team of the provider, and that is recorded', async () => {
    const name = await schedule();
    expect((await call('sven', 'POST', `/${name}/pause`, { comment: 'it hurts' })).body).toMatchObject({
      state: 'paused',
      pausedReason: 'it hurts',
      nextAt: null,
      upcoming: [],
    });
    expect((await call('nadia', 'POST', `/${name}/pause`, {})).body.code).toBe('schedule.state_conflict');
    const { body } = await call('nadia', 'POST', `/${name}/resume`, {});
    expect(body).toMatchObject({ state: 'active', pausedReason: null, allowed: ['pause', 'delete'] });
    expect(body.upcoming[0]).toBe(body.nextAt);
    expect((await call('nadia', 'DELETE', `/${name}`)).body.state).toBe('deleted');
    expect((await call('nadia', 'GET', `/${name}`)).body.code).toBe('schedule.unknown');
    expect((await audited(name)).map(({ type, actor }) => [type, actor.id])).toEqual([
      ['schedule.deleted', 'user:nadia'],
      ['schedule.resumed', 'user:nadia'],
      ['schedule.paused', 'user:sven'],
      ['schedule.created', 'user:nadia'],
    ]);
    // Its name is free again.
    expect(
      (
        await call('amine', 'POST', '', {
          name,
          cron: '0 3 * * *',
          action: 'lab.change',
          environment: 'staging',
          input: { target: 'alpha' },
          reason: 'mine now',
        })
      ).status,
    ).toBe(201);
  });

  test('others do not', async () => {
    const name = await schedule();
    expect((await call('amine', 'POST', `/${name}/pause`, {})).body.code).toBe('policy.denied');
    expect((await call('amine', 'GET', `/${name}`)).body.allowed).toEqual([]);
  });

  test.each([
    [{ cron: '61 * * * *' }, 'input.invalid', '/cron is no cron expression: Invalid value for minute: 61.'],
    [{ timezone: 'Mars/Olympus' }, 'input.invalid', "/timezone is no time zone: 'Mars/Olympus'."],
    [{ cron: '0 0 30 2 *' }, 'input.invalid', "/cron '0 0 30 2 *' never comes."],
    [{ action: 'lab.look' }, 'action.not_writable', 'lab.look is a read.'],
    [{ input: { target: 'forbidden' } }, 'action.refused', "'forbidden' cannot be changed."],
  ])('what could never be filed is refused at once: %j', async (more, code, detail) => {
    const body = {
      name: 'never',
      cron: '0 3 * * *',
      action: 'lab.change',
      environment: 'staging',
      input: { target: 'alpha' },
      reason: 'to see',
      ...more,
    };
    expect((await call('nadia', 'POST', '', body)).body).toMatchObject({ code, detail });
  });

  test('two schedules do not have one name', async () => {
    const name = await schedule();
    const body = {
      name,
      cron: '0 3 * * *',
      action: 'lab.change',
      environment: 'staging',
      input: { target: 'alpha' },
      reason: 'to see',
    };
    expect((await call('amine', 'POST', '', body)).body.code).toBe('schedule.name_taken');
  });
});
