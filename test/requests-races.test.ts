import type { Request } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockRow } from './support/beside.ts';
import { type Answer, type Person, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const COMPANY = new URL('./support/company-on-call.yaml', import.meta.url).pathname;
/** Two replicas on one database; each test holds the row until both of its rivals wait for it. Sven is on call. */
let one: TestGateway;
let two: TestGateway;
const lab = new Lab();
beforeAll(async () => {
  one = await startGateway({ lab, config: { company: COMPANY } });
  two = await startGateway({ lab, databaseUrl: one.databaseUrl, config: { company: COMPANY } });
});
afterAll(async () => {
  await two.close();
  await one.close();
});

type Command = 'approve' | 'reject' | 'withdraw' | 'cancel';
const send = (gateway: TestGateway, who: Person, command: Command, id: string): Promise<Answer<Request & { code: string }>> =>
  gateway.call(who, 'POST', `/v1/requests/${id}/${command}`, { body: { comment: 'now' } });
const breakGlass = (gateway: TestGateway, who: Person, id: string): Promise<Answer<Request & { code: string }>> =>
  gateway.call(who, 'POST', `/v1/requests/${id}/break-glass`, { body: { incident: 'INC-7', reason: 'orders stand still' } });
const file = async (action: string): Promise<string> =>
  (await one.submit('marta', { action, reason: 'it is in the way' })).body.id;

test('two approvers who race for a gate of two lift it together', async () => {
  const id = await file('lab.destroy-together');
  const lock = await lockRow(one.databaseUrl, id);
  const racing = Promise.all([send(one, 'amine', 'approve', id), send(two, 'paula', 'approve', id)]);
  await lock.waiters(2);
  await lock.release();
  expect((await racing).map(({ status }) => status)).toEqual([200, 200]);
  const ended = await one.until(id, 'succeeded');
  expect(ended.approvals.map(({ by }) => by.id).sort()).toEqual(['user:amine', 'user:paula']);
});

test('one person who approves at once through two accounts counts once', async () => {
  const id = await file('lab.destroy-together');
  const lock = await lockRow(one.databaseUrl, id);
  const second = { token: await two.token('user:amine-admin') };
  const racing = Promise.all([
    send(one, 'amine', 'approve', id),
    two.call<{ code: string }>(second, 'POST', `/v1/requests/${id}/approve`, { body: {} }),
  ]);
  await lock.waiters(2);
  await lock.release();
  const answers = await racing;
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('approval.duplicate');
  expect((await one.until(id, 'awaiting_approval')).approvals).toHaveLength(1);
});

test('one person who approves twice at once counts once', async () => {
  const id = await file('lab.destroy-together');
  const lock = await lockRow(one.databaseUrl, id);
  const racing = Promise.all([send(one, 'amine', 'approve', id), send(two, 'amine', 'approve', id)]);
  await lock.waiters(2);
  await lock.release();
  const answers = await racing;
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  expect(answers.find(({ status }) => status === 409)?.body.code).toBe('approval.duplicate');
  expect((await one.until(id, 'awaiting_approval')).approvals).toHaveLength(1);
});

test.each([
  ['withdraw', 'marta', 'withdrawn'],
  ['reject', 'paula', 'rejected'],
] as const)('of an approval and a %s that race exactly one wins', async (command, who, state) => {
  for (const gateways of [
    [one, two],
    [two, one],
  ] as const) {
    const before = lab.effects.length;
    const id = await file('lab.destroy');
    const lock = await lockRow(one.databaseUrl, id);
    const approving = send(gateways[0], 'amine', 'approve', id);
    const other = send(gateways[1], who, command, id);
    await lock.waiters(2);
    await lock.release();
    const [approved, ended] = [await approving, await other];
    expect([approved.status, ended.status].sort()).toEqual([200, 409]);
    await one.until(id, approved.status === 200 ? 'succeeded' : state);
    expect(lab.effects.length - before).toBe(approved.status === 200 ? 1 : 0);
  }
});

test('of a broken glass and the last approval that race one lets it run, and it runs once', async () => {
  for (const glassFirst of [true, false]) {
    const before = lab.effects.length;
    const id = await file('lab.destroy');
    const lock = await lockRow(one.databaseUrl, id);
    const first = glassFirst ? breakGlass(one, 'sven', id) : send(one, 'amine', 'approve', id);
    await lock.waiters(1);
    const second = glassFirst ? send(two, 'amine', 'approve', id) : breakGlass(two, 'sven', id);
    await lock.waiters(2);
    await lock.release();
    expect([(await first).status, (await second).status]).toEqual([200, 409]);
    const ended = await one.until(id, 'succeeded');
    expect([ended.review?.state, ended.approvals.length]).toEqual(glassFirst ? ['open', 0] : [undefined, 1]);
    expect(lab.effects.length - before).toBe(1);
  }
});

test.each([
  ['withdraw', 'marta', 'withdrawn'],
  ['reject', 'amine', 'rejected'],
] as const)('of a broken glass and a %s that race exactly one wins', async (command, who, state) => {
  for (const glassFirst of [true, false]) {
    const before = lab.effects.length;
    const id = await file('lab.destroy');
    const lock = await lockRow(one.databaseUrl, id);
    const first = glassFirst ? breakGlass(one, 'sven', id) : send(one, who, command, id);
    await lock.waiters(1);
    const second = glassFirst ? send(two, who, command, id) : breakGlass(two, 'sven', id);
    await lock.waiters(2);
    await lock.release();
    expect([(await first).status, (await second).status]).toEqual([200, 409]);
    const ended = await one.until(id, glassFirst ? 'succeeded' : state);
    expect(ended.review?.state).toBe(glassFirst ? 'open' : undefined);
    expect(lab.effects.length - before).toBe(glassFirst ? 1 : 0);
  }
});

test('of two people who break the glass at once one has broken it, and owes the review', async () => {
  const id = await file('lab.destroy');
  const lock = await lockRow(one.databaseUrl, id);
  const racing = Promise.all([breakGlass(one, 'sven', id), breakGlass(two, 'paula', id)]);
  await lock.waiters(2);
  await lock.release();
  const answers = await racing;
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  const ended = await one.until(id, 'succeeded');
  expect(ended.review?.person).toBe(answers[0]?.status === 200 ? 'user:sven' : 'user:paula');
});

test('of two reviews at once one closes it', async () => {
  const id = await file('lab.destroy');
  await breakGlass(one, 'sven', id);
  await one.until(id, 'succeeded');
  const lock = await lockRow(one.databaseUrl, id);
  const review = (gateway: TestGateway, who: Person, verdict: string) =>
    gateway.call(who, 'POST', `/v1/requests/${id}/review`, { body: { comment: 'seen', verdict } });
  const racing = Promise.all([review(one, 'amine', 'justified'), review(two, 'paula', 'not_justified')]);
  await lock.waiters(2);
  await lock.release();
  const answers = await racing;
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  const verdict = answers[0]?.status === 200 ? 'justified' : 'not_justified';
  expect((await one.until(id, 'succeeded')).review).toMatchObject({ state: 'closed', verdict });
});

test.each(['an approval', 'a broken glass'] as const)(
  '%s that waited for the row until the window was over is too late',
  async (what) => {
    const short = await startGateway({
      lab,
      databaseUrl: one.databaseUrl,
      config: { company: COMPANY, windows: { approval: '1s', start: '60s' }, worker: { enabled: false } },
    });
    try {
      const { body } = await short.submit('marta', { action: 'lab.destroy', reason: 'it is in the way' });
      const lock = await lockRow(one.databaseUrl, body.id);
      const deciding = what === 'an approval' ? send(one, 'amine', 'approve', body.id) : breakGlass(one, 'sven', body.id);
      await lock.waiters(1);
      await new Promise((resolve) => setTimeout(resolve, Date.parse(body.expiresAt ?? '') - Date.now() + 50));
      await lock.release();
      const { status, body: problem } = await deciding;
      expect([status, problem.code]).toEqual([409, 'request.state_conflict']);
      expect(await one.until(body.id, 'expired')).toMatchObject({ approvals: [], review: null });
    } finally {
      await short.close();
    }
  },
);

test('a cancel that races the claim of its run ends it, and nothing is done', async () => {
  const before = lab.effects.length;
  const id = await file('lab.destroy');
  lab.planning = 'hang';
  await send(one, 'amine', 'approve', id);
  await one.until(id, 'running');
  expect((await send(two, 'marta', 'cancel', id)).status).toBe(200);
  const ended = await one.until(id, 'cancelled');
  lab.planning = 'succeed';
  expect(ended).toMatchObject({ decidedBy: { id: 'user:marta' }, comment: 'now', run: { dispatchedAt: null } });
  expect(lab.effects.length).toBe(before);
});
