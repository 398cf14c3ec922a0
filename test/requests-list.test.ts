import { type Problem, REQUEST_STATES, type RequestSummary } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { requestCopier } from './permissions/copies.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const TEAMS = ['payments', 'sre'];
const REQUESTERS = ['user:nadia', 'user:amine', 'user:sven', 'machine:ci-checkout'];
const RESOURCES = ['alpha', 'beta:with:colons'];

let gateway: TestGateway;
let db: pg.Client;
beforeAll(async () => {
  gateway = await startGateway({ config: { worker: { enabled: false } } });
  db = new pg.Client({ connectionString: gateway.databaseUrl });
  await db.connect();
  const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'to be copied' });
  const copy = await requestCopier(db, body.id.replace('REQ-', ''));
  let count = 0;
  for (let round = 0; round < 6; round++)
    for (const state of REQUEST_STATES) {
      const id = await copy(state);
      count += 1;
      await db.query(
        `update requests set owner_team = $2, requester_id = $3, resource_type = 'lab.thing', resource_id = $4 where number = $1`,
        [
          id.replace('REQ-', ''),
          TEAMS[count % TEAMS.length],
          REQUESTERS[(count + round) % REQUESTERS.length],
          RESOURCES[(count >> 2) % RESOURCES.length],
        ],
      );
    }
});
afterAll(async () => {
  await db.end();
  await gateway.close();
});

/** All pages, of a few rows each. */
async function listed(query: string): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const path = `/v1/requests?limit=4${query}${cursor}`;
    const { status, body } = await gateway.call<{ items: RequestSummary[]; next: string | null }>('marta', 'GET', path);
    expect(status).toBe(200);
    ids.push(...body.items.map(({ id }) => id));
    if (body.next === null) return ids;
    cursor = `&cursor=${body.next}`;
  }
}

async function expected(condition: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>(
    `select 'REQ-' || number as id from requests where ${condition} order by number desc`,
  );
  return rows.map(({ id }) => id);
}

test.each([
  ['several states', '&state=running,queued,failed', "state in ('running', 'queued', 'failed')"],
  ['all states', `&state=${REQUEST_STATES.join()}`, 'true'],
  ['a state that is named twice', '&state=void,void', "state = 'void'"],
  ['what a team owns', '&team=payments', "owner_team = 'payments'"],
  ['what a team owns, in one state', '&team=sre&state=succeeded', "owner_team = 'sre' and state = 'succeeded'"],
  [
    'what a team owns, in several states and one environment',
    '&team=sre&state=unknown,failed&environment=staging',
    "owner_team = 'sre' and state in ('unknown', 'failed')",
  ],
  ['one resource', '&resource=lab.thing:alpha', "resource_id = 'alpha'"],
  ['a resource with colons in its id', '&resource=lab.thing:beta:with:colons', "resource_id = 'beta:with:colons'"],
  ['a resource that nobody asked about', '&resource=lab.other:alpha', 'false'],
  ['members of a team', '&requester=team:payments', "requester_id in ('user:nadia', 'user:amine', 'user:paula')"],
  ['machines of a team', '&requester=team:checkout', "requester_id in ('user:nadia', 'user:marta', 'machine:ci-checkout')"],
  [
    'members of a team, on what another one owns, in several states',
    '&requester=team:payments&team=sre&state=awaiting_approval,running,succeeded,failed,void',
    "requester_id in ('user:nadia', 'user:amine') and owner_team = 'sre' and state in ('awaiting_approval', 'running', 'succeeded', 'failed', 'void')",
  ],
])('the list of %s is what it says, page by page', async (_, query, condition) => {
  const all = await expected(condition);
  expect(await listed(query)).toEqual(all);
  if (condition !== 'false') expect(all.length).toBeGreaterThan(0);
});

test.each([
  ['state=queued,runing', 'input.invalid', 'Did you mean running?'],
  ['state=', 'input.invalid', ''],
  ['resource=alpha', 'input.invalid', 'TYPE:ID'],
  ['team=payment', 'team.unknown', 'Did you mean payments?'],
  ['requester=team:payment', 'team.unknown', 'Did you mean payments?'],
])('a list of %s is refused with what to do', async (query, code, words) => {
  const { body } = await gateway.call<Problem>('marta', 'GET', `/v1/requests?${query}`);
  expect(body.code).toBe(code);
  expect(JSON.stringify(body)).toContain(words);
});
