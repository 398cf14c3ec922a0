import { readFile } from 'node:fs/promises';
import type { Exchanged, Problem, Request, Token } from '@guichet/contract';
import { parseCompany } from '@guichet/gateway';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, COMPANY, startGateway, type TestGateway } from './support/gateway.ts';
import { Issuer, type JobClaims } from './support/issuer.ts';
import { AUDIENCE, gitlab, JOB, kubernetes } from './support/workloads.ts';

let platform: Issuer;
let cluster: Issuer;
let gateway: TestGateway;
let admin: pg.Client;

beforeAll(async () => {
  platform = await Issuer.start();
  await platform.addKey('elliptic', 'ES256');
  await platform.addKey('edwards', 'EdDSA');
  cluster = await Issuer.start();
  gateway = await startGateway({ config: { identity: { workloads: [gitlab(platform), kubernetes(cluster)] } } });
  admin = new pg.Client({ connectionString: gateway.databaseUrl });
  await admin.connect();
});
afterAll(async () => {
  await admin.end();
  await gateway.close();
  await platform[Symbol.asyncDispose]();
  await cluster[Symbol.asyncDispose]();
});

const job = (claims: JobClaims = {}, options: Parameters<Issuer['token']>[1] = {}): Promise<string> =>
  platform.token({ aud: AUDIENCE, ...JOB, ...claims }, options);
const exchange = (token: string): Promise<Answer<Exchanged & Problem>> =>
  gateway.call(null, 'POST', '/v1/auth/exchange', { body: { token } });
async function exchanged(token: string): Promise<Exchanged> {
  const { status, body } = await exchange(token);
  expect(status, JSON.stringify(body)).toBe(200);
  return body;
}
const codeOf = async (token: string): Promise<unknown> => (await exchange(token)).body.code;

describe('the token of a job', () => {
  test('is exchanged for a token of the machine that the first fitting rule names, with its scope and its end', async () => {
    const before = Date.now();
    const { accessToken, expiresAt, principal, scope } = await exchanged(await job({ pipeline_id: '42' }));
    expect(accessToken).toMatch(/^gct_m_/);
    expect(principal).toEqual({ id: 'machine:ci-checkout', name: 'ci-checkout' });
    expect(scope).toEqual({ actions: ['lab.*'], environments: ['staging'] });
    expect(Date.parse(expiresAt) - before).toBeGreaterThan(9 * 60_000);
    expect(Date.parse(expiresAt) - before).toBeLessThan(11 * 60_000);
    const { body } = await gateway.call<{ token: Token }>({ token: accessToken }, 'GET', '/v1/me');
    expect(body).toMatchObject({
      principal: { id: 'machine:ci-checkout', person: null },
      token: { name: 'gitlab: acme/orders !42', createdBy: { id: 'system', name: 'gitlab' }, scope },
    });
  });

  test.each(['elliptic', 'edwards'])('may be signed with the key %s', async (kid) => {
    expect((await exchange(await job({}, { kid }))).status).toBe(200);
  });

  test('gives a token that reaches what its rule says, and nothing else', async () => {
    const { accessToken: token } = await exchanged(await job());
    const read = (environment: string) => gateway.call({ token }, 'POST', '/v1/actions/lab.look/read', { body: { environment } });
    expect((await read('staging')).status).toBe(200);
    expect((await read('production')).body['code']).toBe('policy.denied');
    const made = await gateway.call({ token }, 'POST', '/v1/tokens', { body: { name: 'longer', expiresInDays: 366 } });
    expect(made.body['code']).toBe('policy.denied');
    const schedule = {
      name: 'longer',
      cron: '0 3 1 1 *',
      action: 'lab.change',
      environment: 'staging',
      input: { target: 'alpha' },
      reason: 'to see',
    };
    expect((await gateway.call<Problem>({ token }, 'POST', '/v1/schedules', { body: schedule })).body).toMatchObject({
      code: 'policy.denied',
      detail: expect.stringContaining('makes no schedules: they would outlive it.'),
    });
  });

  test('says in the audit log who it was, by which rule, and not the token itself', async () => {
    const jti = crypto.randomUUID();
    const token = await job({ jti });
    const { accessToken } = await exchanged(token);
    const { rows } = await admin.query<{ data: unknown; text: string }>(
      `select data, data::text as text from audit_events where type = 'token.created' and data->'proof'->>'jti' = $1`,
      [jti],
    );
    expect(rows).toHaveLength(1);
    expect(rows[0]?.data).toMatchObject({
      principal: 'machine:ci-checkout',
      origin: 'workload:gitlab',
      proof: { issuer: platform.url, subject: JOB.sub, rule: 0, jti },
    });
    for (const secret of [token, token.split('.')[2] ?? '', accessToken]) expect(rows[0]?.text).not.toContain(secret);
  });

  test('of Kubernetes is known by claims inside of others', async () => {
    const claims = { aud: ['guichet', 'vault'], sub: 'system:serviceaccount:orders:worker' };
    const of = (namespace: string) =>
      cluster.token({ ...claims, 'kubernetes.io': { namespace, serviceaccount: { name: 'worker', uid: '1' } } });
    expect((await exchanged(await of('orders'))).scope).toEqual({ environments: ['staging'] });
    expect(await codeOf(await of('orders-2'))).toBe('assertion.refused');
    expect(await codeOf(await cluster.token({ ...claims, 'kubernetes.io/namespace': 'orders' }))).toBe('assertion.refused');
  });
});

