import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type CallBody, type Phase, Problem, RunMessage } from '@guichet/contract';
import { afterEach, expect, test } from 'vitest';
import { z } from 'zod';
import { readRun } from '../src/conformance-client.ts';
import { generateGrantKey, signGrant } from '../src/grants.ts';
import { action, defineProvider, type ProviderServer, type ServeOptions, serve, staticKeys } from '../src/index.ts';
import { callOf } from './calls.ts';

const key = await generateGrantKey('key-1');
const silent = { info() {}, warn() {}, error() {} };
const output = { kind: 'text', text: 'done' } as const;

/** A provider whose handlers wait for the test. */
function gates() {
  const entered = Promise.withResolvers<AbortSignal>();
  const open = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<unknown>();
  const hold = async (signal: AbortSignal) => {
    entered.resolve(signal);
    const aborted = once(signal, 'abort').then(() => Promise.reject(signal.reason));
    await Promise.race([open.promise, aborted]).catch((error) => {
      ended.resolve(error);
      throw error;
    });
  };
  const common = {
    title: 'Hold',
    risk: 'reversible',
    output: 'text',
    input: z.strictObject({ lines: z.int().default(0) }),
  } as const;
  const held = action('held', {
    ...common,
    kind: 'write',
    plan: async ({ signal }) => {
      await hold(signal);
      return { summary: 'Holds', resource: { type: 't', id: '1' }, seen: {} };
    },
    run: async ({ signal, input, log }) => {
      entered.resolve(signal);
      for (let line = 0; line < input.lines; line += 1) {
        log(`${line} ${'x'.repeat(10_000)}`);
        if (line % 50 === 0) await new Promise(setImmediate);
      }
      if (input.lines === 0) await hold(signal);
      return output;
    },
  });
  return {
    provider: defineProvider({ name: 'gates', title: 'Gates', version: '1', team: 't', actions: [held] }),
    entered,
    open,
    ended,
  };
}

