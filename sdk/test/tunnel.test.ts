import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { type GrantClaims, type ProviderCall, TUNNEL_CLOSE, TunnelFromProvider } from '@guichet/contract';
import { dial, RefusedError, type SocketStream } from '@guichet/tunnel';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ConformanceClient } from '../src/conformance-client.ts';
import { tunnels } from '../src/conformance-tunnels.ts';
import { generateGrantKey, signGrant } from '../src/grants.ts';
import { action, defineProvider, type ProviderServer, refuse, serve, staticKeys, type TunnelContext } from '../src/index.ts';
import { harness } from '../src/testing.ts';
import { callOf } from './calls.ts';

const silent = { info() {}, warn() {}, error() {} };
const input = z.strictObject({ room: z.string() });
/** Those whose handler is at work, by the name of the room. */
const open = new Map<string, TunnelContext<typeof input, 'connection', unknown>>();

const close = action('rooms.close', {
  title: 'Close a room',
  kind: 'write',
  risk: 'safe',
  input,
  output: 'text',
  plan: ({ input: { room } }) => ({ summary: `Close ${room}`, resource: { type: 'room', id: room }, fingerprint: room }),
  run: () => ({ kind: 'text', text: 'closed' }),
});

const enter = action('rooms.enter', {
  title: 'Enter a room',
  kind: 'write',
  risk: 'safe',
  input,
  output: 'connection',
  lasts: { default: 3600, most: 7200 },
  undo: { action: 'rooms.close', input: ({ input: given }) => given },
  plan: ({ input: { room } }) => ({ summary: `Enter ${room}`, resource: { type: 'room', id: room }, seen: { room } }),
  run: ({ input: { room } }) => ({ kind: 'connection', protocol: 'tcp', target: room }),
  tunnel: async (context) => {
    const { stream, record, hold, signal } = context;
    if (context.input.room === 'locked') refuse('The room is locked.', { remedy: 'Find the key.' });
    open.set(context.input.room, context);
    try {
      if (hold) await once(stream, 'close', { signal });
      for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
        await record({ summary: chunk.toString() });
        stream.write(`${context.input.room}: ${chunk}`);
      }
    } finally {
      open.delete(context.input.room);
    }
  },
});

const provider = defineProvider({ name: 'rooms', title: 'Rooms', version: '1', team: 'rooms', actions: [enter, close] });

let server: ProviderServer;
let key: Awaited<ReturnType<typeof generateGrantKey>>;
beforeAll(async () => {
  key = await generateGrantKey('k');
  server = await serve(provider, { port: 0, keys: await staticKeys([key]), logger: silent, bodyTimeoutSeconds: 1 });
});
afterAll(() => server.close());

interface Opened {
  readonly stream: SocketStream;
  readonly heard: TunnelFromProvider[];
  /** Resolves with the first message that fits, past or future. */
  next(type: TunnelFromProvider['type']): Promise<TunnelFromProvider>;
}

async function opened(
  options: Parameters<typeof callOf>[3],
  { at = server, recording = 'recorded' }: { at?: ProviderServer; recording?: 'recorded' | 'unrecorded' } = {},
): Promise<Opened> {
  const call = tunnelCall(options);
  const stream = await dialled(call, at);
  const heard: TunnelFromProvider[] = [];
  const wanted: { type: string; resolve(message: TunnelFromProvider): void }[] = [];
  stream.listen((message) => {
    const parsed = TunnelFromProvider.parse(message);
    heard.push(parsed);
    for (const each of wanted) if (each.type === parsed.type) each.resolve(parsed);
    if (parsed.type === 'record') stream.tell({ type: recording, id: parsed.id, message: 'The disk is full.' });
  });
  stream.tell({ type: 'call', body: call.body });
  const next: Opened['next'] = (type) =>
    new Promise((resolve) => {
      const known = heard.find((message) => message.type === type);
      if (known !== undefined) resolve(known);
      else wanted.push({ type, resolve });
    });
  return { stream, heard, next };
}

const names: Partial<GrantClaims> = { request: 'REQ-7', run: '01981f00-0000-7000-8000-000000000002' };
function tunnelCall({ grant, ...options }: Parameters<typeof callOf>[3] = {}): ProviderCall {
  return callOf(provider, 'tunnel', 'rooms.enter', { ...options, grant: { ...names, ...grant } });
}

async function dialled(call: ProviderCall, at = server): Promise<SocketStream> {
  const url = `${at.url.replace('http', 'ws')}/guichet/v1/actions/rooms.enter/tunnel`;
  const headers = { authorization: `Bearer ${await signGrant(key, call.grant)}` };
  return dial({ url, headers, timeoutMs: 5000 });
}

const line = async (stream: Duplex): Promise<string> => String((await once(stream, 'data'))[0]);

