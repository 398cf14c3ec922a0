import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from '../telemetry/index.ts';
import { addConsole } from './console.ts';
import { openApiDocument } from './openapi.ts';
import type { Readiness } from './readiness.ts';
import { OWN_FILES_AND_ICONS } from './security-headers.ts';

/** What tells nothing about anybody: the API as published, and counts. */
const OPEN = { config: { permission: 'public' } } as const;

export interface PagesOptions {
  readonly metrics: Metrics;
  readonly version: string;
  readonly publicUrl: string;
  readonly readiness: Readiness;
  /** The folder of the built console; undefined where none is served. */
  readonly console: string | undefined;
}

/** What needs no one to be signed in: the API's description, and what machines ask about the gateway itself. */
export async function addPages(app: FastifyInstance, options: PagesOptions): Promise<void> {
  const { metrics, version, publicUrl, readiness, console: folder } = options;
  const document = openApiDocument({ version, url: publicUrl });
  if (folder === undefined) app.get('/', OPEN, async (_request, reply) => reply.redirect('/docs/'));
  else await addConsole(app, folder);
  app.get('/openapi.json', OPEN, async () => document);
  app.get('/healthz', OPEN, async () => ({ status: 'ok', version }));
  app.get('/readyz', OPEN, async (_request, reply) => {
    const ready = await readiness.ask();
    return reply.code(ready.status === 'ready' ? 200 : 503).send(ready);
  });
  app.get('/metrics', OPEN, async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, ...OPEN.config };
    });
    // The document is made here and valid; the plugin's types know OpenAPI only in part.
    await docs.register(swagger, { mode: 'static', specification: { document: document as never } });
    await docs.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: 'Guichet API' },
      // No bar to load other documents with, and nobody else is asked about ours.
      uiConfig: { layout: 'BaseLayout', validatorUrl: null },
      staticCSP: OWN_FILES_AND_ICONS,
    });
  });
}
