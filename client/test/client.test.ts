import { createServer } from 'node:net';
import { type Action, ERRORS, GuichetError, ROUTES } from '@guichet/contract';
import { afterEach, describe, expect, it } from 'vitest';
import { createClient } from '../src/client.ts';
import { ENDPOINTS } from '../src/endpoints.ts';
import { type RouteHandlers, type RouteServer, serveRoutes } from '../src/testing.ts';

const ACTION: Action = {
  id: 'postgres.activity',
  name: 'activity',
  version: '1',
  title: 'Who runs what',
  description: '',
  kind: 'read',
  risk: 'safe',
  input: { type: 'object' },
  output: 'table',
  idempotent: false,
  observable: false,
  timeoutSeconds: 60,
  options: [],
  examples: [],
  provider: 'postgres',
  team: 'data',
  available: true,
};

let server: RouteServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function started(handlers: RouteHandlers) {
  server = await serveRoutes(handlers);
  return { server, client: createClient({ baseUrl: server.url, token: 'secret', userAgent: 'test' }) };
}

async function caught(promise: Promise<unknown>): Promise<GuichetError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof GuichetError)) throw new Error(`expected a GuichetError, got ${String(error)}`);
  return error;
}

describe('a call', () => {
  it('has an endpoint for every route of the contract, with its method and path', () => {
    expect(Object.entries(ENDPOINTS).map(([name, { method, path }]) => [name, method, path])).toEqual(
      Object.entries(ROUTES).map(([name, { method, path }]) => [name, method, path]),
    );
  });

  it('fills the path, sends token and body, and gives back the answer', async () => {
    const { client, server } = await started({
      'actions.options': ({ params, body }) => ({ choices: [{ value: `${params.action} ${body.field} ${body.query}` }] }),
    });
    const answer = await client.call('actions.options', {
      params: { action: 'kafka.topics.delete' },
      body: { environment: 'staging', field: 'topic', input: {}, query: 'mas' },
    });
    expect(answer).toEqual({ choices: [{ value: 'kafka.topics.delete topic mas' }] });
    expect(server.calls[0]?.headers).toMatchObject({ authorization: 'Bearer secret', 'user-agent': 'test' });
  });

  it('turns a problem document into the error that it stands for', async () => {
    const { client } = await started({
      'requests.show': ({ params }) => {
        throw new GuichetError('request.unknown', `There is no ${params.request}.`, { remedy: 'Look at the list.' });
      },
    });
    const error = await caught(client.call('requests.show', { params: { request: 'REQ-9' } }));
    expect(error).toMatchObject({ code: 'request.unknown', message: 'There is no REQ-9.', remedy: 'Look at the list.' });
  });

  it('names the address and the reason when nobody listens there', async () => {
    const probe = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => probe.once('listening', resolve));
    const address = probe.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    await new Promise((resolve) => probe.close(resolve));
    const client = createClient({ baseUrl: `http://127.0.0.1:${port}`, retries: 0 });
    const error = await caught(client.call('me.show'));
    expect(error.code).toBe('gateway.unreachable');
    expect(error.message).toBe(`The gateway at http://127.0.0.1:${port} cannot be reached (ECONNREFUSED).`);
    expect(error.remedy).toContain('Check that it runs');
  });

  it.each(['two words', 'a\nline break', 'an…ellipsis'])('refuses the token %j, which no header can carry', (token) => {
    expect(() => createClient({ baseUrl: 'http://127.0.0.1:4400', token })).toThrow(
      expect.objectContaining({ code: 'token.invalid' }),
    );
  });

  it('refuses an address that is none', () => {
    expect(() => createClient({ baseUrl: 'localhost:4400' })).toThrow(/is not the address of a gateway/);
  });

  it.each([
    ['a page of a proxy', 403, 'text/html', '<h1>Forbidden</h1>'],
    ['a redirect', 302, 'text/plain', ''],
    ['an answer that is not JSON', 200, 'text/html', '<h1>Welcome</h1>'],
    ['an answer of another program', 200, 'application/json', '{"hello":"world"}'],
    ['null', 200, 'application/json', 'null'],
  ])('calls %s a broken protocol', async (_, status, type, body) => {
    const { client } = await started({
      raw: (_request, response) => {
        response.writeHead(status, { 'content-type': type, ...(status === 302 && { location: 'http://127.0.0.1:1/' }) });
        response.end(body);
        return true;
      },
    });
    expect((await caught(client.call('me.show'))).code).toBe('gateway.protocol');
  });

  it('reads an error code of a newer gateway as an error of its kind', async () => {
    const { client } = await started({
      raw: (_request, response) => {
        response.writeHead(500, { 'content-type': 'application/problem+json' });
        response.end(JSON.stringify({ code: 'quantum.decoherence', detail: 'It is both.', status: 500 }));
        return true;
      },
    });
    expect(await caught(client.call('me.show'))).toMatchObject({ code: 'internal', message: 'It is both.' });
  });

  it('stops when the caller aborts, with the reason of the caller', async () => {
    const { client } = await started({ 'keys.list': () => new Promise(() => {}) });
    const abort = new AbortController();
    const calling = client.call('keys.list', { signal: abort.signal });
    abort.abort(new Error('enough'));
    await expect(calling).rejects.toThrow('enough');
  });
});

