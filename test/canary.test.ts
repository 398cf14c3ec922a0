import { execFile } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isFinal, type Problem, type Request, type RequestState } from '@guichet/contract';
import { type IdentityProvider, startIdentityProvider } from '@guichet/demo';
import { type TestDatabase, testDatabase } from '@guichet/postgres-server/testing';
import { gatewayKeys, type KeySource, type ProviderLogger, type ProviderServer, serve } from '@guichet/sdk';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { Browser } from './support/browser.ts';
import { Canaries, everyRow, formsOf, type Place } from './support/canaries.ts';
import { type EvilProvider, MANIFEST, startEvilProvider } from './support/evil-provider.ts';
import { COMPANY } from './support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from './support/gateway-process.ts';
import { Vault, vaultProvider } from './support/vault-provider.ts';

/**
 * Secrets of every kind are set free where callers, providers, operators and the database could put them, right and wrong.
 * Then all that a gateway leaves behind is looked through: its log at level trace, every row of its database, what it
 * answered, its events, its metrics, its webhooks, and what the SDK of a provider logged.
 */
const MAIN = new URL('../gateway/src/main.ts', import.meta.url).pathname;
const canaries = new Canaries();
const vault = new Vault();
const answers: Place[] = [];
const deliveries: Place[] = [];
const providerLog: Place[] = [];
const pages: Place[] = [];
let database: TestDatabase;
let databaseUrl: string;
let folder: string;
let evil: EvilProvider;
let provider: ProviderServer;
let receiver: Server;
let identityProvider: IdentityProvider;
let gateway: GatewayProcess;
let token: string;

