import type { ROUTES, Route, RouteName } from '@guichet/contract';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../identity/index.ts';

type Part<R, Key extends string> = R extends { readonly [K in Key]: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : undefined;

/** One call of a route, checked: what came in, and who sent it (absent on public routes). */
export interface Call<R extends Route> {
  readonly caller: R['permission'] extends 'public' ? undefined : Caller;
  readonly params: Part<R, 'params'>;
  readonly query: Part<R, 'query'>;
  readonly body: Part<R, 'body'>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** What a handler answers; the stream of events answers by itself. */
type Answer<R extends Route> = R extends { readonly response: infer Schema extends z.ZodType }
  ? z.input<Schema> | undefined
  : undefined;

/** One handler for each route of the table. */
export type Handlers = {
  readonly [Name in RouteName]: (call: Call<(typeof ROUTES)[Name]>) => Promise<Answer<(typeof ROUTES)[Name]>>;
};
