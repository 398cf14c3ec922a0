import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { connect } from 'node:net';
import type { Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { sql } from './support/beside.ts';
import { Browser } from './support/browser.ts';
import { Canaries, formsOf } from './support/canaries.ts';
import { LeakyEstate, submission } from './support/leaky-estate.ts';
import { Vault } from './support/vault-provider.ts';

/**
 * Secrets of every kind are set free where callers, providers, operators and the database could put them, right and wrong.
 * Then all that a gateway leaves behind is looked through: its log at level trace, every row of its database, what it
 * answered, its events, its metrics, its traces, its webhooks, and what the SDK of a provider logged.
 */
const canaries = new Canaries();
const vault = new Vault();
let estate: LeakyEstate;
beforeAll(async () => {
  estate = await LeakyEstate.start(canaries, vault);
});
afterAll(() => estate.close());
beforeEach(() => vault.forget());

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
  const id = await estate.put(waiting, 'vault.replace');
  expect(canaries.seenIn(await estate.everything())).toEqual([]);
  await estate.send('POST', `/v1/requests/${id}/approve`, {
    headers: { authorization: `Bearer ${estate.approverToken}` },
    body: {},
  });
  await estate.until(id, 'succeeded');
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
  await estate.until(await estate.put(spoken), 'succeeded');

  const failing = canaries.hatch('a secret in a failure', `é"/+ '`);
  vault.echo = { failure: speak(failing).join('; ') };
  await estate.until(await estate.put(failing), 'failed');
  const crashing = canaries.hatch('a secret in a stack', `é"/+ '`);
  vault.echo = { crash: speak(crashing).join('; ') };
  await estate.until(await estate.put(crashing), 'failed');
  const refused = canaries.hatch('a secret in a refusal', `é"/+ '`);
  vault.echo = { refusal: speak(refused).join('; ') };
  await estate.put(refused);
  for (const place of ['fingerprint', 'resource', 'seen'] as const) {
    const stored = canaries.hatch(`a secret in a ${place}`);
    vault.echo = { [place]: `v1-${Buffer.from(stored).toString('base64')}` };
    await estate.put(stored);
  }
  const observed = canaries.hatch('a secret in an observation', `é"/+ '`);
  vault.mode = 'half';
  vault.echo = { observed: speak(observed).join('; '), logs: speak(observed) };
  const lost = await estate.put(observed);
  await estate.until(lost, 'unknown');
  vault.observation = 'succeeded';
  await sql(estate.databaseUrl, 'update requests set observe_at = now() where number = $1', [lost.slice(4)]);
  await estate.until(lost, 'succeeded');
  const looked = canaries.hatch('a secret of a read', `é"/+ '`);
  vault.echo = { result: speak(looked).join('; '), logs: speak(looked) };
  const { text } = await estate.send('POST', '/v1/actions/vault.try/read', {
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
  for (const [index, answer] of say.entries()) {
    estate.evil.answer = answer;
    await estate.send('POST', '/v1/actions/evil.look/read', { body: { environment: 'staging', input: { x: bad } } });
    await estate.send('POST', '/v1/actions/evil.change/plan', { body: { environment: 'staging', input: { x: bad } } });
    // Planned well, run badly; each on a resource of its own, for what ends as unknown holds up others.
    const well = JSON.stringify({ ...plan, resource: { type: 'x', id: `y${index}` } });
    estate.evil.answer = (response, request) => (request.url?.endsWith('/plan') ? response.end(well) : answer(response));
    const { text } = await estate.send('POST', '/v1/requests', submission('evil.change', { x: bad }));
    await estate.until((JSON.parse(text) as Request).id, 'failed', 'unknown', 'succeeded', 'void');
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
    await estate.send('POST', '/v1/requests', submission('vault.put', input));
    await estate.send('POST', '/v1/actions/vault.try/read', { body: { environment: 'staging', input } });
    await estate.send('POST', '/v1/actions/vault.put/options', {
      body: { environment: 'staging', input, field: 'name', query: '' },
    });
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
    await estate.send('POST', '/v1/requests', { body });
  await estate.send('POST', '/v1/requests', { body: whole, headers: { 'content-type': `text/${plain}` } });
  await estate.send('POST', '/v1/requests', { body: whole, headers: { 'content-encoding': plain } });
  await estate.send(
    'POST',
    '/v1/requests',
    submission('vault.put', { name: 'db', password: plain }, { secret: plain, input2: { password: plain } }),
  );
  await new Promise<void>((resolve) => {
    const socket = connect(Number(new URL(estate.gateway.url).port), '127.0.0.1', () =>
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
    await estate.send('GET', '/v1/me', { headers });
  await estate.send('GET', `/v1/me?token=${forged}`);
  await estate.send('GET', `/v1/requests?state=${forged}`);
  await estate.send('POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken: forged } });
  await estate.send('POST', '/v1/auth/token', {
    body: {
      grant: 'authorization_code',
      code: forged,
      codeVerifier: forged.repeat(2).slice(0, 60),
      redirectUri: 'http://127.0.0.1/callback',
    },
  });
  await estate.send('POST', '/v1/auth/exchange', { body: { token: forged } });
  const made = await estate.send('POST', '/v1/tokens', { body: { name: 'made', expiresInDays: 1 } });
  estate.forgetLast(); // the one place where a token is shown
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
  await browser.open(`${estate.gateway.url}/v1/auth/authorize?${ask}`);
  await browser.signIn({ username: 'nadia', password: estate.password });
  // The page gives back to the command line the state that it came with, and tells nobody else.
  estate.keep('a page', browser.page.html.replaceAll(state, ''));
  const back = browser.submit({ button: /allow|yes|sign in/i });
  await expect(back).rejects.toThrow('ECONNREFUSED'); // the command line listens elsewhere
  const code = browser.visited.at(-1)?.searchParams.get('code') ?? '';
  canaries.add('a code', code);
  for (const { name, value } of browser.cookies) if (name.includes('guichet')) canaries.add(`the cookie ${name}`, value);
  const exchange = { grant: 'authorization_code', code, codeVerifier: verifier, redirectUri: 'http://127.0.0.1:9/callback' };
  let tokens = await estate.send('POST', '/v1/auth/token', { body: exchange });
  expect(tokens.status).toBe(200);
  for (let renewals = 0; renewals < 2; renewals += 1) {
    estate.forgetLast(); // the one place where these tokens are shown
    const { accessToken, refreshToken } = JSON.parse(tokens.text) as { accessToken: string; refreshToken: string }; // what the route answers
    canaries.add(`access token ${renewals}`, accessToken);
    canaries.add(`refresh token ${renewals}`, refreshToken);
    await estate.send('GET', '/v1/me', { headers: { authorization: `Bearer ${accessToken}` } });
    tokens = await estate.send('POST', '/v1/auth/token', { body: { grant: 'refresh_token', refreshToken } });
  }
  estate.forgetLast();
  const { refreshToken } = JSON.parse(tokens.text) as { refreshToken: string }; // as above
  canaries.add('the last refresh token', refreshToken);
  await estate.send('POST', '/v1/auth/token', { body: exchange }); // used a second time
  const device = await estate.send('POST', '/v1/auth/device', { body: { client: 'guichet' } });
  estate.forgetLast();
  canaries.add('the code of a device', (JSON.parse(device.text) as { deviceCode: string }).deviceCode); // what the route answers
});

test('a database that breaks in the middle', async () => {
  const during = canaries.hatch('a secret while the database breaks', `é"/+ '`);
  await sql(estate.databaseUrl, `alter table requests add constraint no_more check (action <> 'vault.put') not valid`);
  expect((await estate.send('POST', '/v1/requests', submission('vault.put', { name: 'db', password: during }))).status).toBe(500);
  await sql(estate.databaseUrl, 'alter table requests drop constraint no_more');
  await sql(estate.databaseUrl, `alter table audit_events add constraint no_reads check (type not like $$read.%$$) not valid`);
  await estate.send('POST', '/v1/actions/vault.try/read', {
    body: { environment: 'staging', input: { name: 'db', password: during } },
  });
  await sql(estate.databaseUrl, 'alter table audit_events drop constraint no_reads');
  await sql(
    estate.database.url,
    `select pg_terminate_backend(pid) from pg_stat_activity
     where application_name like 'guichet%' and datname = current_database()`,
  );
  await expect.poll(async () => (await estate.send('GET', '/v1/me')).status, { timeout: 10_000 }).toBe(200);
});

test('nothing of all that is anywhere', async () => {
  await expect.poll(() => estate.overheard, { timeout: 10_000 }).toBeGreaterThan(20);
  await expect.poll(() => estate.spans, { timeout: 10_000 }).toBeGreaterThan(100);
  const places = await estate.everything();
  const log = estate.gateway.logged();
  expect(log).toContain('"route":"/v1/requests"'); // it is the log of all that
  expect(log).toContain('unforeseen error');
  expect(canaries.size).toBeGreaterThan(25);
  expect(places.length).toBeGreaterThan(150);
  expect(canaries.seenIn(places)).toEqual([]);
  expect(
    await sql(estate.databaseUrl, 'select number from requests where sealed is not null and finished_at is not null'),
  ).toEqual([]);
});
