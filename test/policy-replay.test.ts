import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuditEvent, PolicyReplayed, Problem, Request } from '@guichet/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { type Answer, COMPANY, type Person, startGateway, type TestGateway } from './support/gateway.ts';

const OPEN = '@id("everything")\npermit (principal, action, resource);';
const FOUR_EYES = `@id("four-eyes")
@approvers("owner")
@reason("Two people look at it")
forbid (principal, action in Action::"write", resource)
unless { context.approvals.contains("four-eyes") };`;
/** In force: reversible work runs alone, destructive work takes the owner, and marta may ask for nothing. */
const IN_FORCE = `${OPEN}

@id("destructive-needs-owner")
@approvers("owner")
@reason("Destructive work takes a second person")
forbid (principal, action in Action::"destructive", resource)
unless { context.approvals.contains("destructive-needs-owner") };

@id("marta-is-on-leave")
@reason("Marta is on leave")
forbid (principal == User::"marta", action in Action::"write", resource);

@id("the-log-is-for-people")
forbid (principal is Machine, action == Action::"audit.see", resource);

@id("machines-see-their-own")
forbid (principal is Machine, action == Action::"request.see", resource)
unless { resource.own };`;
const policies = (...rules: string[]) => [{ path: 'base.cedar', text: rules.join('\n\n') }];
const LONG_AGO = '2020-01-01T00:00:00Z';

const folder = mkdtempSync(join(tmpdir(), 'guichet-policies-'));
let gateway: TestGateway;
let filed: Record<'change' | 'destroy', string>;
beforeAll(async () => {
  writeFileSync(join(folder, 'base.cedar'), IN_FORCE);
  gateway = await startGateway({ config: { policies: folder, worker: { enabled: false } } });
  const file = async (action: string): Promise<string> => {
    const { status, body } = await gateway.submit('nadia', { action, reason: 'as the test asks' });
    expect(status).toBe(201);
    return body.id;
  };
  filed = { change: await file('lab.change'), destroy: await file('lab.destroy') };
  expect((await gateway.submit('marta', { action: 'lab.change' })).body.code).toBe('policy.denied');
});
afterAll(async () => {
  await gateway.close();
  rmSync(folder, { recursive: true });
});

type Page = PolicyReplayed & Problem;
const replayPage = (who: Person | { token: string }, body: Record<string, unknown>): Promise<Answer<Page>> =>
  gateway.call(who, 'POST', '/v1/policy/replay', { body: { since: LONG_AGO, ...body } });

/** All pages. */
async function replay(who: Person | { token: string }, body: Record<string, unknown> = {}): Promise<Page[]> {
  const pages: Page[] = [];
  let cursor: string | null = null;
  do {
    const answer: Answer<Page> = await replayPage(who, { ...body, ...(cursor !== null && { cursor }) });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
    pages.push(answer.body);
    cursor = answer.body.next;
  } while (cursor !== null);
  return pages;
}
const differencesOf = (pages: readonly Page[]) => pages.flatMap((page) => page.differences);
const lookedAt = (pages: readonly Page[]): number => pages.reduce((sum, { looked }) => sum + looked, 0);

test('by the rules that decided then, nothing would be otherwise', async () => {
  const pages = await replay('sven');
  expect(lookedAt(pages)).toBe(3);
  expect(differencesOf(pages)).toEqual([]);
});

test('stricter rules: what ran alone would need an approval, and by which rule', async () => {
  const differences = differencesOf(await replay('sven', { policies: policies(OPEN, FOUR_EYES) }));
  expect(differences).toContainEqual({
    request: filed.change,
    at: expect.any(String),
    requester: { id: 'user:nadia', name: 'Nadia Benali' },
    action: 'lab.change',
    environment: 'staging',
    resource: { type: 'lab.thing', id: 'alpha', owner: 'payments' },
    was: { effect: 'permit', policies: [] },
    now: { effect: 'needs', gates: [expect.objectContaining({ policy: 'four-eyes', approvers: 'team:payments' })] },
    rules: ['four-eyes'],
  });
  // The same approval by another rule is the same to everybody.
  expect(differences.map(({ request }) => request)).not.toContain(filed.destroy);
});

test('looser rules: what needed an approval would run, and what was denied would be permitted', async () => {
  const differences = differencesOf(await replay('sven', { policies: policies(OPEN) }));
  expect(differences.map(({ request, was, now, rules }) => [request, was.effect, now.effect, rules])).toEqual([
    [filed.destroy, 'needs', 'permit', ['destructive-needs-owner']],
    [null, 'deny', 'permit', ['everything']],
  ]);
  expect(differences[1]).toMatchObject({
    requester: { id: 'user:marta' },
    action: 'lab.change',
    environment: 'staging',
    resource: { type: 'lab.thing', id: 'alpha', owner: 'payments' },
  });
});