describe('rules', () => {
  test('are tried in their order', async () => {
    const narrow = await exchanged(await job({ ref_protected: 'false', user_email: 'NADIA@example.com' }));
    expect(narrow.scope).toEqual({ actions: ['lab.look'] });
  });

  test.each<[string, JobClaims]>([
    ['a project of somebody else', { project_path: 'evil/orders', sub: 'project_path:evil/orders' }],
    ['a project that begins alike', { project_path: 'acme/orders-evil/x' }],
    ['a project in a group of the same name elsewhere', { project_path: 'evil/acme/orders' }],
    ['a group within the group, which * does not reach', { project_path: 'acme/sub/orders' }],
    ['another case', { project_path: 'Acme/orders' }],
    ['a claim that is missing', { project_path: undefined }],
    ['an object where a text belongs', { project_path: { toString: 'acme/orders' } }],
    ['a list in a list', { project_path: [['acme/orders']] }],
  ])('do not fit %s, and the caller is not told what they ask', async (_what, claims) => {
    const { status, body } = await exchange(await job(claims));
    expect([status, body.code]).toEqual([403, 'assertion.refused']);
    expect(JSON.stringify(body)).not.toMatch(/ref_protected|acme/);
  });

  test('are explained to operators in the audit log', async () => {
    const { body } = await exchange(await job({ sub: 'who-is-this', project_path: 'evil/orders' }));
    expect(body.code).toBe('assertion.refused');
    const { rows } = await admin.query(
      `select actor_name, outcome, data from audit_events where type = 'assertion.refused' and data->>'subject' = 'who-is-this'`,
    );
    expect(rows).toMatchObject([
      {
        actor_name: 'workload:gitlab',
        outcome: 'denied',
        data: { rules: [{ rule: 0, unfitting: { project_path: 'evil/orders' } }, {}, {}, { unfitting: { environment: null } }] },
      },
    ]);
  });

  test('take any of several values', async () => {
    const of = (environment: string) => job({ project_path: 'shop/tools', environment, user_email: 'sven@example.com' });
    expect((await exchange(await of('review/login'))).status).toBe(200);
    expect((await exchange(await of('staging'))).status).toBe(200);
    expect(await codeOf(await of('review/a/b'))).toBe('assertion.refused');
    expect(await codeOf(await of('production'))).toBe('assertion.refused');
  });
});