const ENV = {
  GUICHET_TEST_SEALING: canaries.add('the key that seals', randomBytes(32).toString('base64')),
  GUICHET_TEST_WEBHOOK: canaries.hatch('the secret of the webhook'),
  GUICHET_TEST_CLIENT: canaries.hatch('the secret of the OpenID client'),
};
const PASSWORD = canaries.hatch('the password of a person at the identity provider');
/** The evil provider has secret fields too. */
const SECRETIVE = {
  ...MANIFEST,
  actions: MANIFEST.actions.map((action) => ({
    ...action,
    input: { type: 'object', properties: { x: { type: 'string', writeOnly: true } } },
    options: [],
  })),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'guichet-canary-'));
  database = await testDatabase();
  const login = new URL(database.url);
  login.username = `canary_${randomBytes(6).toString('hex')}`;
  login.password = canaries.hatch('the password of the database');
  await sql(database.url, `create role ${login.username} superuser login password '${login.password}'`);
  databaseUrl = login.href;
  evil = await startEvilProvider();
  evil.manifest = SECRETIVE;
  const keep = (fields: Record<string, unknown>, message: string): void => {
    const error = fields['err'];
    const text = error instanceof Error ? `${error.stack} ${String(error.cause)}` : String(error);
    providerLog.push({ where: 'the log of a provider', text: `${message} ${JSON.stringify(fields)} ${text}` });
  };
  const logger: ProviderLogger = { info: keep, warn: keep, error: keep };
  const keys: KeySource = { find: (kid) => gatewayKeys(gateway.url).find(kid) };
  provider = await serve(vaultProvider(vault), { port: 0, keys, logger });
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      deliveries.push({ where: 'a webhook', text: JSON.stringify(request.headers) + Buffer.concat(chunks).toString() });
      response.writeHead(204).end();
    });
  });
  await once(receiver.listen(0, '127.0.0.1'), 'listening');
  identityProvider = await startIdentityProvider({
    clients: [
      { clientId: 'guichet', clientSecret: ENV.GUICHET_TEST_CLIENT, redirectUris: ['http://127.0.0.1/v1/auth/callback'] },
    ],
    people: [{ name: 'nadia', fullName: 'Nadia Benali', email: 'nadia@example.com', groups: [], password: PASSWORD }],
  });
  const config = {
    listen: { port: 0 },
    database: { url: databaseUrl },
    company: COMPANY,
    logLevel: 'trace',
    sealing: { keyFromEnv: 'GUICHET_TEST_SEALING' },
    providers: [
      { name: 'evil', url: evil.url },
      { name: 'vault', url: provider.url },
    ],
    webhooks: [
      {
        name: 'chat',
        url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`,
        secretFromEnv: 'GUICHET_TEST_WEBHOOK',
      },
    ],
    identity: { oidc: { issuer: identityProvider.issuer, clientId: 'guichet', clientSecretFromEnv: 'GUICHET_TEST_CLIENT' } },
    worker: { tickMs: 200, leaseSeconds: 2 },
  };
  const file = join(folder, 'guichet.yaml');
  await writeFile(file, JSON.stringify(config));
  gateway = await startGatewayProcess(folder, config, ENV);
  const env = { ...process.env, ...ENV };
  const issued = await promisify(execFile)(process.execPath, [MAIN, '--config', file, 'issue-token', 'user:nadia'], { env });
  token = canaries.add('a token', issued.stdout.trim());
  const approver = await promisify(execFile)(process.execPath, [MAIN, '--config', file, 'issue-token', 'user:amine'], { env });
  approverToken = canaries.add('the token of an approver', approver.stdout.trim());
  expect((await send('GET', '/v1/actions/vault.put')).status).toBe(200);
});
afterAll(async () => {
  gateway.kill('SIGKILL');
  await gateway.exited;
  await Promise.all([provider.close(), evil.close(), identityProvider.close()]);
  receiver.closeAllConnections();
  receiver.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => vault.forget());
let approverToken: string;

interface Answer {
  readonly status: number;
  readonly text: string;
}

/** A call; what it answers is looked through later. */
async function send(
  method: string,
  path: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Answer> {
  const response = await fetch(`${gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  answers.push({ where: `the answer to ${method} ${path.slice(0, 60)}`, text: JSON.stringify([...response.headers]) + text });
  return { status: response.status, text };
}

const submission = (action: string, input: unknown, more: Record<string, unknown> = {}) => ({
  body: { action, environment: 'staging', input, reason: 'It is old', ...more },
});

async function until(id: string, ...states: RequestState[]): Promise<Request> {
  let request: Request | undefined;
  const look = async (): Promise<RequestState> => {
    request = JSON.parse((await send('GET', `/v1/requests/${id}`)).text) as Request; // what the route answers
    return request.state;
  };
  await expect.poll(look, { timeout: 20_000, message: id }).toSatisfy((state: RequestState) => states.includes(state));
  if (request === undefined) throw new Error('it was not looked at');
  // The stream of one that has not ended does not end either.
  if (isFinal(request.state))
    await send('GET', `/v1/requests/${id}/events?after=0`, { headers: { accept: 'text/event-stream' } });
  return request;
}

async function put(password: string, action = 'vault.put'): Promise<string> {
  const more = { more: [{ user: 'u', token: password }], settings: { [password]: password } };
  const { text } = await send('POST', '/v1/requests', submission(action, { name: 'db', password, ...more }));
  return (JSON.parse(text) as Request & Problem).id; // what the route answers
}

/** Everything that is left behind so far. */
async function everything(): Promise<Place[]> {
  const publicly = await Promise.all(
    ['/metrics', '/openapi.json', '/v1/keys', '/v1/audit?limit=200', '/v1/requests?limit=200', '/v1/actions'].map((path) =>
      send('GET', path),
    ),
  );
  expect(publicly.every(({ status }) => status === 200)).toBe(true);
  return [
    { where: 'the log', text: gateway.logged() },
    ...(await everyRow(databaseUrl)),
    ...answers,
    ...deliveries,
    ...providerLog,
    ...pages,
  ];
}

test('the search finds whatever is planted, in each of its forms', () => {
  const birds = new Canaries();
  const secret = birds.hatch('a secret', `é"/+ '`);
  for (const [form, text] of formsOf(secret)) expect(birds.seenIn([{ where: 'here', text: `x${text}x` }]), form).not.toEqual([]);
  for (const before of ['', 'a', 'ab', 'abc'])
    for (const encoding of ['base64', 'base64url', 'hex'] as const)
      expect(birds.seenIn([{ where: 'here', text: Buffer.from(`${before}${secret}`).toString(encoding) }])).not.toEqual([]);
  expect(birds.seenIn([{ where: 'here', text: 'nothing of the kind' }])).toEqual([]);
});

test('a secret input, while it waits and when it has ended', async () => {
  const waiting = canaries.hatch('a secret that waits', `é"/+ '`);
  const id = await put(waiting, 'vault.replace');
  expect(canaries.seenIn(await everything())).toEqual([]);
  await send('POST', `/v1/requests/${id}/approve`, { headers: { authorization: `Bearer ${approverToken}` }, body: {} });
  await until(id, 'succeeded');
  expect(vault.received.at(-1)).toMatchObject({ phase: 'run', input: { password: waiting } });
});

test('what a provider says of it: plans, lines, progress, results, failures, stacks, observations', async () => {
  const speak = (secret: string): string[] => {
    const bytes = Buffer.from(secret);
    return [
      `raw ${secret}`,
      `base64 ${bytes.toString('base64')}, ${Buffer.from(`a:${secret}`).toString('base64url')}`,
      `Basic ${Buffer.from(`user:${secret}`).toString('base64')}, ${Buffer.from(`abc:${secret}x`).toString('base64url')}`,
      `url ?p=${encodeURIComponent(secret)}&q=${new URLSearchParams({ x: secret })}`,
      `hex ${bytes.toString('hex')}, json ${JSON.stringify({ p: secret })}`,
    ];
  };
  const spoken = canaries.hatch('a secret that a provider repeats', `é"/+ '`);
  const [raw = '', base64 = '', basic = '', url = '', hex = ''] = speak(spoken);
  const cuts = [5, 17, 30].map((at, index, all) => spoken.slice(all[index - 1] ?? 0, at)).concat(spoken.slice(30));
  vault.echo = {
    summary: raw,
    effect: `${base64} ${basic}`,
    logs: [raw, base64, basic, url, hex, 'in pieces:', ...cuts, `and ${spoken.slice(0, 20)}`, `${spoken.slice(20)} again`],
    progress: [url, ...cuts],
    result: `${raw} ${hex} ${base64} ${url}`,
  };
  await until(await put(spoken), 'succeeded');

  const failing = canaries.hatch('a secret in a failure', `é"/+ '`);
  vault.echo = { failure: speak(failing).join('; ') };
  await until(await put(failing), 'failed');
  const crashing = canaries.hatch('a secret in a stack', `é"/+ '`);
  vault.echo = { crash: speak(crashing).join('; ') };
  await until(await put(crashing), 'failed');
  const refused = canaries.hatch('a secret in a refusal', `é"/+ '`);
  vault.echo = { refusal: speak(refused).join('; ') };
  await put(refused);
  for (const place of ['fingerprint', 'resource', 'seen'] as const) {
    const stored = canaries.hatch(`a secret in a ${place}`);
    vault.echo = { [place]: `v1-${Buffer.from(stored).toString('base64')}` };
    await put(stored);
  }
  const observed = canaries.hatch('a secret in an observation', `é"/+ '`);
  vault.mode = 'half';
  vault.echo = { observed: speak(observed).join('; '), logs: speak(observed) };
  const lost = await put(observed);
  await until(lost, 'unknown');
  vault.observation = 'succeeded';
  await sql(databaseUrl, 'update requests set observe_at = now() where number = $1', [lost.slice(4)]);
  await until(lost, 'succeeded');
  const looked = canaries.hatch('a secret of a read', `é"/+ '`);
  vault.echo = { result: speak(looked).join('; '), logs: speak(looked) };
  const { text } = await send('POST', '/v1/actions/vault.try/read', {
    body: { environment: 'staging', input: { name: 'db', password: looked } },
  });
  expect(text).toContain('••••••');
});

test('what a provider says that breaks the protocol', async () => {
  const bad = canaries.hatch('a secret in an answer that is broken');
  const problem = JSON.stringify({
    type: bad,
    title: bad,
    status: 422,
    code: 'action.refused',
    detail: bad,
    remedy: bad,
    retryable: false,
    errors: [{ field: `/${bad}`, message: bad }],
    details: { [bad]: { deep: [bad] } },
  });
  const plan = { summary: bad, resource: { type: 'x', id: 'y' }, fingerprint: 'f', seen: 5, [bad]: bad };
  const say: ((response: ServerResponse) => void)[] = [
    (response) => response.end(bad),
    (response) => response.writeHead(500, { [`x-${bad}`]: bad }).end(`<html>${bad}`),
    (response) => response.writeHead(422, { 'content-type': 'application/problem+json' }).end(problem),
    (response) => response.end(JSON.stringify({ ...plan, resource: bad })),
    (response) => response.end(JSON.stringify({ ...plan, effects: [5, bad] })),
    (response) => response.end(JSON.stringify(plan)),
    (response) => response.end(`{"type":"log","message":"${bad}"}\n{"type":"${bad}"}\n`),
    (response) => response.end(`{"type":"result","output":{"kind":"${bad}"}}\n`),
    (response) =>
      response.end(
        `{"type":"log","message":"${bad.slice(0, 20)}"}\n{"type":"log","message":"${bad.slice(20)}"}\n{"broken ${bad}`,
      ),
    (response) => {
      response.write(`{"type":"log","message":"${bad}`, () => response.destroy());
    },
    (response) => response.destroy(),
  ];
  for (const answer of say) {
    evil.answer = answer;
    await send('POST', '/v1/actions/evil.look/read', { body: { environment: 'staging', input: { x: bad } } });
    await send('POST', '/v1/actions/evil.change/plan', { body: { environment: 'staging', input: { x: bad } } });
    // Planned well, run badly.
    evil.answer = (response, request) => (request.url?.endsWith('/plan') ? response.end(JSON.stringify(plan)) : answer(response));
    const { text } = await send('POST', '/v1/requests', submission('evil.change', { x: bad }));
    await until((JSON.parse(text) as Request).id, 'failed', 'unknown', 'succeeded', 'void');
  }
});

test('secrets in wrong places of a call: unknown fields, other types, too much, half a document', async () => {
  const wrong = canaries.hatch('a secret in the wrong place', `é"/+ '`);
  const plain = canaries.hatch('a secret of letters in the wrong place');
  const inputs: unknown[] = [
    { name: 'db', passwort: wrong, password: wrong },
    { name: 'db', password: [wrong, { [wrong]: wrong }] },
    { name: [wrong], password: wrong },
    { name: 'db', password: wrong, size: wrong },
    { name: 'db', password: wrong.repeat(10) },
    { name: 'db', password: wrong, more: wrong, settings: [wrong] },
    { name: 'db', password: wrong, settings: { [wrong]: { [wrong]: 1 } } },
    [wrong],
    wrong,
  ];
  for (const input of inputs) {
    await send('POST', '/v1/requests', submission('vault.put', input));
    await send('POST', '/v1/actions/vault.try/read', { body: { environment: 'staging', input } });
    await send('POST', '/v1/actions/vault.put/options', { body: { environment: 'staging', input, field: 'name', query: '' } });
  }
  const whole = JSON.stringify(submission('vault.put', { name: 'db', password: plain }).body);
  for (const body of [
    whole.slice(0, -1),
    `${whole}}`,
    `${whole}${plain}`,
    whole.replace('"db"', plain),
    whole.replace('"name"', '"password":1,"name"'),
    plain,
    `"${plain}"`,
    `{"input":{"x":"${'y'.repeat(300_000)}${plain}"}}`,
  ])
    await send('POST', '/v1/requests', { body });
  await send('POST', '/v1/requests', { body: whole, headers: { 'content-type': `text/${plain}` } });
  await send('POST', '/v1/requests', { body: whole, headers: { 'content-encoding': plain } });
  await send(
    'POST',
    '/v1/requests',
    submission('vault.put', { name: 'db', password: plain }, { secret: plain, input2: { password: plain } }),
  );
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(gateway.url).port), '127.0.0.1', () =>
      socket.end(
        `POST /v1/requests HTTP/1.1\r\nauthorization: Bearer ${plain}\r\nhost: ${plain}\r\nx: ${plain}\r\n broken ${plain}\r\n\r\n${plain}`,
      ),
    );
    socket.on('close', () => resolve());
    socket.resume();
  });
});

