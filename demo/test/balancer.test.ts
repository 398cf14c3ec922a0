import { once } from 'node:events';
import { createServer, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Balancer, startBalancer } from '../src/replicas/balancer.ts';

interface Backend {
  readonly url: string;
  readonly server: Server;
  ready: boolean;
  /** Answers what is not /readyz. */
  answer: (response: ServerResponse) => void;
  readonly seen: { readonly path: string; readonly headers: Record<string, unknown>; readonly body: string }[];
}

const servers: Server[] = [];
let balancer: Balancer | undefined;
afterEach(async () => {
  await balancer?.close();
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

async function backend(name: string): Promise<Backend> {
  const made: Omit<Backend, 'url'> = {
    ready: true,
    seen: [],
    answer: (response) => response.end(name),
    server: createServer((incoming, response) => {
      if (incoming.url === '/readyz') return void response.writeHead(made.ready ? 200 : 503).end();
      let body = '';
      incoming.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      incoming.on('end', () => {
        made.seen.push({ path: incoming.url ?? '', headers: incoming.headers, body });
        made.answer(response);
      });
    }),
  };
  servers.push(made.server);
  await once(made.server.listen(0, '127.0.0.1'), 'listening');
  const { port } = made.server.address() as AddressInfo; // it listens on TCP
  return Object.assign(made, { url: `http://127.0.0.1:${port}` });
}

async function balance(...backends: Backend[]): Promise<Balancer> {
  balancer = await startBalancer({ port: 0, gateways: backends.map(({ url }) => url), checkMs: 20 });
  return balancer;
}

const text = async (url: string, init?: RequestInit): Promise<string> => (await fetch(url, init)).text();

test('calls go to one after the other, whole, with where they come from', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  const { url } = await balance(one, two);
  const answers = [];
  const headers = { 'x-forwarded-for': '6.6.6.6', 'idempotency-key': 'k' };
  for (let calls = 0; calls < 4; calls++)
    answers.push(await text(`${url}/v1/a?b=c`, { method: 'POST', body: '{"x":1}', headers }));
  expect(answers.sort()).toEqual(['one', 'one', 'two', 'two']);
  expect(one.seen[0]).toMatchObject({
    path: '/v1/a?b=c',
    body: '{"x":1}',
    headers: { 'x-forwarded-for': '127.0.0.1', 'idempotency-key': 'k', host: new URL(url).host },
  });
});

test('one that says that it is not ready is left alone, until it is', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  const { url, ready } = await balance(one, two);
  one.ready = false;
  await expect.poll(ready).toEqual([two.url]);
  expect([await text(url), await text(url)]).toEqual(['two', 'two']);
  one.ready = true;
  await expect.poll(() => ready().length).toBe(2);
});

test('what could not reach one goes to another; with none left the answer says that nothing was done', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  balancer = await startBalancer({ port: 0, gateways: [one.url, two.url], checkMs: 60_000 });
  one.server.close();
  one.server.closeAllConnections();
  for (let calls = 0; calls < 3; calls++) expect(await text(balancer.url, { method: 'POST', body: 'x' })).toBe('two');
  two.server.close();
  two.server.closeAllConnections();
  const refused = await fetch(balancer.url);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  expect(await refused.json()).toMatchObject({ code: 'gateway.draining', retryable: true });
});

test('what was sent is not sent again: the connection breaks off', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  const { url } = await balance(one, two);
  for (const each of [one, two]) each.answer = (response) => response.destroy();
  await expect(text(url, { method: 'POST', body: 'x' })).rejects.toThrow('fetch failed');
  expect(one.seen.length + two.seen.length).toBe(1);
});

test('a stream is passed on as it comes, and ends when its reader leaves', async () => {
  const one = await backend('one');
  const { url } = await balance(one);
  const opened = new Promise<ServerResponse>((resolve) => {
    one.answer = resolve;
  });
  const asked = request(url);
  asked.end();
  const response = await opened;
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  const [answer] = await once(asked, 'response');
  response.write('id: 1\n\n');
  expect(String((await once(answer, 'data'))[0])).toBe('id: 1\n\n');
  const closed = once(response, 'close');
  asked.destroy();
  await closed;
});
