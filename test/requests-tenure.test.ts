import type { AuditEvent, Problem, Request, ScheduleShown } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type ChangedCompanies, changedCompanies } from './support/changed-company.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { COMPANY, type Person, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** What amine and marta left behind, in a company that has another Amine and another Marta now. */
const flags = new Flags();
const mounted = [
  { name: 'lab', endpoint: labProvider(new Lab()).endpoint({ logger: SILENT }) },
  { name: 'flags', endpoint: flagProvider(flags).endpoint({ logger: SILENT }) },
];
let companies: ChangedCompanies;
let database: Awaited<ReturnType<typeof testDatabase>>;
let gateway: TestGateway;
const filed: Record<'approvedByAmine' | 'askedByMarta' | 'waiting' | 'temporary' | 'inProduction', string> = {
  approvedByAmine: '',
  askedByMarta: '',
  waiting: '',
  temporary: '',
  inProduction: '',
};

const post = (who: Person, id: string, command: string, body: Record<string, unknown> = {}, at = gateway) =>
  at.call<Request & Problem>(who, 'POST', `/v1/requests/${id}/${command}`, { body });
const number = (id: string): string => id.replace('REQ-', '');
const mayStart = (id: string) =>
  sql(gateway.databaseUrl, 'update requests set run_after = clock_timestamp() where number = $1', [number(id)]);

beforeAll(async () => {
  database = await testDatabase();
  companies = await changedCompanies(COMPANY);
  const before = await startGateway({ mounted, databaseUrl: database.url });
  const submit = async (who: Person, more: Record<string, unknown>): Promise<string> => {
    const { status, body } = await before.submit(who, { reason: 'it has to be done', ...more });
    expect(status, JSON.stringify(body)).toBe(201);
    return body.id;
  };
  const startAt = new Date(Date.now() + 7_200_000).toISOString();
  filed.approvedByAmine = await submit('nadia', { action: 'lab.destroy', startAt });
  await post('amine', filed.approvedByAmine, 'approve', {}, before);
  filed.askedByMarta = await submit('marta', { action: 'lab.change', startAt });
  filed.waiting = await submit('nadia', { action: 'lab.destroy-together' });
  await post('amine', filed.waiting, 'approve', {}, before);
  flags.values.set('lamp', 'old');
  filed.temporary = await submit('marta', { action: 'flags.set', input: { name: 'lamp', value: 'new' }, lastsSeconds: 3600 });
  await before.until(filed.temporary, 'succeeded');
  const production = { environment: 'production', lastsSeconds: 3600 };
  filed.inProduction = await submit('marta', { action: 'flags.set', input: { name: 'sign', value: 'new' }, ...production });
  await post('paula', filed.inProduction, 'approve', {}, before);
  await before.until(filed.inProduction, 'succeeded');
  const schedule = { name: 'nightly', cron: '0 3 1 1 *', action: 'lab.change', environment: 'staging', reason: 'keeps it tidy' };
  const made = await before.call('marta', 'POST', '/v1/schedules', { body: { ...schedule, input: { target: 'alpha' } } });
  expect(made.status).toBe(201);
  await before.close();
  const company = await companies.with({
    '{ name: amine, fullName: Amine Diallo, email: amine@example.com }':
      '{ name: amine, fullName: Amine Sarr, email: sarr@example.com }',
    '{ name: marta, fullName: Marta Nowak, email: marta@example.com }':
      '{ name: marta, fullName: Marta Diaz, email: diaz@example.com }',
  });
  gateway = await startGateway({ mounted, databaseUrl: database.url, config: { company } });
});
afterAll(async () => {
  await gateway.close();
  await companies[Symbol.asyncDispose]();
  await database.drop();
});

describe('when a name is given to somebody else', () => {
  test('approvals of whoever had it before lift no gate any more, and the request says so', async () => {
    const { body } = await gateway.call<Request>('sven', 'GET', `/v1/requests/${filed.waiting}`);
    expect(body).toMatchObject({
      approvals: [{ by: { name: 'Amine Diallo' }, former: true }],
      gates: [{ approved: 0, count: 2 }],
    });
    const list = await gateway.call<{ items: Request[] }>('paula', 'GET', '/v1/requests?toApprove=true');
    expect(list.body.items.map(({ id }) => id)).toContain(filed.waiting);
    expect((await post('amine', filed.waiting, 'approve')).body.code).toBe('approval.duplicate');
    expect((await post('paula', filed.waiting, 'approve')).body).toMatchObject({
      state: 'awaiting_approval',
      gates: [{ approved: 1, count: 2 }],
    });
  });

  test('what only they had approved does not run', async () => {
    await mayStart(filed.approvedByAmine);
    const { failure } = await gateway.until(filed.approvedByAmine, 'void');
    expect(failure?.message).toBe("It now needs an approval of team 'payments' that it does not have.");
  });

  test('who comes next takes nothing back that they had asked for', async () => {
    const { status, body } = await post('marta', filed.askedByMarta, 'cancel');
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'policy.denied' });
  });

  test('what they had asked for does not run', async () => {
    await mayStart(filed.askedByMarta);
    const { failure } = await gateway.until(filed.askedByMarta, 'void');
    expect(failure?.message).toBe(
      "Marta Nowak, who asked for it, had another account then: the name may be somebody else's now.",
    );
  });

  test('what they had for a while is undone by a person, not in the name of who comes next', async () => {
    await sql(gateway.databaseUrl, 'update requests set undo_at = now(), undo_try_at = now() where number = $1', [
      number(filed.temporary),
    ]);
    const shown = async (): Promise<Request> =>
      (await gateway.call<Request>('sven', 'GET', `/v1/requests/${filed.temporary}`)).body;
    await expect.poll(async () => (await shown()).temporary?.state, { timeout: 20_000 }).toBe('held');
    expect((await shown()).temporary?.message).toContain('Marta Nowak, who asked for it, had another account then');
    expect(flags.values.get('lamp')).toBe('new');
  });

  test('what was approved with it is not approved for who comes next', async () => {
    const { status, body } = await post('marta', filed.inProduction, 'undo', { reason: 'it is not mine' });
    expect(status).toBe(201);
    expect(body).toMatchObject({ state: 'awaiting_approval', approvals: [] });
    expect(flags.values.get('sign')).toBe('new');
  });

  test('a schedule of theirs files as whoever resumes it', async () => {
    const show = await gateway.call<ScheduleShown>('sven', 'GET', '/v1/schedules/nightly');
    expect(show.body).toMatchObject({ state: 'paused', owner: { name: 'Marta Nowak' } });
    const { body } = await gateway.call<ScheduleShown>('sven', 'POST', '/v1/schedules/nightly/resume', { body: {} });
    expect(body).toMatchObject({ state: 'active', owner: { id: 'user:sven' } });
    const audit = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', '/v1/audit?type=schedule.resumed');
    expect(audit.body.items).toMatchObject([{ actor: { id: 'user:sven' }, data: { owner: 'user:sven', before: 'user:marta' } }]);
    await sql(gateway.databaseUrl, 'update schedules set next_at = clock_timestamp()');
    const firing = async () =>
      (await gateway.call<ScheduleShown>('sven', 'GET', '/v1/schedules/nightly')).body.firings[0]?.request;
    await expect.poll(firing, { timeout: 20_000 }).toMatch(/^REQ-/);
    expect(await gateway.until((await firing()) ?? '', 'succeeded')).toMatchObject({ requester: { id: 'user:sven' } });
  });
});