test('tokens, headers and cookies, right and wrong', async () => {
  const forged = canaries.hatch('a forged token');
  for (const headers of [
    { authorization: `Bearer gct_u_${forged}` },
    { authorization: `Bearer ${forged}` },
    { authorization: forged },
    { authorization: `Basic ${Buffer.from(`nadia:${forged}`).toString('base64')}` },
    {
      authorization: '',
      cookie: `guichet_session=${forged}; __Host-guichet_session=${forged}; other=${forged}`,
      'x-api-key': forged,
    },
    { 'x-forwarded-for': forged, 'user-agent': forged, referer: `https://x/?token=${forged}` },
  ])
    await send('GET', '/v1/me', { headers });
  await send('GET', `/v1/me?token=${forged}`);
  await send('GET', `/v1/requests?state=${forged}`);
  await send('POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken: forged } });
  await send('POST', '/v1/auth/token', {
    body: {
      grant: 'authorization_code',
      code: forged,
      codeVerifier: forged.repeat(2).slice(0, 60),
      redirectUri: 'http://127.0.0.1/callback',
    },
  });
  await send('POST', '/v1/auth/exchange', { body: { token: forged } });
  const made = await send('POST', '/v1/tokens', { body: { name: 'made', expiresInDays: 1 } });
  answers.pop(); // the one place where a token is shown
  expect(made.status).toBe(201);
  canaries.add('a token that was made', (JSON.parse(made.text) as { secret: string }).secret); // what the route answers
});

test('a sign-in: codes, states, cookies of a browser, tokens of a command line and their successors', async () => {
  const browser = new Browser();
  const state = canaries.hatch('the state of a command line');
  const verifier = canaries.hatch('the verifier of a command line');
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const ask = new URLSearchParams({
    redirect_uri: 'http://127.0.0.1:9/callback',
    code_challenge: challenge,
    state,
    client: 'guichet',
  });
  await browser.open(`${gateway.url}/v1/auth/authorize?${ask}`);
  await browser.signIn({ username: 'nadia', password: PASSWORD });
  const back = browser.submit({ button: /allow|yes|sign in/i });
  await expect(back).rejects.toThrow('ECONNREFUSED'); // the command line listens elsewhere
  const code = browser.visited.at(-1)?.searchParams.get('code') ?? '';
  canaries.add('a code', code);
  for (const { name, value } of browser.cookies) if (name.includes('guichet')) canaries.add(`the cookie ${name}`, value);
  const exchange = { grant: 'authorization_code', code, codeVerifier: verifier, redirectUri: 'http://127.0.0.1:9/callback' };
  let tokens = await send('POST', '/v1/auth/token', { body: exchange });
  expect(tokens.status).toBe(200);
  for (let renewals = 0; renewals < 2; renewals += 1) {
    answers.pop(); // the one place where these tokens are shown
    const { accessToken, refreshToken } = JSON.parse(tokens.text) as { accessToken: string; refreshToken: string }; // what the route answers
    canaries.add(`access token ${renewals}`, accessToken);
    canaries.add(`refresh token ${renewals}`, refreshToken);
    await send('GET', '/v1/me', { headers: { authorization: `Bearer ${accessToken}` } });
    tokens = await send('POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken } });
  }
  answers.pop();
  const { refreshToken } = JSON.parse(tokens.text) as { refreshToken: string }; // as above
  canaries.add('the last refresh token', refreshToken);
  await send('POST', '/v1/auth/token', { body: exchange }); // used a second time
  const device = await send('POST', '/v1/auth/device', { body: { client: 'guichet' } });
  answers.pop();
  canaries.add('the code of a device', (JSON.parse(device.text) as { deviceCode: string }).deviceCode); // what the route answers
});

test('a database that breaks in the middle', async () => {
  const during = canaries.hatch('a secret while the database breaks', `é"/+ '`);
  await sql(databaseUrl, `alter table requests add constraint no_more check (action <> 'vault.put') not valid`);
  expect((await send('POST', '/v1/requests', submission('vault.put', { name: 'db', password: during }))).status).toBe(500);
  await sql(databaseUrl, 'alter table requests drop constraint no_more');
  await sql(databaseUrl, `alter table audit_events add constraint no_reads check (type not like $$read.%$$) not valid`);
  await send('POST', '/v1/actions/vault.try/read', { body: { environment: 'staging', input: { name: 'db', password: during } } });
  await sql(databaseUrl, 'alter table audit_events drop constraint no_reads');
  await sql(database.url, `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'guichet%'`);
  await expect.poll(async () => (await send('GET', '/v1/me')).status, { timeout: 10_000 }).toBe(200);
});

test('nothing of all that is anywhere', async () => {
  await expect.poll(() => deliveries.length, { timeout: 10_000 }).toBeGreaterThan(20);
  const places = await everything();
  const log = gateway.logged();
  expect(log).toContain('"route":"/v1/requests"'); // it is the log of all that
  expect(log).toContain('unforeseen error');
  expect(canaries.size).toBeGreaterThan(25);
  expect(places.length).toBeGreaterThan(150);
  expect(canaries.seenIn(places)).toEqual([]);
  expect(await sql(databaseUrl, 'select number from requests where sealed is not null and finished_at is not null')).toEqual([]);
});
