import { randomUUID } from 'node:crypto';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { ERRORS, GuichetError, type Principal, ROUTES, type Route, type RouteName, toProblem } from '@guichet/contract';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import { z } from 'zod';
import type { Caller } from '../identity/index.ts';
import { asGuichetError, parsed, refuseNul } from './errors.ts';
import { makeHandlers, type Services } from './handlers.ts';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';

const BODY_BYTES = 256 * 1024;
const NOTHING = z.strictObject({});

declare module 'fastify' {
  interface FastifyRequest {
    principal: Principal | undefined;
  }
}

export interface ServerOptions extends Services {
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  readonly publicUrl: string;
  readonly isReady: () => Promise<boolean>;
}

/** The HTTP door: every route of the table, and the pages that need no one to be signed in. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    genReqId: () => randomUUID(),
    requestTimeout: 15_000, // to send a whole request: a slow drip ends here
    connectionTimeout: 0, // streams of events live long
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
  });
  acceptJson(app);
  reportErrors(app);
  observe(app, options);
  await addPages(app, options);
  addRoutes(app, options);
  return app;
}

function acceptJson(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = body.toString();
    if (text === '') return done(null, undefined);
    parse(request, text, (error, value) => {
      try {
        if (error === null && text.includes('\\u0000')) refuseNul(value);
        done(error, value);
      } catch (nul) {
        done(nul as Error); // refuseNul throws a GuichetError
      }
    });
  });
}

function reportErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const known = asGuichetError(error);
    if (known.code === 'internal') request.log.error({ err: error }, 'unforeseen error');
    else if (ERRORS[known.code].status >= 500)
      request.log.warn({ code: known.code, detail: known.message, cause: causeOf(known) }, 'call failed');
    return problem(reply, known, request.id);
  });
  app.setNotFoundHandler((request, reply) => {
    const error = new GuichetError('route.unknown', `There is no ${request.method} ${pathOf(request)}.`, {
      remedy: 'GET /openapi.json lists all routes.',
    });
    return problem(reply, error, request.id);
  });
}

const causeOf = ({ cause }: GuichetError): string | undefined => (cause instanceof Error ? cause.message : undefined);
const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? request.url;

function problem(reply: FastifyReply, error: GuichetError, trace: string): FastifyReply {
  const document = toProblem(error, trace);
  if (document.status === 401) void reply.header('www-authenticate', 'Bearer realm="guichet"');
  if (ERRORS[error.code].retryable) void reply.header('retry-after', '1');
  return reply.code(document.status).type('application/problem+json').send(document);
}

function observe(app: FastifyInstance, { metrics, draining }: ServerOptions): void {
  app.decorateRequest('principal', undefined);
  app.addHook('onRequest', async (_request, reply) => {
    void reply
      .header('x-content-type-options', 'nosniff')
      .header('cache-control', 'no-store')
      .header('referrer-policy', 'no-referrer');
    if (draining.aborted) void reply.header('connection', 'close');
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { method, principal } = request;
    metrics.observeCall({ route, method, status: reply.statusCode, seconds: reply.elapsedTime / 1000 });
    request.log.info(
      { method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10, actor: principal?.id },
      'call',
    );
  });
}

async function addPages(app: FastifyInstance, { metrics, version, publicUrl, isReady, draining }: ServerOptions): Promise<void> {
  const document = openApiDocument({ version, url: publicUrl });
  app.get('/openapi.json', async () => document);
  app.get('/healthz', async () => ({ status: 'ok', version }));
  app.get('/readyz', async (_request, reply) => {
    const status = draining.aborted ? 'draining' : (await isReady()) ? 'ready' : 'not ready';
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  // The document is made here and valid; the plugin's types know OpenAPI only in part.
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
}

function addRoutes(app: FastifyInstance, options: ServerOptions): void {
  const handlers = makeHandlers(options);
  for (const [name, route] of Object.entries<Route>(ROUTES)) {
    // A route without a permission must not exist: deny by default, at start-up.
    if (route.permission !== 'public' && route.permission !== 'signed-in')
      throw new GuichetError('internal', `Route ${name} declares no permission.`);
    // Object.entries loses which handler belongs to which route; Handlers is checked against the same table.
    const handler = handlers[name as RouteName] as (call: unknown) => Promise<unknown>;
    app.route({
      method: route.method,
      url: route.path,
      handler: async (request, reply) => {
        const caller = route.permission === 'public' ? undefined : await authenticate(request, options);
        const answer = await handler({
          caller,
          params: parsed(route.params ?? NOTHING, request.params ?? {}, 'path'),
          query: parsed(strict(route.query), nulFree(request.query ?? {}), 'query'),
          body: route.body === undefined ? undefined : parsed(route.body, request.body ?? {}, 'body'),
          request,
          reply,
        });
        if (reply.sent) return reply;
        return reply.code(route.status).send(answer);
      },
    });
  }
}

const strict = (schema: z.ZodObject | undefined): z.ZodObject => schema?.strict() ?? NOTHING;

function nulFree(value: unknown): unknown {
  refuseNul(value);
  return value;
}

async function authenticate(request: FastifyRequest, { tokens }: Services): Promise<Caller> {
  const header = request.headers.authorization;
  if (header === undefined)
    throw new GuichetError('token.missing', 'This call carries no token.', {
      remedy: "Send 'authorization: Bearer TOKEN', or sign in: guichet login.",
    });
  const secret = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(header)?.[1];
  if (secret === undefined)
    throw new GuichetError('token.invalid', 'The authorization header is not a bearer token.', {
      remedy: "Send 'authorization: Bearer TOKEN'.",
    });
  const caller = await tokens.verify(secret, new Date());
  request.principal = caller.principal;
  return caller;
}
