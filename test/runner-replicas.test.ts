import type { ProviderEndpoint, Request, RequestEvent } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { readEvents, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab, labProvider } from './support/lab-provider.ts';

/** `front` takes calls and claims nothing; `back` runs. What they share is the database. */
let front: TestGateway;
let back: TestGateway;
const lab = new Lab();
const granted: { run: string | null; iat: string }[] = [];
beforeAll(async () => {
  front = await startGateway({ lab, config: { worker: { enabled: false } } });
  const endpoint = labProvider(lab).endpoint();
  const watched: ProviderEndpoint = {
    manifest: (signal) => endpoint.manifest(signal),
    options: (call) => endpoint.options(call),
    plan: (call) => endpoint.plan(call),
    observe: (call) => endpoint.observe(call),
    run: (call) => {
      granted.push({ run: call.grant.run, iat: call.grant.iat });
      return endpoint.run(call);
    },
  };
  back = await startGateway({ mounted: watched, lab, databaseUrl: front.databaseUrl });
});
afterAll(async () => {
  await back.close();
  await front.close();
});
beforeEach(() => {
  Object.assign(lab, { mode: 'succeed', planning: 'succeed', observation: 'unknown' });
  lab.effects.length = 0;
  lab.entries.length = 0;
});

const isEnd = ({ type }: RequestEvent): boolean => type === 'request.succeeded' || type === 'request.cancelled';

test('approved at one replica, run by another, watched at the first as it happens', async () => {
  const { body } = await front.submit('nadia', { action: 'lab.destroy', reason: 'in the way' });
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const seen: string[] = [];
  const watching = readEvents(front, body.id, { enough: (event) => seen.push(event.type) > 0 && isEnd(event) });
  await front.call('amine', 'POST', `/v1/requests/${body.id}/approve`, { body: {} });
  await entry;
  await expect.poll(() => seen).toContain('run.progress'); // while the run still hangs
  expect(seen).not.toContain('request.succeeded');
  lab.release();
  await watching;
  expect(seen.at(-1)).toBe('request.succeeded');
});

test('cancelled at a replica that does not run it', async () => {
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  const { body } = await front.submit('nadia', { action: 'lab.change' });
  await entry;
  await front.call<Request>('nadia', 'POST', `/v1/requests/${body.id}/cancel`, { body: {} });
  await front.until(body.id, 'cancelled');
  expect(lab.effects).toEqual([]);
});

test('many requests over two workers: each runs once, none is lost', async () => {
  const third = await startGateway({ lab, databaseUrl: front.databaseUrl });
  try {
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, index) => (index % 2 === 0 ? front : back).submit('nadia', { action: 'lab.change' })),
    );
    const ended = await Promise.all(answers.map(({ body }) => front.until(body.id, 'succeeded')));
    expect(ended.every(({ run }) => run?.attempt === 1)).toBe(true);
    expect(lab.effects).toHaveLength(80);
    expect([...lab.effects].sort()).toEqual(ended.map(({ run }) => run?.id).sort());
    expect(new Set(ended.map(({ run }) => run?.worker)).size).toBe(2);
  } finally {
    await third.close();
  }
});

test('a run that was taken from its worker is let go: what the worker still hears is not written', async () => {
  lab.mode = 'hang';
  const entry = lab.nextEntry();
  // A target of its own: it stays unknown, and holds up what comes after it on the same.
  const { body } = await front.submit('nadia', { action: 'lab.change', input: { target: 'taken' } });
  await entry;
  // What another replica does when the lease is over, done by hand: the token is raised, the run is unknown.
  await sql(
    front.databaseUrl,
    `update requests set state = 'unknown', fencing_token = fencing_token + 1, lease_until = null, observe_at = null where number = $1`,
    [body.id.slice(4)],
  );
  const before = (await front.until(body.id, 'unknown')).lastEvent;
  lab.release();
  await sql(front.databaseUrl, 'select pg_sleep(1)');
  expect(await front.until(body.id, 'unknown')).toMatchObject({ lastEvent: before, output: null });
});

test('the grant of a run dates from before its dispatch: a worker that sleeps in between comes too late', async () => {
  const { body } = await front.submit('nadia', { action: 'lab.change' });
  const { run } = await front.until(body.id, 'succeeded');
  const grant = granted.find((each) => each.run === run?.id);
  const [row] = await sql<{ before: boolean }>(
    front.databaseUrl,
    'select $2::timestamptz <= dispatched_at as before from requests where number = $1',
    [body.id.slice(4), grant?.iat],
  );
  expect(row?.before).toBe(true);
});
