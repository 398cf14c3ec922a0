import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ERRORS, GuichetError, ROUTES, type Route, toProblem } from '@guichet/contract';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { AUTH_PAGES } from './auth-paths.ts';
import { asGuichetError, retryAfter } from './errors.ts';

export const PAGES = ['/openapi.json', '/healthz', '/readyz', '/metrics'] as const;

/** Every error leaves as problem+json: those of handlers, of Fastify itself, and of routes that are not there. */
export function reportErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => reportError(error, request, reply));
  app.setNotFoundHandler((request, reply) => problem(reply, noRoute(request, reply), request.id));
}

/** Also Fastify's `frameworkErrors`: what is wrong with a call before any route is found. */
export function reportError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = asGuichetError(error, { bodyBytes: request.routeOptions.bodyLimit });
  if (known.code === 'internal') request.log.error({ request_id: request.id, err: known.cause ?? error }, 'unforeseen error');
  else if (ERRORS[known.code].status >= 500)
    request.log.warn({ request_id: request.id, code: known.code, detail: known.message, cause: causeOf(known) }, 'call failed');
  return problem(reply, known, request.id);
}

const causeOf = ({ cause }: GuichetError): string | undefined => (cause instanceof Error ? cause.message : undefined);

function problem(reply: FastifyReply, error: GuichetError, trace: string): FastifyReply {
  const document = toProblem(error, trace);
  if (document.status === 401 && error.code !== 'grant.invalid') void reply.header('www-authenticate', 'Bearer realm="guichet"');
  if (document.retryable) void reply.header('retry-after', retryAfter(error));
  return reply.code(document.status).type('application/problem+json').send(document);
}

const TAKEN = [
  ...Object.values<Route>(ROUTES).map(({ method, path }) => ({
    method,
    pattern: new RegExp(`^${path.replace(/:[a-z]+/g, '[^/]+')}$`),
  })),
  ...AUTH_PAGES.map(({ method, path }) => ({ method, pattern: new RegExp(`^${path.replace('.', '\\.')}$`) })),
  ...PAGES.map((path) => ({ method: 'GET', pattern: new RegExp(`^${path.replace('.', '\\.')}$`) })),
];

function noRoute(request: FastifyRequest, reply: FastifyReply): GuichetError {
  const path = pathOf(request);
  const methods = [...new Set(TAKEN.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method))];
  if (methods.length > 0) {
    const allowed = methods.join(', ');
    void reply.header('allow', allowed);
    return new GuichetError('route.method_not_allowed', `${shown(path)} does not take ${request.method}.`, {
      remedy: `It takes ${allowed}.`,
    });
  }
  return new GuichetError('route.unknown', `There is no ${request.method} ${shown(path)}.`, {
    remedy: 'GET /openapi.json lists all routes.',
  });
}

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? request.url;
const shown = (path: string): string => (path.length > 200 ? `${path.slice(0, 199)}…` : path);

/** `Expect` with anything but `100-continue`, which Node would answer with an empty 417. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const error = new GuichetError('http.malformed', 'The header Expect asks for something that is not offered.', {
    remedy: 'Leave it out.',
  });
  const body = JSON.stringify(toProblem(error));
  response.writeHead(ERRORS[error.code].status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  });
  response.end(body);
}

/** What Node's parser refuses never becomes a call; it is answered on the bare connection. */
export function answerBrokenCall(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const known = brokenCall(error.code);
  const { status, title } = ERRORS[known.code];
  const body = JSON.stringify(toProblem(known));
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\ncontent-type: application/problem+json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  );
}

function brokenCall(code: string | undefined): GuichetError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new GuichetError('http.headers_too_large', 'The address and the headers are longer than 16 KiB together.', {
        remedy: 'Send shorter ones.',
      });
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new GuichetError('http.timeout', 'The call did not arrive within 15 s.', { remedy: 'Send it again, faster.' });
    default:
      return new GuichetError('http.malformed', 'This is not a valid HTTP call.', { remedy: 'Use an HTTP client, or guichet.' });
  }
}
