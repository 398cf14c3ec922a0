import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics.ts';
import { openApiDocument } from './openapi.ts';

/** The docs page runs our own files and talks to us alone. */
const CONTENT_SECURITY = {
  'default-src': ["'none'"],
  'script-src': ["'self'"],
  'style-src': ["'self'"],
  'img-src': ["'self'", 'data:'],
  'connect-src': ["'self'"],
  'base-uri': ["'none'"],
  'form-action': ["'none'"],
  'frame-ancestors': ["'none'"],
};

export interface PagesOptions {
  readonly metrics: Metrics;
  readonly version: string;
  readonly publicUrl: string;
  readonly isReady: () => Promise<boolean>;
  readonly draining: AbortSignal;
}

/** What needs no one to be signed in: the API's description, and what machines ask about the gateway itself. */
export async function addPages(
  app: FastifyInstance,
  { metrics, version, publicUrl, isReady, draining }: PagesOptions,
): Promise<void> {
  const document = openApiDocument({ version, url: publicUrl });
  app.get('/', async (_request, reply) => reply.redirect('/docs/'));
  app.get('/openapi.json', async () => document);
  app.get('/healthz', async () => ({ status: 'ok', version }));
  app.get('/readyz', async (_request, reply) => {
    const status = draining.aborted ? 'draining' : (await isReady()) ? 'ready' : 'not ready';
    return reply.code(status === 'ready' ? 200 : 503).send({ status });
  });
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  // The document is made here and valid; the plugin's types know OpenAPI only in part.
  await app.register(swagger, { mode: 'static', specification: { document: document as never } });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: 'Guichet API' },
    // No bar to load other documents with, and nobody else is asked about ours.
    uiConfig: { layout: 'BaseLayout', validatorUrl: null },
    staticCSP: CONTENT_SECURITY,
  });
}