describe('the person who started the job', () => {
  const ofSven = () => job({ project_path: 'shop/tools', environment: 'staging', user_email: 'sven@example.com' });

  test('stands behind what it asks for, and cannot approve it', async () => {
    const { accessToken: token } = await exchanged(await ofSven());
    const submission = {
      action: 'lab.change-with-sre',
      environment: 'staging',
      input: { target: 'alpha' },
      reason: 'from a job',
    };
    const { body: request } = await gateway.call<Request>({ token }, 'POST', '/v1/requests', { body: submission });
    expect(request).toMatchObject({ state: 'awaiting_approval', requester: { id: 'machine:ci-checkout' } });
    const { body } = await gateway.call('sven', 'POST', `/v1/requests/${request.id}/approve`, { body: {} });
    expect(body['code']).toBe('approval.own_request');
    const { body: me } = await gateway.call<{ token: Token }>({ token }, 'GET', '/v1/me');
    expect(me.token.createdBy).toEqual({ id: 'user:sven', name: 'Sven Lindqvist' });
  });

  test('may approve what somebody else started', async () => {
    const { accessToken: token } = await exchanged(
      await job({ project_path: 'shop/tools', environment: 'staging', user_email: 'nadia@example.com' }),
    );
    const submission = {
      action: 'lab.change-with-sre',
      environment: 'staging',
      input: { target: 'alpha' },
      reason: 'from a job',
    };
    const { body: request } = await gateway.call<Request>({ token }, 'POST', '/v1/requests', { body: submission });
    expect((await gateway.call('sven', 'POST', `/v1/requests/${request.id}/approve`, { body: {} })).status).toBe(200);
  });

  test.each<[string, unknown]>([
    ['is of another company', 'sven@example.org'],
    ['is not said', undefined],
    ['is no address', 'sven'],
    ['is several', ['sven@example.com', 'nadia@example.com']],
    ['looks alike in other letters', '\u212Aen@example.com'],
  ])('refuses the job when it %s: they could approve what they have asked for', async (_what, user_email) => {
    expect(await codeOf(await job({ project_path: 'shop/tools', environment: 'staging', user_email }))).toBe('assertion.refused');
  });
});

describe('a token that was used', () => {
  test('is refused the second time, also by its id alone', async () => {
    const jti = crypto.randomUUID();
    const token = await job({ jti });
    await exchanged(token);
    expect(await codeOf(token)).toBe('assertion.used');
    expect(await codeOf(await job({ jti }))).toBe('assertion.used');
    const { rows } = await admin.query(
      `select data from audit_events where type = 'assertion.replayed' and data->'proof'->>'jti' = $1`,
      [jti],
    );
    const replayed = { origin: 'workload:gitlab', address: '127.0.0.1', principal: 'machine:ci-checkout' };
    expect(rows).toMatchObject([{ data: replayed }, { data: replayed }]);
  });

  test('is refused the second time when it has no id, however its signature is written', async () => {
    const token = await job({ jti: undefined });
    await exchanged(token);
    expect(await codeOf(token)).toBe('assertion.used');
  });

  test('has the same id as another issuer’s: both count', async () => {
    const jti = crypto.randomUUID();
    await exchanged(await job({ jti }));
    const kubernetesClaims = { namespace: 'orders', serviceaccount: { name: 'worker' } };
    const other = await cluster.token({ aud: 'guichet', sub: 'x', jti, 'kubernetes.io': kubernetesClaims });
    expect((await exchange(other)).status).toBe(200);
  });

  test('is taken again of an issuer that was said to be reusable', async () => {
    const token = await cluster.token({
      aud: 'guichet',
      sub: 'x',
      'kubernetes.io': { namespace: 'orders', serviceaccount: { name: 'worker' } },
    });
    const [one, other] = [await exchanged(token), await exchanged(token)];
    expect(one.accessToken).not.toBe(other.accessToken);
  });

  test('gives one token when it is sent many times at once, to two gateways', async () => {
    const second = await startGateway({
      databaseUrl: gateway.databaseUrl,
      config: { identity: { workloads: [gitlab(platform)] }, worker: { enabled: false } },
    });
    const token = await job();
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, index) =>
        (index % 2 === 0 ? gateway : second).call<Problem>(null, 'POST', '/v1/auth/exchange', { body: { token } }),
      ),
    );
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.filter(({ body }) => body.code === 'assertion.used')).toHaveLength(11);
    await second.close();
  });

  test('waits for the one that came first to be decided', async () => {
    // The other connection holds the place of the assertion without having committed.
    const jti = crypto.randomUUID();
    const [{ hash }] = (
      await admin.query<{ hash: Buffer }>(`select sha256(convert_to($1, 'utf8')) as hash`, [
        JSON.stringify(['workload', platform.url, 'jti', jti]),
      ])
    ).rows as [{ hash: Buffer }]; // one row for one value
    await admin.query('begin');
    await admin.query(`insert into used_assertions values ($1, now() + interval '1 hour')`, [hash]);
    const waiting = exchange(await job({ jti }));
    await expect
      .poll(
        async () =>
          (await admin.query(`select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`))
            .rowCount,
      )
      .toBe(1);
    await admin.query('rollback');
    expect((await waiting).status).toBe(200);
  });
});

