import type { Request, RequestEvent } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { readEvents, startGateway, type TestGateway } from './support/gateway.ts';
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
  lab.entries.length = 0;
});

let targets = 0;

/** Files a write in staging and comes back when its handler has been entered. Each has a target of its own: one that stays unknown holds up none. */
async function entered(action: string): Promise<string> {
  const entry = lab.nextEntry();
  const { body } = await gateway.submit('nadia', { action, input: { target: `thing-${++targets}` } });
  await entry;
  return body.id;
}
const cancel = (id: string) =>
  gateway.call<Request>('nadia', 'POST', `/v1/requests/${id}/cancel`, { body: { comment: 'wrong one' } });
const upTo = async (id: string, type: RequestEvent['type']): Promise<RequestEvent[]> =>
  readEvents(gateway, id, { enough: (event) => event.type === type });

describe('cancelling a run', () => {
  test('a run that listens stops, and nothing is done', async () => {
    lab.mode = 'hang';
    const id = await entered('lab.change');
    expect((await cancel(id)).body.cancelRequestedAt).not.toBeNull();
    const ended = await gateway.until(id, 'cancelled');
    expect(ended).toMatchObject({ decidedBy: { id: 'user:nadia' }, comment: 'wrong one' });
    expect(lab.effects).toEqual([]);
  });

  test('a run that does not listen is cut off, is unknown, and is what the provider says that it is', async () => {
    lab.mode = 'ignore-cancel';
    const id = await entered('lab.change');
    await cancel(id);
    const lost = (await upTo(id, 'request.lost')).at(-1);
    expect(lost?.data).toMatchObject({ message: 'It was asked to stop, and did not say in time how it ended.' });
    lab.observation = 'succeeded';
    lab.release();
    const ended = await gateway.until(id, 'succeeded');
    expect(ended.output).toMatchObject({ summary: 'It was done' });
    expect(lab.effects).toHaveLength(1);
  });

  test('a run whose plan hangs is cancelled without waiting for it', async () => {
    const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
    lab.planning = 'hang';
    const planning = lab.nextPlan();
    await gateway.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
    await planning;
    await cancel(body.id);
    const ended = await gateway.until(body.id, 'cancelled');
    expect(ended.run).toMatchObject({ attempt: 1, dispatchedAt: null });
  });

  test('a run that ends before it hears of the cancel has ended as it says', async () => {
    lab.mode = 'ignore-cancel';
    const id = await entered('lab.change');
    await cancel(id);
    lab.release();
    expect((await gateway.until(id, 'succeeded')).cancelRequestedAt).not.toBeNull();
  });
});

describe('the deadline', () => {
  test('a run that takes longer than its limit is stopped and has failed, and says so', async () => {
    lab.mode = 'hang';
    const id = await entered('lab.change-quickly');
    const ended = await gateway.until(id, 'failed');
    expect(ended.failure).toMatchObject({ code: 'run.deadline_exceeded', message: expect.stringContaining('1 s') });
    expect(Date.parse(ended.run?.deadlineAt ?? '') - Date.parse(ended.run?.dispatchedAt ?? '')).toBe(1000);
    expect(lab.effects).toEqual([]);
  });

  test('a run that ignores its deadline is unknown, never failed', async () => {
    lab.mode = 'ignore-cancel';
    const id = await entered('lab.change-quickly');
    expect((await gateway.until(id, 'unknown')).failure).toBeNull();
    lab.release();
  });
});

