import type { Action, Change, RequestEvent } from '@guichet/contract';
import { type ChangesOptions, watchChanges } from './changes.ts';
import { ENDPOINTS } from './endpoints.ts';
import { Transport, type TransportOptions } from './transport.ts';
import type { CallArguments, CallName, CallOptions, ResponseOf } from './types.ts';
import { isEnded, type WatchOptions, watchRequest } from './watch.ts';

export interface Catalogue {
  readonly items: readonly Action[];
  /** Names this state of the catalogue; give it to the next `catalogue` call. */
  readonly etag: string | undefined;
}

/** A typed client of the gateway. Everything rejects with a GuichetError, or with the reason of the caller's signal. */
export interface Client {
  readonly baseUrl: string;
  /**
   * Calls a route of the contract by its name. What is safe to repeat (every GET, questions about policy, and a submit with
   * an idempotency key) is repeated after errors that the error table calls retryable; anything, when no connection came about.
   */
  call<Name extends CallName>(name: Name, ...[options]: CallArguments<Name>): Promise<ResponseOf<Name>>;
  /** Every action that the caller may see, or undefined when nothing has changed since `etag`. */
  catalogue(options?: { readonly etag?: string | undefined; readonly signal?: AbortSignal }): Promise<Catalogue | undefined>;
  /** How a tunnel of a request is opened: its address, and the headers to send. Nothing is sent here. */
  tunnel(requestId: string, options: { readonly hold: boolean; readonly expired?: string | undefined }): Promise<TunnelAddress>;
  /** The events of a request, each once and in order, across cuts, until the request has ended. */
  watch(requestId: string, options?: WatchOptions): AsyncGenerator<RequestEvent, void, undefined>;
  /** What may have changed for the caller, across cuts, until the signal is aborted. Each opening begins with `open`. */
  changes(options?: ChangesOptions): AsyncGenerator<Change, never, undefined>;
}

export interface TunnelAddress {
  /** `ws:` or `wss:` */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The token among them: give it as `expired` when the gateway says that it is. */
  readonly token: string | undefined;
}

export type ClientOptions = TransportOptions;

interface AnyCallOptions {
  readonly params?: Readonly<Record<string, unknown>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly idempotencyKey?: string;
}

export function createClient(options: ClientOptions): Client {
  const transport = new Transport(options);

  const send = (name: CallName, call: AnyCallOptions): Promise<Response> => {
    const { method, path } = ENDPOINTS[name];
    return transport.send({
      method,
      path: fillPath(path, call.params ?? {}) + toQuery(call.query ?? {}),
      // A POST always carries a document, so that a route whose body is all optional needs no special case.
      body: method === 'POST' ? (call.body ?? {}) : undefined,
      headers: { ...call.headers, ...(call.idempotencyKey !== undefined && { 'idempotency-key': call.idempotencyKey }) },
      signal: call.signal,
      repeatable: method === 'GET' || call.idempotencyKey !== undefined || name.startsWith('policy.'),
    });
  };

  const call = async <Name extends CallName>(name: Name, ...[given]: CallArguments<Name>): Promise<ResponseOf<Name>> => {
    // CallOptions narrows each part for one route; here any route is served.
    const options = (given ?? {}) as CallOptions<Name> & AnyCallOptions;
    return readAnswer(transport, name, await send(name, options));
  };

  return {
    baseUrl: options.baseUrl,
    call,
    async catalogue({ etag, signal } = {}) {
      const response = await send('actions.list', {
        ...(etag !== undefined && { headers: { 'if-none-match': etag } }),
        ...(signal !== undefined && { signal }),
      });
      if (response.status === 304) return undefined;
      const { items } = await readAnswer(transport, 'actions.list', response);
      return { items, etag: response.headers.get('etag') ?? undefined };
    },
    tunnel: (request, { hold, expired }) => {
      const path = fillPath(ENDPOINTS['requests.tunnel'].path, { request });
      return transport.upgrade(`${path}${hold ? '?hold=true' : ''}`, expired);
    },
    changes: (changesOptions = {}) => watchChanges(transport, changesOptions),
    watch: (request, watchOptions = {}) =>
      watchRequest(transport, {
        request,
        options: watchOptions,
        hasEnded: async () => {
          const { signal } = watchOptions;
          const shown = await call('requests.show', { params: { request }, ...(signal !== undefined && { signal }) });
          return isEnded(shown.state);
        },
      }),
  };
}

async function readAnswer<Name extends CallName>(
  transport: Transport,
  name: Name,
  response: Response,
): Promise<ResponseOf<Name>> {
  let body: unknown;
  try {
    body = await response.json();
  } catch {
    throw transport.protocolError(`${name} did not answer with JSON`);
  }
  const missing = ENDPOINTS[name].members.find((member) => typeof body !== 'object' || body === null || !(member in body));
  if (missing !== undefined) throw transport.protocolError(`${name} answered without '${missing}'`);
  // The gateway serialises by the same schemas; members are checked so that anything else is told apart.
  return body as ResponseOf<Name>;
}

function fillPath(path: string, params: Readonly<Record<string, unknown>>): string {
  return path.replaceAll(/:(\w+)/g, (_, name: string) => encodeURIComponent(String(params[name])));
}

function toQuery(query: Readonly<Record<string, unknown>>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
  return search.size === 0 ? '' : `?${search}`;
}
