import type { ServerResponse } from 'node:http';
import { type Action, isFinal, type Request } from '@guichet/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type EvilProvider, MANIFEST, startEvilProvider } from './support/evil-provider.ts';
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
beforeEach(async () => {
  evil.manifest = MANIFEST;
  await gateway.app.catalog.refresh();
});

let version = 1;
/** Offers `evil.look` with this input; a schema that is given as text may say what no object of ours can. */
async function offer(input: object | string): Promise<Action | undefined> {
  const look = { ...MANIFEST.actions[0], input: typeof input === 'string' ? JSON.parse(input) : input };
  version += 1;
  evil.manifest = { ...MANIFEST, version: `${version}`, actions: [look, MANIFEST.actions[1]] };
  await gateway.app.catalog.refresh();
  const { body } = await gateway.call<{ items: Action[] }>('nadia', 'GET', '/v1/actions?provider=evil');
  return body.items.find(({ name }) => name === 'look');
}

const look = (input: object = {}) =>
  gateway.call('nadia', 'POST', '/v1/actions/evil.look/read', { body: { environment: 'staging', input } });
const lines =
  (...messages: readonly unknown[]) =>
  (response: ServerResponse): void =>
    void response.end(messages.map((message) => `${typeof message === 'string' ? message : JSON.stringify(message)}\n`).join(''));
const text = { type: 'result', output: { kind: 'text', text: 'fine' } };

describe('a schema of an input', () => {
  test('that would check by a promise, which is as good as a yes, is refused', async () => {
    const action = await offer({ $async: true, type: 'object', required: ['order'] });
    expect(action).toMatchObject({ available: false, unavailableReason: expect.stringContaining('$async') });
  });

  test('with a pattern that takes a text of forty letters for ever is broken off', async () => {
    await offer({ type: 'object', properties: { x: { type: 'string', pattern: '^(a+)+$' } } });
    const { status, body } = await look({ x: `${'a'.repeat(40)}!` });
    expect(checkProblem(body, status)).toMatchObject({
      code: 'provider.protocol',
      detail: expect.stringContaining('takes longer'),
    });
    evil.answer = lines(text);
    expect((await look({ x: 'aaa' })).status).toBe(200);
  });

  test('that compares each entry of a long list with all others is broken off', async () => {
    await offer({ type: 'object', properties: { x: { type: 'array', uniqueItems: true } } });
    const { body } = await look({ x: Array.from({ length: 20_000 }, (_, n) => ({ n })) });
    expect(body).toMatchObject({ code: 'provider.protocol' });
  });

  test('that takes too long to read is broken off, and leaves the actions that were there', async () => {
    const fields = Array.from({ length: 60_000 }, (_, n) => [`p${n}`, { pattern: 'a{9}' }]);
    const action = await offer({ type: 'object', properties: Object.fromEntries(fields) });
    expect(action).toMatchObject({ available: false, unavailableReason: expect.stringContaining('takes longer') });
  });

  test('of a manifest that is larger than any is not even read', async () => {
    const action = await offer({ type: 'object', description: 'x'.repeat(3 * 1024 * 1024) });
    expect(action).toMatchObject({ available: false, unavailableReason: expect.stringContaining('more than') });
  });
});

describe('an answer', () => {
  test('that nests deeper than a walk can bear breaks the protocol, not the gateway', async () => {
    const deep = 20_000;
    evil.answer = lines(
      `{"type":"result","output":{"kind":"tree","roots":[${'{"label":"x","children":['.repeat(deep)}${']}'.repeat(deep)}]}}`,
    );
    const { status, body } = await look();
    expect(checkProblem(body, status)).toMatchObject({
      code: 'provider.protocol',
      detail: expect.stringContaining('too deeply'),
    });
  });

  test.each(['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x'])(
    'with a link to %s, which a page or terminal would follow, breaks the protocol',
    async (url) => {
      evil.answer = lines({ type: 'result', output: { kind: 'link', label: 'the report', url } });
      expect((await look()).body).toMatchObject({ code: 'provider.protocol' });
    },
  );

  test.each([['1\r\nset-cookie: x=y'], ['9'.repeat(20_000)], [{ a: 1 }], [-1], [1e12]])(
    'cannot write headers of ours (%#)',
    async (retryAfterSeconds) => {
      evil.answer = (response) => {
        const said = {
          type: 'x',
          title: 'x',
          status: 504,
          code: 'provider.timeout',
          detail: 'It is slow today.',
          retryable: true,
        };
        response.writeHead(504).end(JSON.stringify({ ...said, details: { retryAfterSeconds } }));
      };
      const { status, body, headers } = await look();
      expect(checkProblem({ remedy: "the provider's own", ...body }, status).code).toBe('provider.timeout');
      expect(headers.get('retry-after')).toMatch(/^[1-9][0-9]{0,4}$/);
      expect(headers.get('set-cookie')).toBeNull();
    },
  );
});

test('a run whose words no database can hold ends all the same, with what it said', async () => {
  evil.answer = (response, request) =>
    request.url?.endsWith('/plan') === true
      ? response.end('{"summary":"Changes it","resource":{"type":"thing","id":"a"},"fingerprint":"f"}')
      : lines(
          '{"type":"log","message":"a\\u0000b \\ud800 c"}',
          '{"type":"progress","message":"\\udfff\\u0000"}',
          '{"type":"result","output":{"kind":"text","text":"it \\u0000 is \\ud800 done"}}',
        )(response);
  const { body } = await gateway.submit('nadia', { action: 'evil.change', input: {}, reason: 'to see' });
  const done = await gateway.until(body.id, 'succeeded', 'failed', 'unknown');
  expect(isFinal(done.state)).toBe(true);
  const { body: shown } = await gateway.call<Request>('nadia', 'GET', `/v1/requests/${body.id}`);
  expect(shown.state).toBe('succeeded');
});
