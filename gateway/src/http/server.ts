import { type AuditEventType, ROUTES } from '@guichet/contract';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, LogController } from 'fastify';
import { appendAudit } from '../audit/index.ts';
import type { Metrics } from '../telemetry/index.ts';
import { addAuthPages } from './auth-pages.ts';
import { authenticate, secretOf } from './authenticate.ts';
import { makeHandlers, type Services } from './handlers.ts';
import { acceptJson } from './json-body.ts';
import { commonHeaders, observe, requestIdOf } from './observe.ts';
import { addPages } from './pages.ts';
import { refuseUndeclaredEvents, refuseUndeclaredRoutes } from './permissions.ts';
import { answerBrokenCall, answerExpectation, reportError, reportErrors } from './problems.ts';
import type { Readiness } from './readiness.ts';
import { addRoutes, type RoutesOptions } from './routes.ts';
import { cutSlowReaders } from './slow-readers.ts';
import { unlessFlooded } from './unless-flooded.ts';
import { routeUpgrades, shouldUpgradeCallback } from './upgrades.ts';

const BODY_BYTES = 256 * 1024;

export interface ServerOptions extends Services {
  readonly logger: FastifyBaseLogger;
  readonly metrics: Metrics;
  /** Proxies whose word for where a call comes from is taken; nobody's when there are none. */
  readonly trustProxy: readonly string[];
  readonly publicUrl: string;
  readonly readiness: Readiness;
  /** The folder of the built console; undefined where none is served. */
  readonly console: string | undefined;
}

/** The HTTP door: every route of the table, and the pages that need no one to be signed in. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const app = Fastify({
    loggerInstance: options.logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_BYTES,
    trustProxy: options.trustProxy.length === 0 ? false : [...options.trustProxy],
    genReqId: requestIdOf,
    // Every line says of itself which call it is of (telemetry): no logger is made for each.
    childLoggerFactory: (logger) => logger,
    requestTimeout: 15_000, // to send a whole request: a slow drip ends here
    connectionTimeout: 0, // streams of events live long
    // Calls without a host are answered like all others: nothing here depends on it.
    http: { requireHostHeader: false, connectionsCheckingInterval: 5000, shouldUpgradeCallback },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: 200 },
    // No hook runs for these.
    frameworkErrors: (error, request, reply) =>
      void reportError(error, request, reply.headers(commonHeaders(request, options.publicUrl))),
    clientErrorHandler: answerBrokenCall,
  });
  app.server.on('checkExpectation', answerExpectation);
  refuseUndeclaredRoutes(app);
  refuseUndeclaredEvents();
  routeUpgrades(app);
  cutSlowReaders(app);
  acceptJson(app);
  reportErrors(app);
  observe(app, options);
  await addPages(app, options);
  addAuthPages(app, options);
  addRoutes(app, {
    routes: ROUTES,
    // Each handler is checked against its route in makeHandlers; the loop over both tables cannot say so.
    handlers: makeHandlers(options) as unknown as RoutesOptions['handlers'],
    authenticate: async (request) => {
      const sent = secretOf(request, options);
      const { throttles } = options;
      const caller = await unlessFlooded(request, { sent, throttles, look: () => authenticate(request, options) });
      await options.limits.call(caller.principal.id);
      return caller;
    },
    recordRefusal: ({ principal }, { route, error }) =>
      appendAudit(options.db, {
        type: 'access.denied' satisfies AuditEventType,
        actor: { id: principal.id, name: principal.name },
        outcome: 'denied',
        data: {
          route,
          decision: error.details?.['decision'] ?? { effect: 'deny', reasons: [{ policy: 'built-in', message: error.message }] },
        },
      }),
  });
  return app;
}
