import type { Problem, Request, Token, TokenCreated, TokenScope } from '@guichet/contract';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { changedCompanies } from './support/changed-company.ts';
import { COMPANY, type Person, startGateway, type TestGateway } from './support/gateway.ts';

let gateway: TestGateway;
let admin: pg.Client;
beforeAll(async () => {
  gateway = await startGateway();
  admin = new pg.Client({ connectionString: gateway.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await gateway.close();
});

async function create(
  who: Person,
  more: { name?: string; machine?: string; scope?: TokenScope; all?: boolean } = {},
): Promise<TokenCreated> {
  const { status, body } = await gateway.call<TokenCreated>(who, 'POST', '/v1/tokens', {
    body: { name: 'test', expiresInDays: 7, ...more },
  });
  expect(status, JSON.stringify(body)).toBe(201);
  return body;
}

const whoIs = (secret: string) => gateway.call({ token: secret }, 'GET', '/v1/me');

test('a token is its maker, is shown once, and says when it ends', async () => {
  const made = await create('nadia', { name: 'laptop' });
  expect(made).toMatchObject({ name: 'laptop', kind: 'user', principal: { id: 'user:nadia' }, createdBy: { id: 'user:nadia' } });
  expect(Math.round((Date.parse(made.expiresAt) - Date.parse(made.createdAt)) / 86_400_000)).toBe(7);
  const { secret, warnings: _, ...shown } = made;
  const me = await whoIs(secret);
  expect(me.body).toMatchObject({ principal: { id: 'user:nadia', teams: ['checkout', 'payments'] }, token: { id: made.id } });
  // The time of last use is written beside the call, so it may be a moment late.
  const listed = async () => (await gateway.call<{ items: Token[] }>('nadia', 'GET', '/v1/tokens')).body;
  const found = async () => (await listed()).items.find(({ id }) => id === made.id);
  await expect.poll(found, { timeout: 10_000 }).toMatchObject({ ...shown, lastUsedAt: expect.anything() });
  expect(JSON.stringify(await listed())).not.toContain(secret);
});

test('a token makes none that outlives it; a sign-in may', async () => {
  const short = await create('nadia');
  const { body } = await gateway.call<TokenCreated>({ token: short.secret }, 'POST', '/v1/tokens', {
    body: { name: 'longer', expiresInDays: 300 },
  });
  expect(body.expiresAt).toBe(short.expiresAt);
  expect(body.warnings.join()).toContain('It ends with the token that it was made with.');
});

test('the database holds no token as it is, in any column of any table', async () => {
  const { secret } = await create('nadia');
  await whoIs(secret);
  await gateway.submit('nadia', { action: 'lab.change' });
  const { rows: tables } = await admin.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  expect(tables.length).toBeGreaterThan(5);
  const dump: string[] = [];
  for (const { name } of tables) {
    const { rows } = await admin.query<{ row: string }>(`select t::text as row from ${name} t`);
    dump.push(...rows.map(({ row }) => row));
  }
  const text = dump.join('\n');
  expect(text).toContain('token.created'); // it is a dump of what we look for
  const bare = secret.slice('gct_u_'.length);
  for (const form of [
    secret,
    bare,
    Buffer.from(secret).toString('base64'),
    Buffer.from(secret).toString('hex'),
    encodeURIComponent(secret),
  ])
    expect(text.includes(form), 'the secret stands in the database').toBe(false);
});

test('the time of last use is kept', async () => {
  const { id, secret } = await create('nadia');
  await whoIs(secret);
  const used = async () => (await admin.query('select last_used_at from tokens where id = $1', [id])).rows[0].last_used_at;
  await expect.poll(used).not.toBeNull();
});

test('an expired token is refused from the moment that it says', async () => {
  const { id, secret } = await create('nadia');
  await admin.query(`update tokens set expires_at = now() - interval '1 millisecond' where id = $1`, [id]);
  expect((await whoIs(secret)).body).toMatchObject({ code: 'token.expired', detail: expect.stringContaining("'test'") });
});

test('a revoked token is refused at the next call, and revoking it again changes nothing', async () => {
  const { id, secret } = await create('nadia');
  expect((await whoIs(secret)).status).toBe(200);
  const first = await gateway.call<Token>('nadia', 'DELETE', `/v1/tokens/${id}`);
  expect(first.body.revokedAt).not.toBeNull();
  expect((await whoIs(secret)).body['code']).toBe('token.revoked');
  const again = await gateway.call<Token>('nadia', 'DELETE', `/v1/tokens/${id}`);
  expect(again.body.revokedAt).toBe(first.body.revokedAt);
  const { body } = await gateway.call<{ items: { type: string; resource: string }[] }>(
    'sven',
    'GET',
    '/v1/audit?type=token.revoked',
  );
  expect(body.items.filter(({ resource }) => resource === `token:${id}`)).toHaveLength(1);
});

test('somebody else can neither see nor revoke a token, nor learn that it exists', async () => {
  const { id, secret } = await create('nadia');
  const { body: list } = await gateway.call<{ items: Token[] }>('sven', 'GET', '/v1/tokens?limit=200');
  expect(list.items.every(({ principal }) => principal.id === 'user:sven')).toBe(true);
  const other = await gateway.call('sven', 'DELETE', `/v1/tokens/${id}`);
  const none = await gateway.call('sven', 'DELETE', '/v1/tokens/7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f');
  expect(other.body['code']).toBe('token.unknown');
  expect(JSON.stringify(other.body).replaceAll(id, '')).toHaveLength(
    JSON.stringify(none.body).replaceAll('7e3f0c1a-52b4-4d59-9a35-0a1c2b3d4e5f', '').length,
  );
  expect((await whoIs(secret)).status).toBe(200);
});

test('pages of tokens give each once, newest first, whatever the size of the page', async () => {
  const made: string[] = [];
  for (let index = 0; index < 7; index++) made.unshift((await create('paula', { name: `t${index}` })).id);
  for (const limit of [1, 3, 7, 50]) {
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const query: string = `limit=${limit}${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const page = await gateway.call<{ items: Token[]; next: string | null }>('paula', 'GET', `/v1/tokens?${query}`);
      seen.push(...page.body.items.filter(({ name }) => name !== 'test').map(({ id }) => id));
      cursor = page.body.next;
    }
    expect(seen).toEqual(made);
  }
});

describe('a token that is narrowed to one read in staging', () => {
  let secret: string;
  let change: Request;
  beforeAll(async () => {
    ({ secret } = await create('nadia', { scope: { actions: ['lab.look'], environments: ['staging'] } }));
    change = (await gateway.submit('marta', { action: 'lab.change-with-sre', reason: 'for the scope' })).body;
  });
  const as = (method: string, path: string, body?: unknown) =>
    gateway.call({ token: secret }, method, path, body === undefined ? {} : { body });

  test('does that', async () => {
    expect((await as('POST', '/v1/actions/lab.look/read', { environment: 'staging' })).status).toBe(200);
  });

  test.each([
    ['another environment', 'POST', '/v1/actions/lab.look/read', { environment: 'production' }],
    ['another action', 'POST', '/v1/actions/lab.change/plan', { environment: 'staging', input: { target: 'a' } }],
    ['choices for another action', 'POST', '/v1/actions/lab.change/options', { environment: 'staging', field: 'target' }],
    ['a request', 'POST', '/v1/requests', { action: 'lab.change', environment: 'staging', input: { target: 'a' } }],
    ['a new token', 'POST', '/v1/tokens', { name: 'wider', expiresInDays: 1 }],
    ['another action of the catalogue', 'GET', '/v1/actions/lab.change', undefined],
  ])('is refused %s', async (_what, method, path, body) => {
    const { status, body: problem } = await as(method, path, body);
    expect([status, problem['code']]).toEqual([403, 'policy.denied']);
  });

  test('sees in the catalogue only what it covers', async () => {
    const { body } = await gateway.call<{ items: { id: string }[] }>({ token: secret }, 'GET', '/v1/actions');
    expect(body.items.map(({ id }) => id)).toEqual(['lab.look']);
  });

  test('decides on no request, whoever holds it', async () => {
    const { secret: sven } = await create('sven', { scope: { actions: ['lab.look'] } });
    for (const [command, body] of Object.entries({ approve: {}, reject: { comment: 'no' } })) {
      const answer = await gateway.call({ token: sven }, 'POST', `/v1/requests/${change.id}/${command}`, { body });
      // What it may not see is as unknown as what does not exist.
      expect([403, 404], `${command}: ${JSON.stringify(answer.body)}`).toContain(answer.status);
    }
  });

  test('is not shown, by a key that a wider one has used, what that has filed', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() };
    const body = { action: 'lab.change', environment: 'staging', input: { target: 'a' } };
    expect((await gateway.call('nadia', 'POST', '/v1/requests', { body, headers })).status).toBe(201);
    const again = await gateway.call({ token: secret }, 'POST', '/v1/requests', { body, headers });
    expect([again.status, again.body['code']]).toEqual([403, 'policy.denied']);
  });

  test.each([
    ['looks at', 'GET', '/v1/actions/lab.luk', undefined],
    ['reads', 'POST', '/v1/actions/lab.chang/read', { environment: 'staging' }],
    ['plans', 'POST', '/v1/actions/nowhere.at-all/plan', { environment: 'staging' }],
    ['files', 'POST', '/v1/requests', { action: 'lab.destroi', environment: 'staging' }],
  ])('is told the names of no other actions when it %s one that is not there', async (_what, method, path, body) => {
    const { status, body: problem } = await as(method, path, body);
    expect([status, problem['code']]).toEqual([404, 'action.unknown']);
    expect(JSON.stringify(problem)).not.toMatch(/lab\.(change|destroy)\b/);
  });

  test('does not learn which machines and environments there are', async () => {
    const asked = (machine: string, environment: string) =>
      as('POST', '/v1/tokens', { name: 'wider', machine, expiresInDays: 1, scope: { environments: [environment] } });
    const { status, body } = await asked('ci-checkout', 'staging');
    const { status: unknown, body: problem } = await asked('nobody', 'moon');
    expect([unknown, problem['code'], problem['detail'], problem['remedy']]).toEqual([
      status,
      body['code'],
      body['detail'],
      body['remedy'],
    ]);
  });

  test('cannot list or revoke tokens', async () => {
    expect((await as('GET', '/v1/tokens')).body).toMatchObject({ items: [] });
    const { id } = await create('nadia');
    expect((await as('DELETE', `/v1/tokens/${id}`)).status).toBeGreaterThanOrEqual(403);
  });
});

test('a token that is narrowed to a prefix covers what begins with it, and nothing that merely looks like it', async () => {
  const { secret } = await create('nadia', { scope: { actions: ['lab.*'] } });
  const body = { environment: 'staging' };
  expect((await gateway.call({ token: secret }, 'POST', '/v1/actions/lab.look/read', { body })).status).toBe(200);
  const { secret: other } = await create('nadia', { scope: { actions: ['la.*', 'lab.loo'] } });
  expect((await gateway.call({ token: other }, 'POST', '/v1/actions/lab.look/read', { body })).status).toBe(403);
});

test('a token that is narrowed to what nobody offers is made, with a warning', async () => {
  const { warnings } = await create('nadia', { scope: { actions: ['lab.look', 'lab.*', 'lab.lok', 'nope.nope', 'nope.*'] } });
  expect(warnings).toEqual([
    expect.stringMatching(/lab\.lok.*Did you mean lab\.look/),
    'No action is called nope.nope now.',
    'No action is called nope.* now.',
  ]);
  expect((await create('nadia', {})).warnings).toEqual([]);
});

describe('a token of a machine', () => {
  test('is made by its team, for nobody else’s machine, and not by a machine', async () => {
    const made = await create('nadia', { machine: 'ci-checkout', all: true });
    expect(made).toMatchObject({ kind: 'machine', principal: { id: 'machine:ci-checkout' } });
    expect(made.secret).toMatch(/^gct_m_/);
    const other = await gateway.call('sven', 'POST', '/v1/tokens', {
      body: { name: 'x', expiresInDays: 1, machine: 'ci-checkout' },
    });
    expect([other.status, other.body['code']]).toEqual([403, 'policy.denied']);
    const self = await gateway.call({ token: made.secret }, 'POST', '/v1/tokens', { body: { name: 'x', expiresInDays: 1 } });
    expect(self.status).toBe(403);
    const { body } = await gateway.call<{ items: Token[] }>('marta', 'GET', '/v1/tokens');
    expect(body.items.map(({ id }) => id)).toContain(made.id);
    expect((await gateway.call('marta', 'DELETE', `/v1/tokens/${made.id}`)).status).toBe(200);
    expect((await whoIs(made.secret)).body['code']).toBe('token.revoked');
  });

  test('says in lists when whoever made it has left', async () => {
    const { id } = await create('nadia', { machine: 'ci-checkout', all: true });
    const { id: own } = await create('marta', { machine: 'ci-checkout', all: true });
    await using companies = await changedCompanies(COMPANY);
    const company = await companies.with({
      '  - { name: nadia, fullName: Nadia Benali, email: nadia@example.com }\n': '',
      '[nadia, marta]': '[marta]',
      '[amine, paula, nadia]': '[amine, paula]',
    });
    const later = await startGateway({ databaseUrl: gateway.databaseUrl, config: { company, worker: { enabled: false } } });
    try {
      const { body } = await later.call<{ items: Token[] }>('marta', 'GET', '/v1/tokens?limit=200');
      const left = new Map(body.items.map((token) => [token.id, token.makerLeft]));
      expect([left.get(id), left.get(own)]).toEqual([true, undefined]);
    } finally {
      await later.close();
    }
  });

  test('is narrowed to actions or environments, unless it is said that it is not', async () => {
    const wanted = (more: object) =>
      gateway.call<Problem & TokenCreated>('nadia', 'POST', '/v1/tokens', {
        body: { name: 'ci', machine: 'ci-checkout', expiresInDays: 1, ...more },
      });
    expect((await wanted({})).body).toMatchObject({
      code: 'input.invalid',
      errors: [{ field: '/scope', remedy: expect.stringContaining('all') }],
    });
    expect((await wanted({ scope: {} })).body.code).toBe('input.invalid');
    expect((await wanted({ all: true, scope: { actions: ['lab.*'] } })).body).toMatchObject({ errors: [{ field: '/all' }] });
    expect((await wanted({ all: true })).body.scope).toEqual({});
    for (const scope of [{ actions: ['lab.*'] }, { environments: ['staging'] }])
      expect((await wanted({ scope })).body.scope).toEqual(scope);
  });

  test('ends after at most 366 days', async () => {
    for (const expiresInDays of [367, 0, -1, 1.5, undefined]) {
      const body = { name: 'ci', machine: 'ci-checkout', all: true, expiresInDays };
      const { body: problem } = await gateway.call<Problem>('nadia', 'POST', '/v1/tokens', { body });
      expect(problem.errors?.[0]?.field, `${expiresInDays}`).toBe('/expiresInDays');
    }
    const { secret } = await create('nadia', { machine: 'ci-checkout', scope: { actions: ['lab.look'] } });
    const used = async () => (await whoIs(secret)).body as { token?: Token };
    await used();
    await expect.poll(async () => (await used()).token?.lastUsedAt, { timeout: 10_000 }).toEqual(expect.any(String));
  });

  test('sees its own requests alone, approves nothing, and does not read the audit log', async () => {
    const { secret } = await create('nadia', { machine: 'ci-checkout', scope: { actions: ['lab.*'] } });
    const as = (method: string, path: string, body?: unknown) =>
      gateway.call<Request & { items: Request[] }>({ token: secret }, method, path, body === undefined ? {} : { body });
    const waiting = (await gateway.submit('sven', { action: 'lab.destroy', reason: 'not for machines' })).body;
    const submission = { action: 'lab.change', environment: 'staging', input: { target: 'alpha' } };
    const own = (await as('POST', '/v1/requests', submission)).body;
    expect((await as('GET', `/v1/requests/${own.id}`)).body.requester).toEqual({
      id: 'machine:ci-checkout',
      name: 'ci-checkout',
    });
    expect((await as('GET', '/v1/requests?limit=200')).body.items.map(({ id }) => id)).toEqual([own.id]);
    expect((await as('GET', '/v1/requests?requester=user:sven')).body.items).toEqual([]);
    for (const path of [`/v1/requests/${waiting.id}`, `/v1/requests/${waiting.id}/events`])
      expect((await as('GET', path)).status).toBe(404);
    for (const [command, body] of Object.entries({ approve: {}, reject: { comment: 'no' }, withdraw: {}, cancel: {} }))
      expect((await as('POST', `/v1/requests/${waiting.id}/${command}`, body)).status).toBe(404);
    expect((await as('GET', '/v1/audit')).status).toBe(403);
  });
});
