import type { AuditEvent, Problem, Request, RequestSummary, TokenCreated } from '@guichet/contract';
import { testDatabase } from '@guichet/postgres-server/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Person, startGateway, type TestGateway } from './support/gateway.ts';
import { Lab } from './support/lab-provider.ts';

const folder = (name: string): string => new URL(`./support/${name}`, import.meta.url).pathname;
const lab = new Lab();
let gateway: TestGateway;
beforeAll(async () => {
  const actions = [
    { action: 'lab.look', max: 2, per: '1h', of: 'all' },
    { action: 'lab.change-quickly', max: 1, per: '1h', of: 'all' },
  ];
  gateway = await startGateway({ lab, config: { policies: folder('place-policies'), limits: { actions } } });
});
afterAll(() => gateway.close());
beforeEach(() => Object.assign(lab, { service: undefined, planning: 'succeed' }));

const submit = async (who: Person, more: Record<string, unknown> = {}) =>
  gateway.submit(who, { action: 'lab.change', reason: 'as the test asks', ...more });
const approve = (who: Person, id: string) =>
  gateway.call<Request & Problem>(who, 'POST', `/v1/requests/${id}/approve`, { body: { comment: 'go' } });
const audit = async (query: string): Promise<AuditEvent[]> =>
  (await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', `/v1/audit?${query}`)).body.items;

describe('a rule about a service', () => {
  test('holds for what a plan says to be of the service, and for nothing else', async () => {
    expect((await submit('nadia')).body.state).toBe('queued');
    lab.service = 'orders';
    const { body } = await submit('nadia');
    expect(body).toMatchObject({ state: 'awaiting_approval', gates: [{ policy: 'orders-takes-its-team' }] });
    expect((await approve('amine', body.id)).status).toBe(200);
    expect((await gateway.until(body.id, 'succeeded', 'failed', 'void')).state).toBe('succeeded');
  });

  test('does not lose what moves to the service between the approval and the run', async () => {
    lab.service = 'orders';
    const { body } = await submit('nadia');
    lab.service = undefined;
    await approve('amine', body.id);
    const { state, failure } = await gateway.until(body.id, 'succeeded', 'failed', 'void');
    expect([state, failure?.code]).toEqual(['void', 'plan.drifted']);
  });

  test('is not passed by a service that the company does not have', async () => {
    lab.service = 'odrers';
    const { status, body } = await submit('nadia');
    expect([status, body.code]).toEqual([502, 'provider.protocol']);
    expect(body.detail).toContain("service 'odrers', which the company does not have");
  });
});

test('a list shows what policy lets each caller see, one by one, and its pages are full', async () => {
  const hidden = (await submit('nadia', { environment: 'production' })).body.id;
  const shown = (await submit('nadia', { environment: 'staging' })).body.id;
  for (let more = 0; more < 3; more += 1) await submit('nadia', { environment: 'production' });
  const first = await gateway.call<{ items: RequestSummary[] }>('sven', 'GET', '/v1/requests?limit=1');
  expect(first.body.items.map(({ id }) => id)).toEqual([shown]);
  const all = await gateway.call<{ items: RequestSummary[] }>('sven', 'GET', '/v1/requests?limit=200');
  expect(all.body.items.map(({ id }) => id)).not.toContain(hidden);
  expect((await gateway.call('sven', 'GET', `/v1/requests/${hidden}`)).status).toBe(404);
  const own = await gateway.call<{ items: RequestSummary[] }>('amine', 'GET', '/v1/requests?limit=200');
  expect(own.body.items.map(({ id }) => id)).toContain(hidden);
});

test('who may not use an action uses up nothing of what others may, and what it answers stays out of the log', async () => {
  const look = (who: Person) =>
    gateway.call<Problem>(who, 'POST', '/v1/actions/lab.look/read', {
      body: { environment: 'staging', input: { target: 'the-vault' } },
    });
  for (let tries = 0; tries < 4; tries += 1) expect((await look('nadia')).status).toBe(403);
  expect((await look('sven')).status).toBe(200);
  expect((await look('sven')).status).toBe(200);
  expect((await look('sven')).status).toBe(429);
  const [answered] = await audit('type=read.answered&limit=1');
  expect(answered?.data).toEqual({ input: { target: 'the-vault' }, result: 'a line of text' });
});

test('a submission above the limit is refused before its provider is asked', async () => {
  const { body } = await submit('nadia', { action: 'lab.change-quickly' });
  await gateway.until(body.id, 'succeeded');
  let plans = 0;
  void lab.nextPlan().then(() => (plans += 1));
  expect((await submit('nadia', { action: 'lab.change-quickly' })).status).toBe(429);
  expect(plans).toBe(0);
});

test('every refusal by policy is in the audit log, whatever was asked for', async () => {
  const { body } = await gateway.call<TokenCreated>('paula', 'POST', '/v1/tokens', {
    body: { name: 'narrow', expiresInDays: 1, scope: { actions: ['lab.change'] } },
  });
  const narrow = { token: body.secret };
  const calls = [
    ['GET', '/v1/audit', undefined],
    ['GET', '/v1/people', undefined],
    ['POST', '/v1/tokens', { name: 'wider', expiresInDays: 1, scope: {} }],
    ['GET', '/v1/actions/lab.destroy', undefined],
    ['POST', '/v1/actions/lab.destroy/plan', { environment: 'staging', input: { target: 1 } }],
  ] as const;
  for (const [method, path, sent] of calls)
    expect((await gateway.call(narrow, method, path, sent === undefined ? {} : { body: sent })).status, path).toBe(403);
  const rows = await audit('actor=user:paula&type=access.denied&limit=10');
  expect(rows.map(({ data, outcome }) => [data['route'], outcome]).reverse()).toEqual(
    ['audit.list', 'people.list', 'tokens.create', 'actions.show', 'actions.plan'].map((route) => [route, 'denied']),
  );
});

test('who may not see the company tries cases with a company of their own', async () => {
  const { body: narrow } = await gateway.call<TokenCreated>('paula', 'POST', '/v1/tokens', {
    body: { name: 'narrow', expiresInDays: 1, scope: { environments: ['staging'] } },
  });
  const token = narrow.secret;
  const cases = (head: string) => `${head}cases:\n  - { name: x, who: "user:nadja", operation: audit.see, expect: permit }\n`;
  const tried = (text: string) =>
    gateway.call<{ findings: { message: string; remedy?: string }[]; passed: number }>({ token }, 'POST', '/v1/policy/test', {
      body: { files: [{ path: 'cases.yaml', text }] },
    });
  const { body } = await tried(cases(''));
  expect(JSON.stringify(body.findings)).toContain('needs a company of its own');
  expect(JSON.stringify(body.findings)).not.toContain('nadia');
  const own = 'company:\n  people: [{ name: nadja, fullName: Nadja }]\n';
  expect((await tried(cases(own))).body.passed).toBe(1);
});

test('a gate that policy sets while a request waits is one of its gates from the next approval on', async () => {
  const database = await testDatabase();
  const world = new Lab();
  const before = await startGateway({ lab: world, databaseUrl: database.url, config: { worker: { enabled: false } } });
  const { body: filed } = await before.submit('nadia', { action: 'lab.destroy', reason: 'it is in the way' });
  await before.close();
  const after = await startGateway({ lab: world, databaseUrl: database.url, config: { policies: folder('stricter-policies') } });
  try {
    const yes = (who: Person) =>
      after.call<Request>(who, 'POST', `/v1/requests/${filed.id}/approve`, { body: { comment: 'go' } });
    const { body } = await yes('amine');
    expect(body.state).toBe('awaiting_approval');
    expect(body.gates.map(({ policy }) => policy)).toEqual(['destructive-needs-owner', 'destructive-needs-sre']);
    expect((await yes('sven')).status).toBe(200);
    expect((await after.until(filed.id, 'succeeded', 'failed', 'void')).state).toBe('succeeded');
  } finally {
    await after.close();
    await database[Symbol.asyncDispose]?.();
  }
});
