import type { ServerResponse } from 'node:http';
import type { Problem } from '@guichet/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EvilProvider, startEvilProvider } from './support/evil-provider.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { checkProblem } from './support/problems.ts';

let evil: EvilProvider;
let gateway: TestGateway;
beforeAll(async () => {
  evil = await startEvilProvider();
  gateway = await startGateway({ config: { providers: [{ name: 'evil', url: evil.url }] } });
});
afterAll(async () => {
  await gateway.close();
  await evil.close();
});

const SECRET = 'canary-4711';
const problem = (code: string, status: number) => (response: ServerResponse) => {
  response.statusCode = status;
  response.end(JSON.stringify({ type: 'x', title: 'x', status, code, detail: 'It says so itself.', retryable: false }));
};
const forever = (response: ServerResponse) => {
  const timer = setInterval(() => response.write('{"type":"heartbeat"}\n'), 20);
  response.on('close', () => clearInterval(timer));
};
const endless = (response: ServerResponse) => {
  const pour = (): void => {
    while (response.write('x'.repeat(65_536)));
  };
  response.on('drain', pour);
  pour();
};

type Answer = (response: ServerResponse) => void;
const READS: readonly (readonly [what: string, answer: Answer, code: Problem['code']])[] = [
  ['nothing', (response) => response.end(), 'provider.protocol'],
  ['a page of HTML', (response) => response.end(`<html>\n${SECRET}\n`), 'provider.protocol'],
  ['an error that is no problem', (response) => response.writeHead(500).end(`stack ${SECRET}`), 'provider.protocol'],
  ['an output of no kind', (response) => response.end('{"type":"result","output":{"kind":"nope"}}\n'), 'provider.protocol'],
  ['half a line', (response) => response.end('{"type":"log","message":"x"}\n{"type":"resu'), 'provider.protocol'],
  ['bytes without end in one line', endless, 'provider.protocol'],
  ['a connection that breaks', (response) => response.destroy(), 'provider.failed'],
  ['a redirect', (response) => response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end(), 'provider.failed'],
  [
    'a failure',
    (response) => response.end('{"type":"failure","failure":{"kind":"permanent","message":"It is stuck."}}\n'),
    'provider.failed',
  ],
  ['a refusal', problem('action.refused', 422), 'action.refused'],
  ['a problem about our tokens', problem('token.expired', 401), 'provider.failed'],
  ['a problem about our database', problem('database.unavailable', 503), 'provider.failed'],
  ['silence', () => {}, 'provider.timeout'],
  ['signs of life without end', forever, 'provider.timeout'],
];

describe('a provider that answers a read with', () => {
  test.each(READS)('%s gives a problem, and nothing of what it sent', async (_what, answer, code) => {
    evil.answer = answer;
    const body = { environment: 'staging' };
    const { status, body: found, headers } = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body });
    expect(checkProblem({ remedy: "the provider's own", ...found }, status).code).toBe(code);
    expect(JSON.stringify(found)).not.toContain(SECRET);
    expect(headers.get('www-authenticate')).toBeNull();
  });
});

describe('a provider that answers a plan or choices with', () => {
  const plan = (more: object): string =>
    JSON.stringify({ summary: 'Changes it', resource: { type: 'thing', id: 'a' }, fingerprint: 'f', ...more });
  test.each<readonly [string, Answer, Problem['code']]>([
    ['what is no JSON', (response) => response.end(`<html>${SECRET}`), 'provider.protocol'],
    ['another shape', (response) => response.end('{"choices":5,"summary":5}'), 'provider.protocol'],
    ['bytes without end', endless, 'provider.protocol'],
    ['a NUL', (response) => response.end(plan({ summary: 'a\0b' })), 'provider.protocol'],
    ['half a surrogate pair', (response) => response.end(plan({ fingerprint: '\ud800' })), 'provider.protocol'],
    [
      'bottomless lists',
      (response) => response.end(plan({ seen: JSON.parse('['.repeat(2000) + ']'.repeat(2000)) })),
      'provider.protocol',
    ],
  ])('%s gives a problem', async (_what, answer, code) => {
    evil.answer = answer;
    const write = { environment: 'staging', action: 'evil.change' };
    const submitted = await gateway.call('nadia', 'POST', '/v1/requests', { body: write });
    expect(checkProblem(submitted.body, submitted.status).code).toBe(code);
    const options = { environment: 'staging', field: 'x' };
    const choices = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/options', { body: options });
    expect(checkProblem(choices.body, choices.status).code).toBe('provider.protocol');
    expect(JSON.stringify([submitted.body, choices.body])).not.toContain(SECRET);
  });
});

test('a provider whose answer to a plan or choices breaks off has failed, and so has nothing of ours', async () => {
  evil.answer = (response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('{"summary":"Chan', () => response.destroy());
  };
  const write = { environment: 'staging', action: 'evil.change' };
  const submitted = await gateway.call('nadia', 'POST', '/v1/requests', { body: write });
  expect(checkProblem(submitted.body, submitted.status).code).toBe('provider.failed');
  const body = { environment: 'staging', field: 'x' };
  const choices = await gateway.call('nadia', 'POST', '/v1/actions/evil.look/options', { body });
  expect(checkProblem(choices.body, choices.status).code).toBe('provider.failed');
});

test('a reader who hangs up ends the call of the provider, and it is recorded as such', async () => {
  const closed = new Promise<void>((resolve) => {
    evil.answer = (response) => void response.on('close', resolve);
  });
  const asked = new Promise<void>((resolve) => {
    const wait = evil.answer;
    evil.answer = (response, request) => {
      wait(response, request);
      resolve();
    };
  });
  const controller = new AbortController();
  const call = fetch(`${gateway.app.url}/v1/actions/evil.look/read`, {
    method: 'POST',
    headers: { authorization: `Bearer ${await gateway.token('user:marta')}`, 'content-type': 'application/json' },
    body: JSON.stringify({ environment: 'staging' }),
    signal: controller.signal,
  });
  await asked;
  controller.abort();
  await expect(call).rejects.toThrow();
  await closed;
  await expect
    .poll(async () => {
      const { body } = await gateway.call<{ items: { data: object }[] }>(
        'sven',
        'GET',
        '/v1/audit?actor=user:marta&type=read.failed',
      );
      return body.items[0]?.data;
    })
    .toMatchObject({ code: 'call.abandoned' });
});
