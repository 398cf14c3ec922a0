import type { Problem, Request } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type ChangedCompanies, changedCompanies } from './support/changed-company.ts';
import { COMPANY, readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** `front` takes requests and approvals; another gateway runs them in a world that has changed meanwhile. */
let front: TestGateway;
let companies: ChangedCompanies;
const lab = new Lab();
beforeAll(async () => {
  companies = await changedCompanies(COMPANY);
  front = await startGateway({ lab, config: { worker: { enabled: false } } });
});
afterAll(async () => {
  await front.close();
  await companies[Symbol.asyncDispose]();
});

async function approved(): Promise<Request> {
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  await front.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  return front.until(body.id, 'queued');
}

/** Runs what is queued in another world, and gives what became of the request. */
async function runIn(options: Parameters<typeof startGateway>[0], id: string): Promise<Request> {
  const back = await startGateway({ lab, databaseUrl: front.databaseUrl, ...options });
  try {
    return await front.until(id, 'void');
  } finally {
    await back.close();
  }
}

test('an approval of somebody who has left the team since does not count, and the run is void', async () => {
  const { id } = await approved();
  const company = await companies.with({ 'members: [amine, paula, nadia]': 'members: [paula, nadia]' });
  const ended = await runIn({ config: { company } }, id);
  expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining("'payments'") });
  expect(ended.run?.dispatchedAt).toBeNull();
});

test('the request of somebody who has left the company does not run', async () => {
  const { id } = await approved();
  const company = await companies.with({
    '{ name: nadia, fullName': '{ name: someone, fullName',
    '[nadia, marta]': '[marta]',
    '[amine, paula, nadia]': '[amine, paula]',
  });
  const ended = await runIn({ config: { company } }, id);
  expect(ended.failure).toMatchObject({ code: 'policy.denied', message: expect.stringContaining('no longer in the company') });
});

test('an action that is not the one that was approved does not run', async () => {
  const { id } = await approved();
  const mounted = labProvider(lab, { wording: 'something else' }).endpoint({ logger: SILENT });
  const ended = await runIn({ mounted }, id);
  expect(ended.failure).toMatchObject({ code: 'plan.drifted', message: 'lab.destroy has changed since the request was filed.' });
});

test('an action that changed since the request was filed is void at the approval already', async () => {
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  const mounted = labProvider(lab, { wording: 'another thing' }).endpoint({ logger: SILENT });
  const other = await startGateway({ lab, mounted, databaseUrl: front.databaseUrl, config: { worker: { enabled: false } } });
  const answer = await other.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  await other.close();
  expect([answer.status, answer.body['code']]).toEqual([409, 'request.state_conflict']);
  expect((await front.until(body.id, 'void')).approvals).toEqual([]);
  expect(lab.effects).toEqual([]);
});

test('what belongs to another team by now does not run on the yes of the old one', async () => {
  const { id } = await approved();
  lab.owner = 'sre';
  try {
    const ended = await runIn({}, id);
    const message = expect.stringContaining("It belongs to team 'sre' now, no longer to team 'payments'.");
    expect(ended.failure).toMatchObject({ code: 'plan.drifted', message });
    expect(ended.drift?.resource.owner).toBe('sre');
    expect(lab.effects).toEqual([]);
  } finally {
    lab.owner = 'payments';
  }
});

test('a replica that has not heard yet what the provider offers voids nothing: not at the approval, not before the run', async () => {
  const { id } = await approved();
  const { body: waiting } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way too' });
  // The replica that heard it was killed before it had saved it.
  await sql(front.databaseUrl, 'delete from providers');
  const config = { providers: [{ name: 'lab', url: 'http://127.0.0.1:9' }] };
  const back = await startGateway({ databaseUrl: front.databaseUrl, mounted: 'none', config });
  try {
    const [requeued] = (await readEvents(front, id, { enough: ({ type }) => type === 'request.requeued' })).slice(-1);
    expect(requeued?.data['failure']).toMatchObject({ code: 'action.unavailable' });
    const refused = await back.call<Problem>('amine', 'POST', `/v1/requests/${waiting.id}/approve`, { body: {} });
    expect(refused.body).toMatchObject({ code: 'action.unavailable', retryable: true });
    expect((await front.until(waiting.id, 'awaiting_approval')).state).toBe('awaiting_approval');
  } finally {
    await back.close();
  }
});