describe('a run whose end nobody saw', () => {
  /** The provider's answer ends after the effect, without saying how. */
  const halfway = async (observation: Lab['observation']): Promise<string> => {
    Object.assign(lab, { mode: 'half', observation });
    return entered('lab.change');
  };

  test('is unknown, and succeeded when the provider observes that it did', async () => {
    const id = await halfway('succeeded');
    expect((await gateway.until(id, 'succeeded')).output).toMatchObject({ summary: 'It was done' });
    const types = (await readEvents(gateway, id)).map(({ type }) => type);
    expect(types.slice(types.indexOf('request.lost'))).toEqual(['request.lost', 'request.settled', 'request.succeeded']);
    expect(lab.effects).toHaveLength(1);
  });

  test('failed when the provider observes that it did', async () => {
    const id = await halfway('failed');
    expect((await gateway.until(id, 'failed')).failure).toMatchObject({ code: 'run.failed', message: 'It had failed.' });
  });

  test('stays unknown while the provider says that it runs, and is asked again', async () => {
    const id = await halfway('running');
    await upTo(id, 'request.lost');
    await sql(gateway.databaseUrl, 'select pg_sleep(0.5)');
    expect((await gateway.until(id, 'unknown')).failure).toBeNull();
    lab.observation = 'succeeded';
    await gateway.until(id, 'succeeded');
  });

  test('stays unknown while the provider cannot tell, however often it is asked', async () => {
    const id = await halfway('unknown');
    await upTo(id, 'request.lost');
    for (let asked = 0; asked < 3; asked++) {
      await sql(gateway.databaseUrl, 'update requests set observe_at = now() where number = $1', [id.slice(4)]);
      await sql(gateway.databaseUrl, 'select pg_sleep(0.4)');
    }
    expect((await gateway.until(id, 'unknown')).failure).toBeNull();
    expect(lab.entries).toHaveLength(1);
  });

  test('goes back to the queue when it has not started, and waits until the lost call can arrive no more', async () => {
    const id = await halfway('not_started');
    const requeued = (await upTo(id, 'request.requeued')).at(-1);
    const { run } = await gateway.until(id, 'queued');
    const [row] = await sql<{ waits: string }>(
      gateway.databaseUrl,
      'select extract(epoch from run_after - started_at)::text as waits from requests where number = $1',
      [id.slice(4)],
    );
    expect(Number(row?.waits)).toBeGreaterThanOrEqual(70);
    expect(requeued?.data['runAfter']).toBeDefined();
    expect(lab.entries).toEqual([run?.id]);
  });

  test('stays unknown for ever when its action can neither be observed nor repeated', async () => {
    lab.mode = 'half';
    const id = await entered('lab.change-blindly');
    const lost = (await upTo(id, 'request.lost')).at(-1);
    expect(lost?.data).toMatchObject({ observable: false });
    expect((await gateway.until(id, 'unknown')).allowed).toEqual([]);
    expect(lab.entries).toHaveLength(1);
  });

  test('is simply run again when its action is idempotent and cannot be observed', async () => {
    lab.mode = 'half';
    const id = await entered('lab.change-idempotently');
    lab.mode = 'succeed';
    expect((await gateway.until(id, 'succeeded')).run?.attempt).toBe(2);
    expect(new Set(lab.entries).size).toBe(2);
  });

  test('is unknown, not cancelled, when somebody cancels it before it is run again', async () => {
    lab.mode = 'half';
    const id = await entered('lab.change-idempotently');
    const putOff = async () =>
      (
        await sql(
          gateway.databaseUrl,
          `update requests set run_after = now() + interval '1 hour' where number = $1 and state = 'queued' returning number`,
          [id.slice(4)],
        )
      ).length;
    await expect.poll(putOff, { timeout: 10_000, interval: 20 }).toBe(1);
    const { body } = await cancel(id);
    expect(body).toMatchObject({ state: 'unknown', comment: 'wrong one' });
    const told = (await readEvents(gateway, id, { enough: ({ type }) => type === 'request.lost' })).at(-1);
    expect(told?.data['message']).toContain('An earlier try was sent');
    expect(lab.effects).not.toEqual([]);
  });
});

describe('retries', () => {
  test('a retryable failure of an idempotent action is tried again', async () => {
    lab.mode = 'retryable';
    const id = await entered('lab.change-idempotently');
    lab.mode = 'succeed';
    expect((await gateway.until(id, 'succeeded')).run?.attempt).toBe(2);
    const requeued = (await readEvents(gateway, id)).find(({ type }) => type === 'request.requeued');
    expect(requeued?.data).toMatchObject({ failure: { code: 'run.failed', message: 'The thing is busy.' } });
  });

  test('a retryable failure of another action is not', async () => {
    lab.mode = 'retryable';
    const id = await entered('lab.change');
    expect((await gateway.until(id, 'failed')).failure).toMatchObject({ message: 'The thing is busy.', retryable: true });
    expect(lab.entries).toHaveLength(1);
  });

  test('the fifth try is the last', async () => {
    lab.mode = 'retryable';
    const id = await entered('lab.change-idempotently');
    for (let attempt = 1; attempt < 5; attempt++) {
      await expect.poll(() => lab.entries.length).toBe(attempt);
      await gateway.until(id, 'queued');
      await sql(gateway.databaseUrl, 'update requests set run_after = now() where number = $1', [id.slice(4)]);
    }
    expect((await gateway.until(id, 'failed')).run?.attempt).toBe(5);
    expect(lab.entries).toHaveLength(5);
  });
});