describe('a tunnel over HTTP', () => {
  test('carries bytes both ways, and records before it goes on', async () => {
    const { stream, next, heard } = await opened({ body: { input: { room: 'blue' } } });
    await next('opened');
    stream.write('hello');
    expect(await line(stream)).toBe('blue: hello');
    expect(heard).toEqual([{ type: 'opened' }, { type: 'record', id: 1, event: { summary: 'hello' } }]);
    stream.end();
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.over });
    await expect.poll(() => open.size).toBe(0);
  });

  test('does not go on when an event was not recorded', async () => {
    const { stream, next } = await opened({ body: { input: { room: 'red' } } }, { recording: 'unrecorded' });
    await next('opened');
    stream.write('hello');
    expect(await next('failed')).toMatchObject({ problem: { code: 'provider.failed' } });
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.failed });
  });

  test('is refused in words', async () => {
    const { stream, next } = await opened({ body: { input: { room: 'locked' } } });
    expect(await next('failed')).toMatchObject({
      problem: { code: 'action.refused', detail: 'The room is locked.', remedy: 'Find the key.' },
    });
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.failed });
  });

  test('is opened once for a grant', async () => {
    const call = tunnelCall({ body: { input: { room: 'green' } } });
    const [first, second] = [await dialled(call), await dialled(call)];
    const told: unknown[] = [];
    for (const stream of [first, second]) stream.listen((message) => void told.push(message));
    first.tell({ type: 'call', body: call.body });
    await expect.poll(() => told).toEqual([{ type: 'opened' }]);
    second.tell({ type: 'call', body: call.body });
    await expect.poll(() => told[1]).toMatchObject({ type: 'failed', problem: { code: 'grant.used' } });
    first.end();
  });

  test('gives no WebSocket to whoever has no grant for it', async () => {
    for (const grant of [{ phase: 'run' }, { action: 'rooms.close' }, { aud: 'others' }] as const) {
      const refusal = await dialled(tunnelCall({ grant })).catch((error: unknown) => error);
      expect(refusal).toBeInstanceOf(RefusedError);
      expect(refusal).toMatchObject({ status: 401, body: { code: 'grant.invalid' } });
    }
  });

  test('refuses a body that is not the one of its grant', async () => {
    const call = tunnelCall({ body: { input: { room: 'blue' } } });
    const stream = await dialled(call);
    const told: unknown[] = [];
    stream.listen((message) => void told.push(message));
    stream.tell({ type: 'call', body: { ...call.body, input: { room: 'vault' } } });
    await stream.over;
    expect(told).toMatchObject([{ type: 'failed', problem: { code: 'grant.invalid' } }]);
  });

  test('waits only so long for its call', async () => {
    const stream = await dialled(tunnelCall());
    const told: unknown[] = [];
    stream.listen((message) => void told.push(message));
    await stream.over;
    expect(told).toMatchObject([{ type: 'failed', problem: { code: 'body.malformed' } }]);
  });

  test('tells the handler when the connection breaks', async () => {
    const { stream, next } = await opened({ body: { input: { room: 'held' }, ...{ hold: true } } });
    await next('opened');
    expect(open.get('held')).toMatchObject({ hold: true, request: 'REQ-7', caller: { id: 'user:nadia' } });
    stream.socket.terminate();
    await expect.poll(() => open.has('held')).toBe(false);
  });

  test('ends when the provider stops, so that it is opened elsewhere', async () => {
    const other = await serve(provider, { port: 0, keys: await staticKeys([key]), logger: silent });
    const { stream, next } = await opened({ body: { input: { room: 'late' } } }, { at: other });
    await next('opened');
    const closed = other.close();
    expect(await stream.over).toMatchObject({ code: TUNNEL_CLOSE.restart });
    await closed;
  });
});

test('the harness opens a tunnel with no gateway', async () => {
  const { client, events, over } = await harness(provider).tunnel('rooms.enter', { room: 'bench' });
  client.write('one');
  expect(await line(client)).toBe('bench: one');
  expect(events).toEqual([{ summary: 'one' }]);
  client.end();
  await over;
  const locked = await harness(provider).tunnel('rooms.enter', { room: 'locked' });
  await expect(locked.over).rejects.toMatchObject({ code: 'action.refused' });
  await expect(harness(provider).tunnel('rooms.close', { room: 'blue' })).rejects.toMatchObject({ code: 'action.refused' });
});

test('tells what is wrong with a tunnel, and with how long it lasts', () => {
  const define = (wrong: object) => () =>
    defineProvider({
      ...{ name: 'rooms', title: 'Rooms', version: '1', team: 'rooms' },
      actions: [{ name: 'enter', definition: { ...enter.definition, ...wrong } as typeof enter.definition }, close],
    });
  expect(define({})).not.toThrow();
  expect(define({ output: 'text' })).toThrow("its output is a 'connection'");
  expect(define({ undo: undefined })).toThrow('needs an undo');
  expect(define({ lasts: { default: 9, most: 3 } })).toThrow('is more than the most');
  expect(define({ tunnel: 7 })).toThrow('must be a function');
});

describe('the checks of the kit', () => {
  // The address is known once the server runs: each check is made anew.
  const made = () => {
    const subject = {
      baseUrl: server.url,
      key,
      environment: 'production',
      tunnel: { action: 'rooms.enter', input: { room: 'kit' } },
    };
    return tunnels(new ConformanceClient(subject), subject);
  };
  test.each([0, 1, 2, 3, 4])('of tunnels, number %i', async (index) => {
    await made()[index]?.run();
  });
  test('are those', () => expect(made()).toHaveLength(5));
});