test('only what was recorded since is looked at', async () => {
  expect(lookedAt(await replay('sven', { since: new Date(Date.now() + 60_000).toISOString() }))).toBe(0);
});

test('a machine is told of what it may see: not of others, nor of what was denied', async () => {
  const machine = { token: await gateway.token('machine:ci-checkout') };
  const [page, ...more] = await replay(machine, { policies: policies(OPEN) });
  expect(more).toEqual([]);
  expect(page).toMatchObject({ looked: 0, withDenied: false, differences: [] });
  expect((await replayPage(machine, { cursor: 'denied:999999999999999999' })).status).toBe(403);
});

test('bad policies are refused with their file and line', async () => {
  const { status, body } = await replayPage('sven', { policies: policies('permit (') });
  expect(status).toBe(400);
  expect(body).toMatchObject({ code: 'input.invalid', errors: [{ field: expect.stringMatching(/base\.cedar:\d+:\d+/) }] });
});

test.each(['requests', 'requests:x', 'others:1', 'requests:1; drop table requests'])('refuses the cursor %j', async (cursor) => {
  expect((await replayPage('sven', { cursor })).body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/cursor' }] });
});

test('who replayed, since when and by which rules is recorded', async () => {
  const [page] = await replay('sven', { policies: policies(OPEN) });
  const { body } = await gateway.call<{ items: AuditEvent[] }>('sven', 'GET', '/v1/audit?type=policy.asked&limit=2');
  expect(body.items[1]).toMatchObject({
    actor: { id: 'user:sven' },
    outcome: 'ok',
    data: { what: 'replay', since: LONG_AGO, cursor: null, looked: 2, differences: 1, digest: page?.digest },
  });
});

test('an answer that cannot be recorded is not given', async () => {
  await sql(
    gateway.databaseUrl,
    `create function break_audit() returns trigger language plpgsql as $$ begin raise exception 'the log is full'; end $$;
     create trigger break_audit before insert on audit_events for each row when (new.type = 'policy.asked') execute function break_audit()`,
  );
  const { status, body } = await replayPage('sven', {});
  await sql(gateway.databaseUrl, 'drop function break_audit cascade');
  expect(status).toBe(500);
  expect(body.differences).toBeUndefined();
});

test('thousands are looked at page by page, each once, whatever is filed meanwhile', async () => {
  const columns = await sql<{ names: string }>(
    gateway.databaseUrl,
    `select string_agg(column_name, ', ') as names from information_schema.columns
     where table_name = 'requests' and is_identity = 'NO' and column_name <> 'idempotency_key'`,
  );
  const { names } = columns[0] ?? { names: '' };
  const copies = (count: number): Promise<unknown> =>
    sql(
      gateway.databaseUrl,
      `insert into requests (${names}) select ${names} from requests, generate_series(1, ${count}) where number = ${filed.change.replace('REQ-', '')}`,
    );
  await copies(2500);
  const body = { policies: policies(OPEN, FOUR_EYES) };
  const first = (await replayPage('sven', body)).body;
  await copies(50);
  const rest = await replay('sven', { ...body, cursor: first.next });
  const requests = differencesOf([first, ...rest]).flatMap(({ request }) => request ?? []);
  expect(requests).toHaveLength(2501);
  expect(new Set(requests).size).toBe(2501);
  expect([first, ...rest].map(({ looked }) => looked)).toEqual([1000, 1000, 502, 1]);
});

test('requests of somebody who has left are counted, and not decided', async () => {
  const company = join(folder, 'company.yaml');
  const text = readFileSync(COMPANY, 'utf8');
  writeFileSync(company, text.replace(/^.*fullName: Marta.*\n/m, '').replaceAll(', marta', ''));
  const other = await startGateway({
    databaseUrl: gateway.databaseUrl,
    config: { policies: folder, company, worker: { enabled: false } },
  });
  const answer = await other.call<PolicyReplayed>('sven', 'POST', '/v1/policy/replay', {
    body: { since: LONG_AGO, cursor: 'denied:999999999999999999' },
  });
  await other.close();
  expect(answer.body).toMatchObject({ looked: 1, undecidable: 1, differences: [] });
});

test('what is filed after the rules are tried is decided by the rules in force', async () => {
  await replay('sven', { policies: policies(OPEN, FOUR_EYES) });
  const { body } = await gateway.call<Request>('nadia', 'POST', '/v1/requests', {
    body: { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } },
  });
  expect(body.state).toBe('queued');
});
