import { AUDIT_EVENTS, EVENT_PERMISSIONS, GuichetError, OPERATIONS, REQUEST_EVENTS, RUN_EVENTS } from '@guichet/contract';
import type { FastifyInstance, RouteOptions } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What a call of this route takes: see Route.permission. */
    permission?: string;
  }
}

/** All that a route or an event may declare. */
export const PERMISSIONS: ReadonlySet<string> = new Set(['public', 'signed-in', ...OPERATIONS]);

/** A route that declares no permission stops the start: nothing is open because somebody forgot. Call it before the first route. */
export function refuseUndeclaredRoutes(app: FastifyInstance): void {
  const routes: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void routes.push(route));
  // Looked at when all are there: a plugin's routes get their permission after this hook has seen them.
  app.addHook('onReady', async () => {
    const forgotten = routes.filter(({ config }) => !PERMISSIONS.has(config?.permission ?? ''));
    if (forgotten.length === 0) return;
    const names = forgotten.map(({ method, url }) => `${String(method)} ${url}`).join(', ');
    throw new GuichetError('internal', `Routes without a permission: ${names}.`);
  });
}

/** Stops the start when an event declares no permission. */
export function refuseUndeclaredEvents(
  types: readonly string[] = [...REQUEST_EVENTS, ...RUN_EVENTS, ...AUDIT_EVENTS],
  declared: Readonly<Record<string, string>> = EVENT_PERMISSIONS,
): void {
  const forgotten = types.filter((type) => !PERMISSIONS.has(declared[type] ?? ''));
  if (forgotten.length > 0) throw new GuichetError('internal', `Events without a permission: ${forgotten.join(', ')}.`);
}