describe('repeating', () => {
  const drains = (times: number) => {
    let left = times;
    return () => {
      if (left-- > 0) throw new GuichetError('gateway.draining', 'It stops.');
      return { keys: [] };
    };
  };

  it('repeats a GET after a retryable error', async () => {
    const { client, server } = await started({ 'keys.list': drains(2) });
    expect(await client.call('keys.list')).toEqual({ keys: [] });
    expect(server.calls).toHaveLength(3);
  });

  it('gives up after three repeats', async () => {
    const { client, server } = await started({ 'keys.list': drains(10) });
    expect((await caught(client.call('keys.list'))).code).toBe('gateway.draining');
    expect(server.calls).toHaveLength(4);
  });

  it('does not repeat a call that has taken too long already', async () => {
    const { server } = await started({ 'keys.list': drains(1) });
    const client = createClient({ baseUrl: server.url, token: 'secret', repeatsForMs: 0 });
    expect((await caught(client.call('keys.list'))).code).toBe('gateway.draining');
    expect(server.calls).toHaveLength(1);
  });

  it('never repeats what is not retryable', async () => {
    const { client, server } = await started({
      'me.show': () => {
        throw new GuichetError('token.expired', 'It has.');
      },
    });
    expect(ERRORS[(await caught(client.call('me.show'))).code].retryable).toBe(false);
    expect(server.calls).toHaveLength(1);
  });

  it('repeats a submit only when it has an idempotency key, and then with the same one', async () => {
    const { client, server } = await started({
      'requests.submit': () => {
        throw new GuichetError('database.unavailable', 'Not now.');
      },
    });
    const body = { action: 'kafka.topics.delete', environment: 'staging' };
    await caught(client.call('requests.submit', { body }));
    expect(server.calls).toHaveLength(1);
    await caught(client.call('requests.submit', { body, idempotencyKey: 'once' }));
    expect(server.calls.slice(1).map(({ headers }) => headers['idempotency-key'])).toEqual(['once', 'once', 'once', 'once']);
  });

  it('repeats whatever could not be sent at all', async () => {
    const refused = Object.assign(new TypeError('fetch failed'), { cause: Object.assign(new Error(), { code: 'ECONNREFUSED' }) });
    let refusals = 2;
    const { server } = await started({
      'requests.approve': () => {
        throw new GuichetError('approval.duplicate', 'You have.');
      },
    });
    const fetch: typeof globalThis.fetch = (...call) => (refusals-- > 0 ? Promise.reject(refused) : globalThis.fetch(...call));
    const client = createClient({ baseUrl: server.url, token: 'secret', fetch });
    const approve = { params: { request: 'REQ-1' }, body: {} } as const;
    expect((await caught(client.call('requests.approve', approve))).code).toBe('approval.duplicate');
    expect(refusals).toBe(-1);
  });

  it.each([502, 503, 504])(
    'takes a page of a proxy with %i for a gateway that is away: what only asks is asked again',
    async (status) => {
      let refusals = 1;
      const { client } = await started({
        'actions.list': () => ({ items: [] }),
        raw: (_request, response) => {
          if (refusals-- <= 0) return false;
          response.writeHead(status, { 'content-type': 'text/html' });
          response.end('<h1>Bad gateway</h1>');
          return true;
        },
      });
      expect(await client.call('actions.list')).toEqual({ items: [] });
      refusals = 1;
      const error = await caught(client.call('requests.approve', { params: { request: 'REQ-1' }, body: {} }));
      expect(error).toMatchObject({ code: 'gateway.unreachable', message: expect.stringContaining(`HTTP ${status}`) });
      expect(refusals).toBe(0);
    },
  );

  it('does not repeat an approval whose connection broke after it was sent', async () => {
    const { client, server } = await started({
      raw: (request) => {
        request.socket.destroy();
        return true;
      },
    });
    expect((await caught(client.call('requests.approve', { params: { request: 'REQ-1' }, body: {} }))).code).toBe(
      'gateway.unreachable',
    );
    expect(server.calls).toHaveLength(1);
  });

  it('repeats a submit whose connection broke', async () => {
    let broken = false;
    const { client, server } = await started({
      raw: (request) => {
        if (broken) return false;
        broken = true;
        request.socket.destroy();
        return true;
      },
      'requests.submit': () => {
        throw new GuichetError('reason.required', 'Say why.');
      },
    });
    const body = { action: 'kafka.topics.delete', environment: 'staging' };
    expect((await caught(client.call('requests.submit', { body, idempotencyKey: 'once' }))).code).toBe('reason.required');
    expect(server.calls).toHaveLength(2);
  });
});

describe('the catalogue', () => {
  it('is undefined when it has not changed since the etag', async () => {
    const { client, server } = await started({ 'actions.list': () => ({ items: [ACTION] }) });
    const first = await client.catalogue();
    expect(first?.items).toEqual([ACTION]);
    expect(await client.catalogue({ etag: first?.etag })).toBeUndefined();
    server.handlers['actions.list'] = () => ({ items: [{ ...ACTION, available: false }] });
    expect((await client.catalogue({ etag: first?.etag }))?.items[0]?.available).toBe(false);
  });
});
