import type { AuditEvent } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';

interface Page {
  readonly items: AuditEvent[];
  readonly next: string | null;
}

let gateway: TestGateway;
let client: pg.Client;
/** Events of many months, older than all that the gateway writes: each month has 300 of them. */
const MONTHS = 10;

beforeAll(async () => {
  gateway = await startGateway();
  client = new pg.Client({ connectionString: gateway.databaseUrl });
  await client.connect();
  await client.query(`insert into audit_events (at, type, actor_id, actor_name, outcome, action, environment, resource, data)
    select now() - interval '${MONTHS} months' + i * interval '1 month' / 300, case i % 3 when 0 then 'read.answered' when 1 then 'read.failed' else 'plan.answered' end,
      'user:p' || i % 7, 'Person ' || i % 7, case i % 3 when 1 then 'failed' else 'ok' end, 'old.' || case i % 2 when 0 then 'look' else 'peek' end,
      case i % 4 when 0 then 'production' else 'staging' end, 'old.thing:thing-' || i % 11,
      json_build_object('reason', 'Ticket INC-' || i || case when i % 500 = 3 then ', the Élan of a Quokka_7' else '' end, 'path', E'one\\ntwo')
    from generate_series(1, ${(MONTHS - 1) * 300}) i`);
  await indexed();
});
afterAll(async () => {
  await client.end();
  await gateway.close();
});

/** All that is written by now is in the index. */
async function indexed(): Promise<void> {
  const { rows } = await client.query<{ id: string }>('select max(id) as id from audit_events');
  const top = async (): Promise<number> =>
    Number((await client.query("select top from audit_cursors where name = 'search'")).rows[0].top);
  await vi.waitFor(async () => expect(await top()).toBeGreaterThanOrEqual(Number(rows[0]?.id)), {
    timeout: 30_000,
    interval: 50,
  });
}

async function find(query: Record<string, string>): Promise<Page> {
  const { status, body } = await gateway.call<Page>('sven', 'GET', `/v1/audit?${new URLSearchParams(query)}`);
  expect(status).toBe(200);
  return body;
}

/** All pages of a search. */
async function all(query: Record<string, string>): Promise<AuditEvent[]> {
  const found: AuditEvent[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = await find({ ...query, ...(cursor !== '' && { cursor }) });
    found.push(...page.items);
    cursor = page.next;
  }
  return found;
}

/** What the plain columns say. */
async function expected(where: string): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>(`select id from audit_events where ${where} order by at desc, id desc`);
  return rows.map(({ id }) => id);
}

const ids = (events: readonly AuditEvent[]): string[] => events.map(({ id }) => id);

test.each([
  [{ action: 'old.look' }, "action = 'old.look'"],
  [{ action: 'old.*' }, "action like 'old.%'"],
  [{ type: 'read.failed', environment: 'production' }, "type = 'read.failed' and environment = 'production'"],
  [{ actor: 'user:p3', resource: 'old.thing:thing-5' }, "actor_id = 'user:p3' and resource = 'old.thing:thing-5'"],
  [{ outcome: 'failed', resource: 'old.thing:*' }, "outcome = 'failed' and resource like 'old.thing:%'"],
  [{ search: 'quokka_7' }, "data::text like '%Quokka%'"],
  [{ search: 'élan', actor: 'user:p1' }, "data::text like '%Quokka%' and actor_id = 'user:p1'"],
  [{ search: 'inc-77* person' }, "data::text like '%INC-77%'"],
  [{ search: 'two thing-9', action: 'old.peek' }, "resource like '%thing-9' and action = 'old.peek'"],
  [{ search: 'INC-1203' }, "data::text like '%INC-1203\"%'"],
] as const)('finds by %o what the log says, over all pages', async (query, where) => {
  const found = await all({ ...query, limit: '90' });
  expect(ids(found)).toEqual(await expected(where));
  expect(found.length).toBeGreaterThan(0);
});

test('a time is kept to, and given with an offset means the same', async () => {
  const { rows } = await client.query<{ since: string; until: string }>(
    "select to_char(now() at time zone 'UTC' - interval '5 months', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') as since, to_char(now() at time zone 'UTC' - interval '3 months', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') as until",
  );
  const { since = '', until = '' } = rows[0] ?? {};
  const where = `at >= '${since}Z' and at < '${until}Z' and action = 'old.peek'`;
  expect(ids(await all({ action: 'old.peek', since: `${since}Z`, until: `${until}Z`, limit: '50' }))).toEqual(
    await expected(where),
  );
  expect(ids(await all({ action: 'old.peek', since: `${since}+00:00`, until: `${until}-00:00`, limit: '200' }))).toEqual(
    await expected(where),
  );
});

test('what was written a moment ago is found before it is in the index, and once when it is', async () => {
  const { body } = await gateway.submit('nadia', { action: 'lab.change', reason: 'the wombat is back' });
  expect((await find({ search: 'wombat' })).items.map(({ request }) => request)).toEqual([body.id]);
  expect((await find({ search: 'wombat', request: body.id })).items).toHaveLength(1);
  expect((await find({ search: 'wombats', request: body.id })).items).toEqual([]);
  await gateway.until(body.id, 'succeeded');
  const during = new Set<number>();
  for (let look = 0; look < 30; look++) during.add((await find({ search: 'WOMBAT' })).items.length);
  await indexed();
  during.add((await find({ search: 'wombat' })).items.length);
  expect([...during]).toEqual([1]);
});

test('a text without a word finds nothing, and words that mean something to PostgreSQL are words', async () => {
  expect(await find({ search: '*** --' })).toEqual({ items: [], next: null });
  for (const search of ["quokka' | 'x", 'quokka & !person', "a\\' b", 'type=read.failed', "o'hara:*"])
    expect((await find({ search })).items.length).toBeLessThan(10);
});

test('an empty, an endless or a misspelt filter is refused with its name', async () => {
  for (const query of ['search=', `search=${'x'.repeat(201)}`, 'outcome=fine']) {
    const { status, body } = await gateway.call('sven', 'GET', `/v1/audit?${query}`);
    expect({ query, status }).toEqual({ query, status: 400 });
    expect(JSON.stringify(body)).toContain(`/${query.slice(0, query.indexOf('='))}`);
  }
});