describe('exchanged tokens', () => {
  test('are listed while they live, can be revoked by the team of the machine, and are forgotten afterwards', async () => {
    const { accessToken } = await exchanged(await job({ pipeline_id: '77' }));
    const listed = async () => {
      const { body } = await gateway.call<{ items: Token[] }>('nadia', 'GET', '/v1/tokens?limit=200');
      return body.items.find(({ name }) => name === 'gitlab: acme/orders !77');
    };
    const found = await listed();
    expect(found).toMatchObject({ principal: { id: 'machine:ci-checkout' }, revokedAt: null });
    expect((await gateway.call('nadia', 'DELETE', `/v1/tokens/${found?.id}`)).status).toBe(200);
    expect((await gateway.call({ token: accessToken }, 'GET', '/v1/me')).body['code']).toBe('token.revoked');
    await admin.query(`update tokens set expires_at = now() - interval '1 second' where id = $1`, [found?.id]);
    expect(await listed()).toBeUndefined();
  });

  test('end when they say', async () => {
    const { accessToken } = await exchanged(await job({ pipeline_id: '78' }));
    await admin.query(`update tokens set expires_at = now() - interval '1 second' where name like '%!78'`);
    expect((await gateway.call({ token: accessToken }, 'GET', '/v1/me')).body['code']).toBe('token.expired');
  });
});

describe('a machine that the company does not have', () => {
  test('stops the gateway from starting', async () => {
    const [rule] = gitlab(platform).rules;
    const workloads = [{ ...gitlab(platform), rules: [{ ...rule, machine: 'ci-chekout' }] }];
    await expect(startGateway({ databaseUrl: gateway.databaseUrl, config: { identity: { workloads } } })).rejects.toMatchObject({
      code: 'config.invalid',
      message: expect.stringContaining("/identity/workloads/0/rules/0/machine names a machine 'ci-chekout'"),
    });
  });

  test('any more is refused from then on, and its tokens end', async () => {
    const { accessToken } = await exchanged(await job());
    const before = gateway.app.directory.company;
    const file = (await readFile(COMPANY, 'utf8')).replace('  - { name: ci-checkout, team: checkout }', '  []');
    gateway.app.directory.replace(parseCompany(file, COMPANY));
    expect(await codeOf(await job())).toBe('assertion.refused');
    expect((await gateway.call({ token: accessToken }, 'GET', '/v1/me')).body['code']).toBe('token.invalid');
    gateway.app.directory.replace(before);
    expect((await exchange(await job())).status).toBe(200);
  });
});
