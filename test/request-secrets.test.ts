import { randomBytes } from 'node:crypto';
import { type Action, SECRET_MARKER as M, type Problem, type Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { readEvents, SILENT, startGateway, type TestGateway } from './support/gateway.ts';
import { Vault, vaultProvider } from './support/vault-provider.ts';

const vault = new Vault();
let gateway: TestGateway;
let password: string;
beforeAll(async () => {
  gateway = await startGateway({ mounted: [{ name: 'vault', endpoint: vaultProvider(vault).endpoint({ logger: SILENT }) }] });
});
afterAll(() => gateway.close());
beforeEach(() => {
  vault.forget();
  password = randomBytes(12).toString('hex');
});

const put = (more: Record<string, unknown> = {}, action = 'vault.put', headers: Record<string, string> = {}) =>
  gateway.submit(
    'nadia',
    { action, input: { name: 'db', password, ...more }, ...(action !== 'vault.put' && { reason: 'It is old' }) },
    headers,
  );

interface Row {
  readonly input: Record<string, unknown>;
  readonly sealed: { readonly for: string } | null;
  readonly secret_digest: string | null;
  readonly digest: string;
  readonly state: string;
}
const rowOf = async (id: string): Promise<Row> => {
  const [row] = await sql<Row & { number: string }>(gateway.databaseUrl, 'select * from requests where number = $1', [
    id.slice(4),
  ]);
  if (row === undefined) throw new Error(`there is no ${id}`);
  return row;
};
const approve = (id: string) => gateway.call<Request & Problem>('amine', 'POST', `/v1/requests/${id}/approve`, { body: {} });

test('the provider is given the secret at every step, and everybody else a marker', async () => {
  const more = { more: [{ user: 'u', token: `t-${password}` }], settings: { key: `k-${password}` } };
  const { body: filed, status } = await put(more, 'vault.replace');
  expect(status).toBe(201);
  const shown = { name: 'db', password: M, size: 3, more: [{ user: 'u', token: M }], settings: M };
  expect(filed).toMatchObject({ state: 'awaiting_approval', input: shown });
  expect((await gateway.call<Request>('amine', 'GET', `/v1/requests/${filed.id}`)).body.input).toEqual(shown);
  expect((await rowOf(filed.id)).input).toEqual(shown);

  expect((await approve(filed.id)).status).toBe(200);
  const done = await gateway.until(filed.id, 'succeeded');
  expect(done.input).toEqual(shown);
  const whole = { name: 'db', password, size: 3, ...more };
  expect(vault.received).toEqual(['plan', 'plan', 'run'].map((phase) => ({ phase, input: whole })));
});

describe('the sealed secrets', () => {
  test('are there as long as the request waits, and erased with its end', async () => {
    vault.mode = 'wait';
    const { body: filed } = await put();
    await expect.poll(() => vault.received.at(-1)?.phase).toBe('run');
    const waiting = await rowOf(filed.id);
    expect(waiting.sealed).toMatchObject({
      v: 1,
      key: expect.stringMatching(/^local:/),
      for: `request:${waiting.digest}:user:nadia`,
    });
    vault.gate.resolve();
    await gateway.until(filed.id, 'succeeded');
    expect(await rowOf(filed.id)).toMatchObject({ state: 'succeeded', sealed: null });
  });

  test.each([
    ['withdrawn', 'withdraw', 'nadia'],
    ['rejected', 'reject', 'amine'],
  ] as const)('are erased when it is %s', async (state, command, who) => {
    const { body: filed } = await put({}, 'vault.replace');
    expect((await rowOf(filed.id)).sealed).not.toBeNull();
    await gateway.call(who, 'POST', `/v1/requests/${filed.id}/${command}`, { body: { comment: 'No' } });
    expect(await rowOf(filed.id)).toMatchObject({ state, sealed: null });
  });

  test('of a run that nobody saw the end of are kept until it is settled: observe is given them', async () => {
    vault.mode = 'half';
    const { body: filed } = await put();
    await gateway.until(filed.id, 'unknown');
    expect((await rowOf(filed.id)).sealed).not.toBeNull();
    await expect.poll(() => vault.received.at(-1)).toEqual({ phase: 'observe', input: { name: 'db', password, size: 3 } });
    vault.observation = 'succeeded';
    vault.echo = { observed: `It is ${password}` };
    await sql(gateway.databaseUrl, 'update requests set observe_at = now() where number = $1', [filed.id.slice(4)]);
    const done = await gateway.until(filed.id, 'succeeded');
    expect(done.output).toMatchObject({ summary: `It is ${M}` });
    expect((await rowOf(filed.id)).sealed).toBeNull();
  });

  test('cannot stay behind: the database refuses an end with them', async () => {
    const { body: filed } = await put({}, 'vault.replace');
    const end = sql(gateway.databaseUrl, `update requests set state = 'void' where number = $1`, [filed.id.slice(4)]);
    await expect(end).rejects.toThrow(/requests_sealed_check/);
  });

  test('do not open for another request: its run is void, and nothing is sent', async () => {
    const { body: mine } = await put({}, 'vault.replace');
    const { body: other } = await put({ password: `${password}-other` }, 'vault.replace');
    const move = 'update requests set sealed = (select sealed from requests where number = $1) where number = $2';
    await sql(gateway.databaseUrl, move, [other.id.slice(4), mine.id.slice(4)]);
    vault.received.length = 0;
    await approve(mine.id);
    const ended = await gateway.until(mine.id, 'void');
    expect(ended.failure).toMatchObject({ code: 'sealing.broken' });
    expect(vault.received).toEqual([]);
  });
});

describe('what is said about them', () => {
  test('words of plans, lines, results and failures lose them, whatever way they are written', async () => {
    const basic = Buffer.from(`db:${password}`).toString('base64');
    vault.echo = {
      summary: `Sets it to ${password}`,
      effect: `curl -H 'Authorization: Basic ${basic}' ?p=${encodeURIComponent(password)}`,
      logs: [`token is ${password.slice(0, 9)}`, `${password.slice(9)}!`, Buffer.from(password).toString('hex')],
      progress: [`at ${password}`],
      result: `now ${password}`,
    };
    const planned = await gateway.call<{ plan: unknown; input: unknown }>('nadia', 'POST', '/v1/actions/vault.put/plan', {
      body: { environment: 'staging', input: { name: 'db', password } },
    });
    expect(planned.body).toMatchObject({ plan: { summary: `Sets it to ${M}` }, input: { password: M } });
    const { body: filed } = await put();
    const done = await gateway.until(filed.id, 'succeeded');
    const events = await readEvents(gateway, filed.id);
    const all = JSON.stringify([planned.body, filed, done, events]);
    for (const form of [password, basic.slice(6, -4), Buffer.from(password).toString('hex')]) expect(all).not.toContain(form);
    const lines = events.filter(({ type }) => type === 'run.log').map(({ data }) => data['message']);
    expect(lines).toEqual([`token is ${M}`, `${M}!`, M]);
    expect(done.output).toMatchObject({ summary: `Put: now ${M}` });
  });

  test('a failure, and the causes that a provider hangs on it', async () => {
    vault.echo = { failure: `cannot set ${password}` };
    const { body: filed } = await put();
    const done = await gateway.until(filed.id, 'failed');
    expect(done.failure).toMatchObject({ message: `cannot set ${M}`, remedy: `cannot set ${M}` });
  });

  test('a refusal', async () => {
    vault.echo = { refusal: `'${password}' is too weak` };
    const { body, status } = await put();
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'action.refused', detail: `'${M}' is too weak`, remedy: `'${M}' is too weak` });
  });

  test.each([['fingerprint'], ['seen'], ['resource']] as const)(
    'a plan with one in its %s is refused, for that is stored as it is',
    async (place) => {
      vault.echo = { [place]: place === 'seen' ? { deep: [password] } : `v1:${password}` };
      const { body, status } = await put();
      expect(status).toBe(502);
      expect(body).toMatchObject({
        code: 'provider.protocol',
        detail: `The plan of provider 'vault' holds a secret of the input in '${place}', which is stored and shown.`,
        remedy: expect.stringContaining("team 'platform'"),
      });
    },
  );
});

