import { readFile, writeFile } from 'node:fs/promises';
import { ROUTES, type Route, type RouteName } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALLS, statesOf, type Things } from './permissions/calls.ts';
import { type Copier, requestCopier } from './permissions/copies.ts';
import { credentials, ROLES, type Role } from './permissions/roles.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const TABLE = new URL('./permissions/matrix.md', import.meta.url);
const COMPANY = new URL('./permissions/company.yaml', import.meta.url).pathname;
const NAMES = Object.keys(ROUTES) as RouteName[]; // the keys of the table are its names

let gateway: TestGateway;
let db: pg.Client;
let tokens: Record<Role, string | undefined>;
let copy: Copier;

beforeAll(async () => {
  gateway = await startGateway({ config: { company: COMPANY, worker: { enabled: false } } });
  db = new pg.Client({ connectionString: gateway.databaseUrl });
  await db.connect();
  tokens = await credentials(gateway.app, db);
  const { body } = await gateway.submit('nadia', { action: 'lab.destroy', reason: 'as the matrix asks' });
  copy = await requestCopier(db, body.id.replace('REQ-', ''));
});
afterAll(async () => {
  await db.end();
  await gateway.close();
});

let scheduled = 0;
/** What a review is closed of is a request whose glass was broken. */
async function fresh(name: RouteName, state: string): Promise<Things> {
  const token = await gateway.app.tokens.issue({
    name: 'for the matrix',
    principalId: 'user:nadia',
    expiresInDays: 1,
    scope: {},
    createdBy: { id: 'user:nadia', name: 'The requester' },
  });
  scheduled += 1;
  const schedule = `schedule-${scheduled}`;
  await db.query(
    `insert into schedules (name, owner_id, owner_name, team, cron, time_zone, action, environment, input, reason, missed, state)
     values ($1, 'user:nadia', 'The requester', 'platform', '0 3 * * *', 'UTC', 'lab.change', 'staging', '{"target":"alpha"}', 'matrix', 'skip', $2)`,
    [schedule, name === 'schedules.resume' ? 'paused' : 'active'],
  );
  return { schedule, request: state === '' ? '' : await copy(state, { broken: name === 'requests.review' }), token: token.id };
}

/** What the route answers to the role: `yes`, or the status and the code of the refusal. */
async function answer(name: RouteName, { role, state }: { role: Role; state: string }): Promise<string> {
  const route: Route = ROUTES[name];
  const { params = {}, query = '', body } = CALLS[name](await fresh(name, state));
  const path = route.path.replace(/:([a-z]+)/g, (_, part: string) => params[part] ?? '');
  const token = tokens[role];
  const response = await fetch(`${gateway.app.url}${path}${query}`, {
    method: route.method,
    redirect: 'manual',
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  if (response.status < 400) {
    await response.body?.cancel(); // a stream of events has no end
    return 'yes';
  }
  const { code } = (await response.json()) as { code: string }; // errors leave as problem documents
  return `${response.status} ${code}`;
}

/** One row of the table: the answers of a route, in a state, to each role. */
async function row(name: RouteName, state: string): Promise<string> {
  const answers = await Promise.all(ROLES.map((role) => answer(name, { role, state })));
  const route: Route = ROUTES[name];
  return `| ${[`${route.method} ${route.path}`, route.permission, state, ...answers].join(' | ')} |`;
}

test('what each route answers to each role in each state is what the committed table says', async () => {
  const rows: string[] = [];
  for (const name of NAMES) for (const state of statesOf(ROUTES[name].path)) rows.push(await row(name, state));
  const head = ['Route', 'Permission', 'State of the request', ...ROLES];
  const table = [
    '<!-- Made by test/permissions.test.ts; GUICHET_RENEW=1 npm test -- test/permissions.test.ts writes it anew. Read the difference. -->',
    '# Who may do what',
    '',
    'Every route of the gateway, called by everybody who could stand before it, in every state of the request that it is about.',
    '',
    `| ${head.join(' | ')} |`,
    `|${head.map(() => '---').join('|')}|`,
    ...rows,
    '',
  ].join('\n');
  if (process.env['GUICHET_RENEW'] === '1') await writeFile(TABLE, table);
  const committed = await readFile(TABLE, 'utf8');
  expect(table.split('\n')).toEqual(committed.split('\n'));
}, 120_000);