let server: ProviderServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function start(options: Partial<ServeOptions> = {}) {
  const held = gates();
  server = await serve(held.provider, { port: 0, keys: staticKeys([key]), logger: silent, drainSeconds: 0, ...options });
  const post = async (phase: Phase, init: RequestInit & { input?: CallBody['input'] } = {}) => {
    const { grant, body } = callOf(held.provider, phase, 'held', { body: { input: init.input ?? {} } });
    const authorization = `Bearer ${await signGrant(key, grant)}`;
    const headers = { 'content-type': 'application/json', authorization };
    return fetch(`${server?.url}/guichet/v1/actions/held/${phase}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
      ...init,
    });
  };
  return { ...held, post, url: server.url };
}

/** A connection on which the test writes bytes, and everything that came back when the server closed it. */
async function raw(url: string, head: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.write(head);
  return { socket, answer: socket.toArray().then((chunks) => Buffer.concat(chunks).toString()) };
}

async function headOf(phase: Phase, extra: string): Promise<string> {
  const { grant } = callOf(gates().provider, phase, 'held');
  const authorization = `Bearer ${await signGrant(key, grant)}`;
  return `POST /guichet/v1/actions/held/${phase} HTTP/1.1\r\nHost: x\r\nAuthorization: ${authorization}\r\nContent-Type: application/json\r\n${extra}\r\n`;
}

test('refuses a body that drips in too slowly, and closes the connection', async () => {
  const { url } = await start({ bodyTimeoutSeconds: 0.2 });
  const { socket, answer } = await raw(url, await headOf('plan', 'Content-Length: 1000\r\n'));
  const drip = setInterval(() => socket.write('{'), 20);
  const text = await answer;
  clearInterval(drip);
  expect(text).toMatch(/^HTTP\/1\.1 400 /);
  expect(text).toContain('"code":"body.malformed"');
  expect(text).toContain('had not arrived after 0.2 s');
});

test('does not read the body of a call that carries no grant', async () => {
  const { url } = await start();
  const { socket, answer } = await raw(
    url,
    'POST /guichet/v1/actions/held/plan HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n',
  );
  expect(await answer).toMatch(/^HTTP\/1\.1 401 [\s\S]*"code":"grant.invalid"/); // not a byte of the body was sent
  socket.destroy();
});

test('refuses a chunked body as soon as it is too large, without its end', async () => {
  const { url } = await start();
  const { socket, answer } = await raw(url, await headOf('plan', 'Transfer-Encoding: chunked\r\nConnection: close\r\n'));
  const chunk = 'x'.repeat(64 * 1024);
  for (let sent = 0; sent <= 1_048_576; sent += chunk.length) socket.write(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  expect(await answer).toMatch(/^HTTP\/1\.1 413 [\s\S]*"code":"body.too_large"/);
});

test.each([
  ['half a document', '{"environment":', 'body.malformed'],
  ['bytes that are not UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 'body.malformed'],
  ['nesting without end', `{"environment":"x","input":{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`, 'body.malformed'],
  ['a member named __proto__', '{"environment":"x","input":{"__proto__":{"admin":true}}}', 'body.malformed'],
  ['a list', '[]', 'input.invalid'],
  ['a member too many', '{"environment":"x","input":{},"colour":1}', 'input.invalid'],
  ['nothing', '', 'body.malformed'],
])('refuses %s as a body', async (_title, body, code) => {
  const { post } = await start();
  const answer = await post('plan', { body });
  expect(Problem.parse(await answer.json())).toMatchObject({ code, status: 400 });
});

test('tells the handler when the client of a plan goes away', async () => {
  const { post, entered, ended } = await start();
  const client = new AbortController();
  const answer = post('plan', { signal: client.signal }).catch((error) => error.name);
  const signal = await entered.promise;
  client.abort();
  expect(await answer).toBe('AbortError');
  await ended.promise;
  expect(signal.aborted).toBe(true);
});

test('sends heartbeats while a run has nothing to say', async () => {
  const { post, open } = await start({ heartbeatSeconds: 0.02 });
  const answer = await post('run');
  const messages: RunMessage[] = [];
  // A run that was admitted has a body.
  for await (const chunk of (answer.body as NonNullable<typeof answer.body>).pipeThrough(new TextDecoderStream())) {
    for (const line of chunk.trim().split('\n')) messages.push(RunMessage.parse(JSON.parse(line)));
    if (messages.filter(({ type }) => type === 'heartbeat').length >= 3) open.resolve();
  }
  expect(messages.at(-1)).toMatchObject({ type: 'result' });
});

test('keeps its memory when the reader is slow: messages are counted and left out, the end is not', async () => {
  const { url, provider, entered } = await start();
  const body = { environment: 'production', input: { lines: 4_000 } };
  const { grant } = callOf(provider, 'run', 'held', { body });
  const text = JSON.stringify(body);
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `POST /guichet/v1/actions/held/run HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${await signGrant(key, grant)}\r\nContent-Type: application/json\r\nContent-Length: ${text.length}\r\n\r\n${text}`,
  );
  await entered.promise;
  for (let turn = 0; turn < 1_000; turn += 1) await new Promise(setImmediate); // the handler says all it has to say
  const said = Buffer.concat(await socket.toArray()).toString();
  expect(Number(/"message":"(\d+) messages were left out/.exec(said)?.[1])).toBeGreaterThan(1_000);
  expect(said).toContain('"type":"result"');
});

test('lets a run end before it closes', async () => {
  const { post, open, entered } = await start({ drainSeconds: 30 });
  const answer = await post('run');
  await entered.promise;
  const closed = server?.close();
  open.resolve();
  expect((await readRun(answer)).at(-1)).toMatchObject({ type: 'result' });
  await closed;
});

test('stops the runs that do not end in time, takes no new calls, and frees the port', async () => {
  const { post, entered, url } = await start({ drainSeconds: 0.05 });
  const answer = await post('run');
  await entered.promise;
  const closed = server?.close();
  expect((await readRun(answer)).at(-1)).toEqual({
    type: 'failure',
    failure: { kind: 'cancelled', message: 'The run was stopped because its provider is stopping.' },
  });
  await closed;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  server = await serve(gates().provider, { port: Number(new URL(url).port), keys: staticKeys([key]) });
});

test('rejects when the port is taken', async () => {
  const { url, provider } = await start();
  await expect(serve(provider, { port: Number(new URL(url).port), keys: staticKeys([key]) })).rejects.toMatchObject({
    code: 'EADDRINUSE',
  });
});
