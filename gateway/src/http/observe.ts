import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type Context, context, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { contextWith, type Metrics, noteInLog, traceOf, tracer } from '../telemetry/index.ts';
import { PAGES } from './problems.ts';
import type { Readiness } from './readiness.ts';
import { securityHeaders } from './security-headers.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The context in which the call is answered: its log fields and its trace. */
    within: Context | undefined;
  }
  interface FastifyContextConfig {
    /** True for answers that last: they are counted, and their time tells nothing. */
    stream?: boolean;
    /** True for those that become a WebSocket. */
    upgrade?: boolean;
  }
}

/** What a caller may name its call: letters, digits and a few signs, so that it is one word in every log. Never a token. */
const REQUEST_ID = /^(?!.*gct_)[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/;
const UNTRACED: ReadonlySet<string> = new Set(PAGES);

/** The id of a call: the one that it brings in x-request-id, else a new one. */
export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const sent = headers['x-request-id'];
  return typeof sent === 'string' && REQUEST_ID.test(sent) ? sent : randomUUID();
}

/** Headers of every answer, whatever comes of the call. */
export function commonHeaders(request: FastifyRequest, publicUrl: string): Record<string, string> {
  return { ...securityHeaders(publicUrl), 'x-request-id': request.id };
}

/** Counts, logs and traces every call. */
export function observe(
  app: FastifyInstance,
  { metrics, readiness, publicUrl }: { metrics: Metrics; readiness: Readiness; publicUrl: string },
): void {
  app.decorateRequest('within', undefined);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.headers(commonHeaders(request, publicUrl));
    if (readiness.closing.aborted) void reply.header('connection', 'close');
    const { upgrade, stream } = request.routeOptions.config;
    const kind = upgrade === true ? 'tunnel' : stream === true ? 'stream' : 'call';
    metrics.callBegan(kind);
    const span = spanOf(request);
    const parent = contextWith({ request_id: request.id }, traceOf(request.headers));
    request.within = span === undefined ? parent : trace.setSpan(parent, span);
    const startedAt = performance.now();
    // 'close' comes for every call, also for one that its caller gave up.
    reply.raw.once('close', () => {
      const { method, caller } = request;
      const [route, status] = [routeOf(request), kind !== 'call' || reply.raw.writableFinished ? reply.raw.statusCode : 499];
      const ms = performance.now() - startedAt;
      metrics.callEnded({ kind, route, method, status, seconds: ms / 1000 });
      if (span !== undefined) endSpan(span, { status, principal: caller?.principal.id });
      context.with(request.within ?? context.active(), () =>
        request.log.info(
          { method, route, status, duration_ms: Math.round(ms * 10) / 10, principal: caller?.principal.id },
          'call',
        ),
      );
    });
    context.with(request.within, done);
  });
  // A body arrives in events of the connection, which know nothing of the call: from here on its context holds again.
  app.addHook('preValidation', (request, _reply, done) => {
    context.with(request.within ?? context.active(), () => {
      if (request.caller !== undefined) noteInLog({ principal: request.caller.principal.id });
      done();
    });
  });
}

const routeOf = (request: FastifyRequest): string => request.routeOptions.url ?? 'unknown';

/** A span of the server for calls that do something; who looks after the gateway asks every few seconds. */
function spanOf(request: FastifyRequest): Span | undefined {
  const route = routeOf(request);
  if (UNTRACED.has(route)) return undefined;
  const attributes = { 'http.request.method': request.method, 'http.route': route, 'guichet.request_id': request.id };
  return tracer().startSpan(`${request.method} ${route}`, { kind: SpanKind.SERVER, attributes }, traceOf(request.headers));
}

function endSpan(span: Span, { status, principal }: { status: number; principal: string | undefined }): void {
  span.setAttribute('http.response.status_code', status);
  if (principal !== undefined) span.setAttribute('user.id', principal);
  if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
