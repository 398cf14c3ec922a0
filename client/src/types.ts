import type { ROUTES, RouteName } from '@guichet/contract';
import type { z } from 'zod';

type RouteOf<Name extends RouteName> = (typeof ROUTES)[Name];

/** What a route takes in its path, its query or its body, as a caller writes it; never when it takes nothing there. */
export type InputOf<Name extends RouteName, Part extends 'params' | 'query' | 'body'> =
  RouteOf<Name> extends { readonly [Key in Part]: infer Schema extends z.ZodType } ? z.input<Schema> : never;

/** What a route answers; never for a stream. */
export type ResponseOf<Name extends RouteName> =
  RouteOf<Name> extends { readonly response: infer Schema extends z.ZodType } ? z.output<Schema> : never;

/** `{ params: ... }`, optional where everything in it is, absent where the route takes none. */
type PartOf<Name extends RouteName, Part extends 'params' | 'query' | 'body'> = [InputOf<Name, Part>] extends [never]
  ? { readonly [Key in Part]?: never }
  : Record<never, never> extends InputOf<Name, Part>
    ? { readonly [Key in Part]?: InputOf<Name, Part> }
    : { readonly [Key in Part]: InputOf<Name, Part> };

export interface SendOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** The options of a call: its params, query and body as the contract types them, and how to send it. */
export type CallOptions<Name extends RouteName> = PartOf<Name, 'params'> &
  PartOf<Name, 'query'> &
  PartOf<Name, 'body'> &
  SendOptions &
  (Name extends 'requests.submit' | 'requests.undo' | 'requests.extend'
    ? {
        /** Makes the submit safe to send again: the same key and body give the same request. */
        readonly idempotencyKey?: string;
      }
    : unknown);

/** The one optional argument of a call that needs nothing. */
export type CallArguments<Name extends RouteName> =
  Record<never, never> extends CallOptions<Name> ? [options?: CallOptions<Name>] : [options: CallOptions<Name>];

/** Every route that answers with one document. */
export type CallName = Exclude<RouteName, 'requests.events' | 'requests.changes' | 'requests.tunnel'>;
