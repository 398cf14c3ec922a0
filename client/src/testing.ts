import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { GuichetError, type RequestEvent, ROUTES, type Route, toProblem } from '@guichet/contract';
import type { z } from 'zod';
import type { CallName, ResponseOf } from './types.ts';

type Parsed<Name extends CallName, Part extends 'params' | 'query' | 'body'> = (typeof ROUTES)[Name] extends {
  readonly [Key in Part]: infer Schema extends z.ZodType;
}
  ? z.output<Schema>
  : undefined;

/** A call as the contract's schemas read it. */
export interface ServedCall<Name extends CallName> {
  readonly params: Parsed<Name, 'params'>;
  readonly query: Parsed<Name, 'query'>;
  readonly body: Parsed<Name, 'body'>;
  readonly headers: IncomingMessage['headers'];
}

/** A stream of events that a test writes by hand. */
export interface ServedStream {
  readonly request: string;
  /** Last-Event-ID, or 0. */
  readonly after: number;
  send(event: Partial<RequestEvent> & Pick<RequestEvent, 'number' | 'type'>): void;
  /** Ends the stream in order. */
  end(): void;
  /** Drops the connection in the middle. */
  cut(): void;
}

export type RouteHandlers = {
  -readonly [Name in CallName]?: (call: ServedCall<Name>) => ResponseOf<Name> | Promise<ResponseOf<Name>>;
} & {
  'requests.events'?: (stream: ServedStream) => void | Promise<void>;
  /** Sees every call first; true when it has answered by itself. */
  raw?: (request: IncomingMessage, response: ServerResponse) => boolean;
};

export interface RouteServer extends AsyncDisposable {
  readonly url: string;
  /** Every call so far, oldest first. */
  readonly calls: { readonly route: string; readonly body: unknown; readonly headers: IncomingMessage['headers'] }[];
  /** Replace a handler at any time. */
  readonly handlers: RouteHandlers;
  close(): Promise<void>;
}

/**
 * A server of the contract's routes on a free port, for tests of what calls the gateway. What comes in and what goes out
 * is checked by the contract's schemas, so that a test cannot agree on something that the gateway would not.
 */
export async function serveRoutes(handlers: RouteHandlers): Promise<RouteServer> {
  const calls: RouteServer['calls'] = [];
  const server = createServer((request, response) => {
    void answer(request, response, { handlers, calls }).catch((error: unknown) => {
      const failure = error instanceof GuichetError ? error : new GuichetError('internal', String(error));
      const problem = toProblem(failure, 'test');
      if (!response.headersSent) response.writeHead(problem.status, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify(problem));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  // A server that listens on TCP has an address and port.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, calls, handlers, close, [Symbol.asyncDispose]: close };
}

interface Served {
  readonly handlers: RouteHandlers;
  readonly calls: RouteServer['calls'];
}

async function answer(request: IncomingMessage, response: ServerResponse, { handlers, calls }: Served): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  const found = findRoute(request.method ?? 'GET', url.pathname);
  const body = await readBody(request);
  calls.push({ route: found?.name ?? url.pathname, body, headers: request.headers });
  if (handlers.raw?.(request, response) === true) return;
  if (found === undefined) throw new GuichetError('route.unknown', `There is no ${request.method} ${url.pathname}.`);
  const { name, route, params } = found;
  if (name === 'requests.events') return stream(request, response, { handlers, request: params['request'] ?? '' });
  const handler = handlers[name as CallName] as ((call: ServedCall<CallName>) => unknown) | undefined; // one of many shapes, checked below
  if (handler === undefined) throw new GuichetError('internal', `The test does not serve ${name}.`);
  const result = await handler({
    params: check(route.params, params),
    query: check(route.query, Object.fromEntries(url.searchParams)),
    body: check(route.body, body),
    headers: request.headers,
  } as ServedCall<CallName>);
  const text = JSON.stringify(route.response?.parse(result));
  const etag = name === 'actions.list' ? `"${text.length}-${hash(text)}"` : undefined;
  if (etag !== undefined && request.headers['if-none-match'] === etag) return void response.writeHead(304, { etag }).end();
  response.writeHead(route.status, { 'content-type': 'application/json', ...(etag !== undefined && { etag }) }).end(text);
}

async function stream(
  request: IncomingMessage,
  response: ServerResponse,
  { handlers, request: id }: { handlers: RouteHandlers; request: string },
): Promise<void> {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.flushHeaders();
  await handlers['requests.events']?.({
    request: id,
    after: Number(request.headers['last-event-id'] ?? 0),
    send: (event) => {
      const whole: RequestEvent = { at: '2026-03-02T10:00:00.000Z', actor: null, data: {}, ...event };
      response.write(`id: ${whole.number}\nevent: ${whole.type}\ndata: ${JSON.stringify(whole)}\n\n`);
    },
    end: () => void response.end(),
    cut: () => void response.destroy(),
  });
}

function findRoute(method: string, path: string) {
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    const names = [...route.path.matchAll(/:(\w+)/g)].map(([, param]) => param ?? '');
    const match = new RegExp(`^${route.path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '([^/]+)')}$`).exec(path);
    if (route.method !== method || match === null) continue;
    const params = Object.fromEntries(names.map((param, index) => [param, decodeURIComponent(match[index + 1] ?? '')]));
    return { name, route, params };
  }
  return undefined;
}

function check(schema: z.ZodObject | undefined, value: unknown): unknown {
  if (schema === undefined) return undefined;
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  const errors = result.error.issues.map(({ path, message }) => ({ field: `/${path.join('/')}`, message }));
  throw new GuichetError('input.invalid', 'The call does not fit its route.', { errors });
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return text === '' ? undefined : JSON.parse(text);
}

function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index++) value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  return value >>> 0;
}
