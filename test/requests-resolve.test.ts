import type { Problem, Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { lockRow, sql } from './support/beside.ts';
import { type Person, readEvents, startGateway, type TestGateway } from './support/gateway.ts';

/** A person settles a run whose outcome is unknown. The lab belongs to payments: nadia, amine and paula; sven is on call. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { company: new URL('./support/company-on-call.yaml', import.meta.url).pathname } });
});
afterAll(() => gateway.close());
beforeEach(() => {
  Object.assign(gateway.lab, { mode: 'succeed', observation: 'unknown' });
  gateway.lab.effects.length = 0;
});

let targets = 0;

/** A run of nadia's whose end nobody saw, sent so long ago that its call can arrive no more. */
async function lost(action = 'lab.change', who: Person = 'nadia'): Promise<string> {
  gateway.lab.mode = 'half';
  const { body } = await gateway.submit(who, { action, input: { target: `thing-${++targets}` } });
  await gateway.until(body.id, 'unknown');
  const old = `update requests set dispatched_at = dispatched_at - interval '2 minutes', observe_at = null where number = $1`;
  await sql(gateway.databaseUrl, old, [body.id.slice(4)]);
  gateway.lab.mode = 'succeed';
  return body.id;
}

const resolve = (who: Person | { token: string }, id: string, more: Record<string, unknown> = {}) =>
  gateway.call<Request & Problem>(who, 'POST', `/v1/requests/${id}/resolve`, {
    body: { outcome: 'succeeded', reason: 'I looked at the thing', ...more },
  });

test('somebody of the owning team says what they found: that is how it ended, with who said so, in its events and in the log', async () => {
  const id = await lost('lab.change-blindly');
  expect((await gateway.call<Request>('amine', 'GET', `/v1/requests/${id}`)).body.allowed).toEqual(['resolve']);
  const { status, body } = await resolve('amine', id);
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: 'succeeded', decidedBy: { id: 'user:amine' }, comment: 'I looked at the thing' });
  expect((await readEvents(gateway, id)).slice(-2)).toMatchObject([
    { type: 'request.resolved', actor: { id: 'user:amine' }, data: { outcome: 'succeeded', provider: 'unobservable' } },
    { type: 'request.succeeded', actor: { id: 'user:amine' } },
  ]);
  const rows = await sql(
    gateway.databaseUrl,
    `select actor_id, outcome, data->>'comment' as comment from audit_events where request = $1 and type = 'request.resolved'`,
    [id.slice(4)],
  );
  expect(rows).toEqual([{ actor_id: 'user:amine', outcome: 'ok', comment: 'I looked at the thing' }]);
});

test.each(['failed', 'not_started'])('what is said to have %s has failed, and nothing is sent again', async (outcome) => {
  const id = await lost();
  const { body } = await resolve('sven', id, { outcome });
  expect(body).toMatchObject({ state: 'failed', failure: { code: 'run.failed' } });
  expect(body.failure?.message).toContain('I looked at the thing');
  expect((await readEvents(gateway, id)).at(-1)?.type).toBe('request.failed');
  expect(gateway.lab.effects).toHaveLength(1); // the effect of the run itself
});

test('what waits on the same resource starts', async () => {
  const id = await lost();
  const { body: waits } = await gateway.submit('nadia', { action: 'lab.change', input: { target: `thing-${targets}` } });
  expect((await gateway.until(waits.id, 'queued')).waitsFor).toBe(id);
  await resolve('amine', id);
  await gateway.until(waits.id, 'succeeded');
});

describe('is refused', () => {
  test('to whoever stands behind the request, also through another account', async () => {
    const id = await lost();
    const own = await resolve('nadia', id);
    expect([own.status, own.body.code]).toEqual([403, 'policy.denied']);
    expect(own.body.detail).toContain('Nobody can resolve their own request');
    const other = await resolve({ token: await gateway.token('user:nadia-admin') }, id);
    expect(other.status).toBe(403);
  });

  test('to others than the owning team and who is on call for it, to machines, and that is recorded', async () => {
    const id = await lost();
    const manager = await resolve('marta', id);
    expect([manager.status, manager.body.code]).toEqual([403, 'policy.denied']);
    // A machine does not even see it.
    expect((await resolve({ token: await gateway.token('machine:ci-payments') }, id)).status).toBe(404);
    const rows = await sql(
      gateway.databaseUrl,
      `select actor_id from audit_events where request = $1 and type = 'approval.denied' and data->>'command' = 'resolve'`,
      [id.slice(4)],
    );
    expect(rows).toEqual([{ actor_id: 'user:marta' }]);
  });

  test('when the provider says what became of it: that settles it', async () => {
    const id = await lost();
    gateway.lab.observation = 'failed';
    const { status, body } = await resolve('amine', id);
    expect([status, body.code]).toEqual([409, 'request.state_conflict']);
    expect(body.detail).toContain('its provider has just said what became of it: failed');
    expect(await gateway.until(id, 'failed')).toMatchObject({ failure: { message: 'It had failed.' } });
    const types = (await readEvents(gateway, id)).map(({ type }) => type);
    expect(types.slice(-2)).toEqual(['request.settled', 'request.failed']);
  });

  test('while the provider says that it runs, unless one knows better', async () => {
    const id = await lost();
    gateway.lab.observation = 'running';
    const { status, body } = await resolve('amine', id, { outcome: 'failed' });
    expect([status, body.detail]).toEqual([409, `${id}: its provider says that it still runs.`]);
    expect((await resolve('amine', id, { outcome: 'failed', force: true })).body.state).toBe('failed');
    const resolved = (await readEvents(gateway, id)).find(({ type }) => type === 'request.resolved');
    expect(resolved?.data['provider']).toBe('running');
  });

  test('as not done, as long as its call may still arrive', async () => {
    const id = await lost();
    await sql(gateway.databaseUrl, 'update requests set dispatched_at = clock_timestamp() where number = $1', [id.slice(4)]);
    const { status, body } = await resolve('amine', id, { outcome: 'not_started' });
    expect([status, body.code]).toEqual([409, 'request.state_conflict']);
    expect(body.remedy).toMatch(/^Look again in (?:6\d|70) s, then decide/);
    expect((await resolve('amine', id)).body.state).toBe('succeeded');
  });

  test('of what has another outcome already, and without saying how one knows', async () => {
    const { body: done } = await gateway.submit('nadia', { action: 'lab.change', input: { target: 'done' } });
    await gateway.until(done.id, 'succeeded');
    expect((await resolve('amine', done.id)).body).toMatchObject({ status: 409, code: 'request.state_conflict' });
    const id = await lost();
    expect((await resolve('amine', id, { reason: 'seen' })).body).toMatchObject({ status: 400, errors: [{ field: '/reason' }] });
  });
});

test('of two people who say what they found at once one has said it', async () => {
  const id = await lost('lab.change-blindly');
  const lock = await lockRow(gateway.databaseUrl, id);
  const answers = Promise.all([resolve('amine', id), resolve('paula', id, { outcome: 'failed' })]);
  await lock.waiters(2);
  await lock.release();
  expect((await answers).map(({ status }) => status).sort()).toEqual([200, 409]);
  const types = (await readEvents(gateway, id)).map(({ type }) => type);
  expect(types.filter((type) => type === 'request.resolved')).toHaveLength(1);
});