describe('the digests', () => {
  test('change with the secret and say nothing of it: neither is a plain digest of it', async () => {
    const one = await put({}, 'vault.replace');
    const same = await put({}, 'vault.replace');
    const other = await put({ password: `${password}!` }, 'vault.replace');
    const rows = await Promise.all([one, same, other].map(({ body }) => rowOf(body.id)));
    expect(rows[0]?.digest).toBe(rows[1]?.digest);
    expect(rows[0]?.digest).not.toBe(rows[2]?.digest);
    expect(rows[0]?.secret_digest).toMatch(/^hmac-sha256:[0-9a-f]{64}$/);
  });

  test('the same key with another secret is refused, with the same secret it is the same request', async () => {
    const headers = { 'idempotency-key': randomBytes(8).toString('hex') };
    const first = await put({}, 'vault.replace', headers);
    expect((await put({}, 'vault.replace', headers)).body.id).toBe(first.body.id);
    expect((await put({ password: `${password}!` }, 'vault.replace', headers)).body).toMatchObject({
      code: 'idempotency.reused',
    });
  });
});

describe('a wrong input', () => {
  const WRONG: readonly (readonly [what: string, input: (canary: string) => unknown, words: string])[] = [
    ['another type', (canary) => ({ name: 'db', password: { [canary]: canary } }), '/input/password must be a string'],
    ['too long', (canary) => ({ name: 'db', password: canary.repeat(20) }), '/input/password must have at most 200 characters'],
    [
      'an unknown field',
      (canary) => ({ name: 'db', password: 'long enough', passwort: canary }),
      '/input/passwort is not a field',
    ],
    [
      'in another field',
      (canary) => ({ name: 'db', password: 'long enough', size: canary }),
      '/input/size must be a whole number',
    ],
    [
      'a name inside of a secret',
      (canary) => ({ name: 'db', password: 'long enough', settings: { [canary]: 5 } }),
      '/input/settings is not valid',
    ],
    [
      'an item of another type',
      (canary) => ({ name: 'db', password: 'long enough', more: [{ user: 'u', token: [canary] }] }),
      '/input/more/0/token must be',
    ],
  ];

  test.each(WRONG)('%s is named without being repeated', async (_what, input, words) => {
    const { body, status } = await gateway.submit('nadia', { action: 'vault.put', input: input(password) });
    expect(status).toBe(400);
    expect(body.detail).toContain(words);
    expect(JSON.stringify(body)).not.toContain(password);
  });

  test('the marker is no secret: what was copied from a request has to be typed again', async () => {
    const { body, status } = await put({ password: M });
    expect(status).toBe(400);
    expect(body).toMatchObject({ code: 'input.invalid', errors: [{ field: '/input/password' }] });
  });
});

