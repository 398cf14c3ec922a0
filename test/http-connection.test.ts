import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, type TestGateway } from './support/gateway.ts';
import { checkProblem } from './support/problems.ts';

let gateway: TestGateway;
let token: string;
beforeAll(async () => {
  gateway = await startGateway();
  token = await gateway.token('user:nadia');
});
afterAll(() => gateway.close());

/** Sends bytes as they are; what came back until the gateway closed, or a whole answer had come. */
function raw(text: string): Promise<string> {
  const { port, hostname } = new URL(gateway.app.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
      const [head = '', body = ''] = answer.split('\r\n\r\n');
      const length = /content-length: (\d+)/i.exec(head)?.[1];
      if (length !== undefined && body.length >= Number(length)) socket.destroy();
    });
    socket.on('error', () => {}); // a reset after the answer
    socket.on('close', () => resolve(answer));
  });
}

function problemIn(answer: string) {
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  expect(head.toLowerCase()).toContain('content-type: application/problem+json');
  return checkProblem(JSON.parse(body), Number(head.split(' ')[1]));
}

const post = (headers: string, body: string): string =>
  `POST /v1/requests HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n${headers}\r\n${body}`;

test.each([
  ['what is no HTTP', 'hello\r\n\r\n', 'http.malformed'],
  ['a method that nobody knows', 'FOO /v1/me HTTP/1.1\r\nhost: x\r\n\r\n', 'http.malformed'],
  ['a NUL in the path', 'GET /v1/\0 HTTP/1.1\r\nhost: x\r\n\r\n', 'http.malformed'],
  [
    'two lengths',
    'POST /v1/me HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
    'http.malformed',
  ],
  ['an expectation', 'GET /healthz HTTP/1.1\r\nhost: x\r\nexpect: magic\r\n\r\n', 'http.malformed'],
  ['a hundred thousand bytes of address', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`, 'http.headers_too_large'],
  ['headers without end', `GET / HTTP/1.1\r\n${'x-bomb: yyyyyyyyyyyyyyyyyyyy\r\n'.repeat(3000)}\r\n`, 'http.headers_too_large'],
  ['a way out of the folder of files', 'GET /docs/static/../../package.json HTTP/1.1\r\nhost: x\r\n\r\n', 'route.unknown'],
  ['a method that asks with a body, without one', 'QUERY /v1/requests HTTP/1.1\r\nhost: x\r\n\r\n', 'body.unsupported_type'],
  ['a method of WebDAV', 'PROPFIND /v1/me HTTP/1.1\r\nhost: x\r\n\r\n', 'route.method_not_allowed'],
  [
    'two authorizations',
    'GET /v1/me HTTP/1.1\r\nhost: x\r\nauthorization: Bearer a\r\nauthorization: Bearer b\r\n\r\n',
    'token.invalid',
  ],
  [
    'a promise of a body, and no token',
    'POST /v1/requests HTTP/1.1\r\nhost: x\r\ncontent-length: 99999\r\n\r\n{',
    'token.missing',
  ],
])('%s is answered with a problem', async (_what, text, code) => {
  expect(problemIn(await raw(text)).code).toBe(code);
});

test('what is refused before there is a route has the headers of every answer', async () => {
  const { headers } = await fetch(`${gateway.app.url}/%`);
  expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  expect([headers.get('x-content-type-options'), headers.get('cache-control')]).toEqual(['nosniff', 'no-store']);
});

test('a body that is longer than promised, or promises too much, is answered with a problem', async () => {
  expect(problemIn(await raw(post('content-length: 99999999999\r\n', '{}'))).code).toBe('body.too_large');
  expect(problemIn(await raw(post('transfer-encoding: chunked\r\n', 'zz\r\n'))).code).toBe('http.malformed');
});

test('a call without a host is answered like any other', async () => {
  expect(await raw('GET /healthz HTTP/1.1\r\n\r\n')).toContain('"status":"ok"');
});

test('a call that drips in for ever is cut with a problem', { timeout: 60_000 }, async () => {
  expect(problemIn(await raw('GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ')).code).toBe('http.timeout');
});

test('callers who hang up in the middle of a body leave the gateway whole', async () => {
  const { port, hostname } = new URL(gateway.app.url);
  await Promise.all(
    Array.from({ length: 50 }, () => {
      const socket = connect(Number(port), hostname);
      socket.write(post('content-length: 1000\r\n', '{"action":'));
      return new Promise<void>((resolve) => {
        socket.on('close', () => resolve());
        setImmediate(() => socket.destroy());
      });
    }),
  );
  expect((await gateway.call('nadia', 'GET', '/v1/me')).status).toBe(200);
});
