import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { readEvents, startGateway, type TestGateway } from './support/gateway.ts';

/** What waits while nobody knows what became of another run on the same resource. */
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ config: { windows: { approval: '60s', start: '3s' } } });
});
afterAll(() => gateway.close());
beforeEach(() => {
  Object.assign(gateway.lab, { mode: 'succeed', planning: 'succeed', observation: 'running' });
  gateway.lab.effects.length = 0;
});

const submit = (target: string, action = 'lab.change') => gateway.submit('nadia', { action, input: { target } });

/** Leaves a run of which nobody knows how it ended. */
async function lose(target: string, action = 'lab.change'): Promise<string> {
  gateway.lab.mode = 'half';
  const { body } = await submit(target, action);
  await gateway.until(body.id, 'unknown');
  gateway.lab.mode = 'succeed';
  return body.id;
}

test('a run waits for one whose outcome is unknown, says so, and starts when that is settled', async () => {
  const unknown = await lose('one');
  const { body: waits } = await submit('one');
  const { body: other } = await submit('two');
  await gateway.until(other.id, 'succeeded');
  expect(await gateway.until(waits.id, 'queued')).toMatchObject({ waitsFor: unknown, run: null });
  expect((await gateway.call('nadia', 'GET', '/v1/requests')).body['items']).toContainEqual(
    expect.objectContaining({ id: waits.id, waitsFor: unknown }),
  );
  gateway.lab.observation = 'succeeded';
  await gateway.until(unknown, 'succeeded');
  expect((await gateway.until(waits.id, 'succeeded')).waitsFor).toBeNull();
}, 60_000);

test('what was being planned when the other one was lost goes back to the queue, unsent', async () => {
  gateway.lab.mode = 'ignore-cancel';
  const entry = gateway.lab.nextEntry();
  const { body: lost } = await submit('three', 'lab.change-quickly');
  await entry;
  const { body: waits } = await gateway.submit('nadia', { action: 'lab.destroy', input: { target: 'three' }, reason: 'old' });
  const planning = gateway.lab.nextPlan();
  gateway.lab.planning = 'hang';
  await gateway.call('amine', 'POST', `/v1/requests/${waits.id}/approve`, { body: {} });
  await planning;
  gateway.lab.mode = 'succeed';
  await gateway.until(lost.id, 'unknown'); // it ignored its deadline
  gateway.lab.planning = 'succeed';
  gateway.lab.release();
  const requeued = (await readEvents(gateway, waits.id, { enough: ({ type }) => type === 'request.requeued' })).at(-1);
  expect(requeued?.data).toMatchObject({ waitsFor: lost.id });
  expect(await gateway.until(waits.id, 'queued', 'expired')).toMatchObject({ run: { dispatchedAt: null } });
});

test('what waits too long expires aloud: its approval is not kept for days', async () => {
  const unknown = await lose('four', 'lab.change-blindly');
  const { body: waits } = await submit('four');
  expect(await gateway.until(waits.id, 'expired')).toMatchObject({ run: null });
  const expired = (await readEvents(gateway, waits.id)).at(-1);
  expect(expired).toMatchObject({ type: 'request.expired', data: { was: 'queued', waitsFor: unknown } });
});
