import type { Problem, Request } from '@guichet/contract';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { lockRow } from './support/beside.ts';
import { Flags, flagProvider } from './support/flag-provider.ts';
import { type Answer, type Person, readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';

/** Two replicas on one database. */
let one: TestGateway;
let two: TestGateway;
const flags = new Flags();
beforeAll(async () => {
  const mounted = [{ name: 'flags', endpoint: flagProvider(flags).endpoint({ logger: SILENT }) }];
  one = await startGateway({ mounted });
  two = await startGateway({ mounted, databaseUrl: one.databaseUrl });
});
afterAll(async () => {
  await two.close();
  await one.close();
});
afterEach(() => {
  flags.saying = 'right';
  flags.restoring = 'succeed';
});

let flag = 0;
/** Sets a flag of its own in staging, where nobody has to approve it. */
async function setFlag(value = 'new', environment = 'staging'): Promise<{ name: string; request: Request }> {
  flag += 1;
  const name = `flag-${flag}`;
  flags.values.set(name, 'old');
  const filed = await one.submit('nadia', { action: 'flags.set', environment, input: { name, value }, reason: 'to see' });
  expect(filed.status).toBe(201);
  return { name, request: environment === 'staging' ? await one.until(filed.body.id, 'succeeded') : filed.body };
}

const undo = (
  who: Person | { token: string },
  id: string,
  body: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer<Request & Problem>> => one.call(who, 'POST', `/v1/requests/${id}/undo`, { body, headers });
const show = async (id: string): Promise<Request> => (await one.call<Request>('sven', 'GET', `/v1/requests/${id}`)).body;

test('a request is undone by another one, with the input that puts back what was there before', async () => {
  const { name, request } = await setFlag();
  expect(flags.values.get(name)).toBe('new');
  expect(request.undo).toEqual({ action: 'flags.restore', input: { name, value: 'old' }, problem: null });
  const { body, status } = await undo('marta', request.id, { reason: 'no longer needed' });
  expect(status).toBe(201);
  expect(body).toMatchObject({
    action: 'flags.restore',
    undoOf: request.id,
    reason: 'no longer needed',
    requester: { id: 'user:marta' },
  });
  expect(body.plan.summary).toBe(`Sets '${name}' back to 'old'`);
  await one.until(body.id, 'succeeded');
  expect(flags.values.get(name)).toBe('old');
  expect(await show(request.id)).toMatchObject({ state: 'succeeded', undoneBy: body.id });
});

test('it is told on both, and in the audit log', async () => {
  const { request } = await setFlag();
  const { body } = await undo('nadia', request.id);
  await one.until(body.id, 'succeeded');
  const told = (await readEvents(one, request.id)).slice(-2).map(({ type, actor, data }) => [type, actor?.id, data]);
  expect(told).toEqual([
    ['request.undo_filed', 'user:nadia', { undo: body.id }],
    ['request.undone', undefined, { undo: body.id }],
  ]);
  const { body: audit } = await one.call<{ items: { type: string }[] }>('sven', 'GET', `/v1/audit?request=${request.id}&limit=2`);
  expect(audit.items.map(({ type }) => type)).toEqual(['request.undone', 'request.undo_filed']);
});

test('what undoes it takes the approvals of its own action, and is approved like any', async () => {
  const { name, request } = await setFlag('new', 'production');
  await one.call('amine', 'POST', `/v1/requests/${request.id}/approve`, { body: {} });
  await one.until(request.id, 'succeeded');
  const { body } = await undo('nadia', request.id, { reason: 'it did not help' });
  expect(body).toMatchObject({ state: 'awaiting_approval', gates: [{ approvers: 'team:payments' }] });
  expect((await one.call<Problem>('nadia', 'POST', `/v1/requests/${body.id}/approve`, { body: {} })).body.code).toBe(
    'approval.own_request',
  );
  await one.call('paula', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  await one.until(body.id, 'succeeded');
  expect(flags.values.get(name)).toBe('old');
});

test('two who undo it at once file one request, and the other is told which', async () => {
  const { name, request } = await setFlag();
  const lock = await lockRow(one.databaseUrl, request.id);
  const racing = Promise.all([
    undo('nadia', request.id),
    two.call<Request & Problem>('marta', 'POST', `/v1/requests/${request.id}/undo`, { body: {} }),
  ]);
  await lock.waiters(2);
  await lock.release();
  const answers = (await racing).sort((a, b) => a.status - b.status);
  expect(answers.map(({ status }) => status)).toEqual([201, 409]);
  const [filed, refused] = answers;
  expect(refused?.body).toMatchObject({ code: 'request.undone', details: { undoneBy: filed?.body.id } });
  await one.until(filed?.body.id ?? '', 'succeeded');
  expect(flags.effects.filter((effect) => effect === `${name}=old`)).toHaveLength(1);
});

test('what was undone is not undone again, and what is being undone is not either', async () => {
  const { request } = await setFlag('new');
  const { body } = await undo('nadia', request.id);
  await one.until(body.id, 'succeeded');
  const again = await undo('nadia', request.id);
  expect(again).toMatchObject({
    status: 409,
    body: { code: 'request.undone', detail: `${request.id} was undone already, by ${body.id}.` },
  });
  expect((await show(request.id)).allowed).not.toContain('undo');
});

test('an undo that came to nothing may be filed again, and the request says how it ended', async () => {
  const { request } = await setFlag();
  flags.restoring = 'fail';
  const { body: first } = await undo('nadia', request.id);
  await one.until(first.id, 'failed');
  expect(await show(request.id)).toMatchObject({ undoneBy: null });
  const events = await readEvents(one, request.id);
  expect(events.at(-1)).toMatchObject({
    type: 'request.undo_failed',
    data: { undo: first.id, state: 'failed', message: 'The flags cannot be written.' },
  });
  flags.restoring = 'succeed';
  const { body: second } = await undo('nadia', request.id);
  await one.until(second.id, 'succeeded');
  expect((await show(request.id)).undoneBy).toBe(second.id);
});

test('the same Idempotency-Key files one undo, however often it is sent', async () => {
  const { request } = await setFlag();
  const headers = { 'idempotency-key': `undo-${request.id}` };
  const first = await undo('nadia', request.id, { reason: 'to see' }, headers);
  await one.until(first.body.id, 'succeeded');
  const second = await undo('nadia', request.id, { reason: 'to see' }, headers);
  expect(second).toMatchObject({ status: 201, body: { id: first.body.id } });
});

test('the same call of an undo, sent again while the first is being served, gives the same request', async () => {
  const { request } = await setFlag();
  const headers = { 'idempotency-key': `undo-at-once-${request.id}` };
  const lock = await lockRow(one.databaseUrl, request.id);
  const racing = Promise.all([
    undo('nadia', request.id, {}, headers),
    two.call<Request & Problem>('nadia', 'POST', `/v1/requests/${request.id}/undo`, { body: {}, headers }),
  ]);
  await lock.waiters(2);
  await lock.release();
  const [first, second] = await racing;
  expect([first.status, second.status]).toEqual([201, 201]);
  expect(second.body.id).toBe(first.body.id);
  await one.until(first.body.id, 'succeeded');
});

test.each([
  ['nothing', 'Its run left nothing that could be undone.'],
  ['nonsense', 'Its run left nothing that could be undone.'],
  ['throw', 'Its run left nothing that could be undone.'],
] as const)('a provider that says %s of the undo has succeeded all the same, and is not undoable', async (saying, problem) => {
  flags.saying = saying;
  const { request } = await setFlag();
  expect(request.undo).toEqual({ action: 'flags.restore', input: null, problem });
  const refused = await undo('nadia', request.id);
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'request.not_undoable', detail: `${request.id} cannot be undone. ${problem}` },
  });
  expect(request.allowed).not.toContain('undo');
});

test('what names no undo, and what has not succeeded, is refused in words', async () => {
  const hoisted = await one.submit('nadia', { action: 'flags.hoist', input: { name: 'blue' } });
  await one.until(hoisted.body.id, 'succeeded');
  expect((await undo('nadia', hoisted.body.id)).body).toMatchObject({
    code: 'request.not_undoable',
    detail: `${hoisted.body.id} cannot be undone: flags.hoist names no action that undoes it.`,
  });
  const { request } = await setFlag('new', 'production');
  expect((await undo('nadia', request.id)).body).toMatchObject({
    code: 'request.not_undoable',
    detail: `${request.id} is awaiting approval: only what has succeeded can be undone.`,
    remedy: 'It has not started: guichet requests withdraw takes it back.',
  });
});

test('a plan of the undo that is not the one shown files nothing', async () => {
  const { request } = await setFlag();
  const refused = await undo('nadia', request.id, { fingerprint: 'of another day' });
  expect(refused).toMatchObject({ status: 409, body: { code: 'plan.drifted' } });
  expect((await show(request.id)).undoneBy).toBeNull();
});