test('choices are asked for without secrets', async () => {
  const input = { name: 'd', password, more: [{ user: 'u', token: password }], settings: { a: password } };
  const body = { environment: 'staging', input, field: 'name', query: 'd' };
  expect((await gateway.call('nadia', 'POST', '/v1/actions/vault.put/options', { body })).status).toBe(200);
  expect(vault.received).toEqual([{ phase: 'options', input: { name: 'd' } }]);
});

test('a read is given them and stores nothing; what it says loses them', async () => {
  vault.echo = { result: `It is ${password}` };
  const body = { environment: 'staging', input: { name: 'db', password } };
  const answer = await gateway.call('nadia', 'POST', '/v1/actions/vault.try/read', { body });
  expect(answer.body).toMatchObject({ output: { text: `It is ${M}` } });
  expect(vault.received).toMatchObject([{ phase: 'read', input: { password } }]);
  const audit = await sql<{ data: unknown }>(
    gateway.databaseUrl,
    `select data from audit_events where type = 'read.answered' order by id desc limit 1`,
  );
  expect(audit[0]?.data).toEqual({ input: { name: 'db', password: M, size: 3 }, result: 'a line of text' });
});

test('the catalogue says which fields are secret, and shows no secret of an example', async () => {
  const { body } = await gateway.call<Action>('nadia', 'GET', '/v1/actions/vault.put');
  expect(body.input).toMatchObject({ properties: { password: { writeOnly: true, format: 'password' } } });
  expect(body.examples).toEqual([{ title: 'One', input: { name: 'db', password: M } }]);
});
