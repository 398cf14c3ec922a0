import { GuichetError, type Route } from '@guichet/contract';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Caller } from '../identity/index.ts';
import { isUnrecorded } from '../policy/index.ts';
import { parsed, refuseUnstorable } from './errors.ts';
import { PERMISSIONS } from './permissions.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who calls; set before anything else of a call is looked at, absent on public routes. */
    caller: Caller | undefined;
  }
}

/** A handler of the table: what it takes and gives is checked where the table of handlers is made. */
type Handler = (call: unknown) => Promise<unknown>;

export interface RoutesOptions {
  readonly routes: Readonly<Record<string, Route>>;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly authenticate: (request: FastifyRequest) => Promise<Caller>;
  /** Writes down that policy refused a call, where nothing did so before. When it rejects, so does the call. */
  readonly recordRefusal: (caller: Caller, refusal: { readonly route: string; readonly error: GuichetError }) => Promise<void>;
}

const NOTHING = z.strictObject({});

/** Registers every route of a table. One without a permission stops the start: deny by default. */
export function addRoutes(app: FastifyInstance, { routes, handlers, ...calls }: RoutesOptions): void {
  app.decorateRequest('caller', undefined);
  for (const [name, route] of Object.entries(routes)) {
    const handler = handlers[name];
    if (handler === undefined) throw new GuichetError('internal', `Route ${name} has no handler.`);
    addRoute(app, { name, route, handler, ...calls });
  }
}

function addRoute(
  app: FastifyInstance,
  options: { name: string; route: Route; handler: Handler } & Pick<RoutesOptions, 'authenticate' | 'recordRefusal'>,
): void {
  const { name, route, handler, authenticate, recordRefusal } = options;
  if (!PERMISSIONS.has(route.permission)) throw new GuichetError('internal', `Route ${name} declares no permission.`);
  const params = route.params ?? NOTHING;
  const query = route.query?.strict() ?? NOTHING; // made once: Zod compiles each schema that is new to it
  const { body } = route;
  app.route({
    method: route.method,
    url: route.path,
    config: {
      permission: route.permission,
      stream: route.response === undefined && route.method === 'GET',
      upgrade: route.upgrade === true,
    },
    ...(route.bodyBytes !== undefined && { bodyLimit: route.bodyBytes }),
    exposeHeadRoute: route.method === 'GET' && route.response !== undefined, // a stream has no head worth asking for
    // Before the body is read: a stranger gets nothing parsed, however much they send.
    ...(route.permission !== 'public' && {
      onRequest: async (request: FastifyRequest) => {
        request.caller = await authenticate(request);
      },
    }),
    handler: async (request, reply) => {
      const answer = await handler({
        caller: request.caller,
        params: parsed(params, request.params, 'path'),
        query: parsed(query, storable(request.query), 'query'),
        body: body === undefined ? undefined : parsed(body, request.body === undefined ? {} : request.body, 'body'),
        request,
        reply,
      }).catch(async (error: unknown) => {
        if (isUnrecorded(error) && request.caller !== undefined) await recordRefusal(request.caller, { route: name, error });
        throw error;
      });
      if (reply.sent || route.upgrade === true) return reply;
      return reply.code(route.status).send(answer);
    },
  });
}

function storable(query: unknown): unknown {
  refuseUnstorable(query, 'query');
  return query;
}
