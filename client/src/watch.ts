import type { RequestEvent, RequestState } from '@guichet/contract';
import { isCut, openEventStream } from './event-stream.ts';
import { backoffMs, pause, type Transport } from './transport.ts';

export interface WatchOptions {
  /** Number of the last event that was seen; 0, the default, for all of them. */
  readonly after?: number | undefined;
  /** Number of an event that is known to be there: watching does not end before it. A review comes after the end. */
  readonly through?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told when the stream was cut and again when it flows, so that a watcher can say so. */
  readonly onConnection?: ((status: 'cut' | 'resumed') => void) | undefined;
  /** How long the gateway may be away before watching ends with `gateway.unreachable`; for ever when absent. */
  readonly giveUpAfterMs?: number | undefined;
}

/** After one of these a request neither runs nor waits any more. */
const LAST_EVENTS: ReadonlySet<RequestEvent['type']> = new Set<RequestEvent['type']>([
  'request.succeeded',
  'request.failed',
  'request.cancelled',
  'request.rejected',
  'request.withdrawn',
  'request.expired',
  'request.voided',
]);

interface WatchedRequest {
  readonly request: string;
  readonly options: WatchOptions;
  /** Asked when a stream ends without saying that the request has. */
  readonly hasEnded: () => Promise<boolean>;
}

/**
 * The events of a request, each once and in order, until it has ended. A cut stream is opened again from the last
 * event that was seen. Ends by throwing when the gateway refuses (a GuichetError) or the signal is aborted (its reason).
 */
export async function* watchRequest(transport: Transport, { request, options, hasEnded }: WatchedRequest) {
  const { signal, onConnection, giveUpAfterMs, through = 0 } = options;
  let ended = false;
  let last = options.after ?? 0;
  let cutAt: number | undefined;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      for await (const event of openStream(transport, { request, after: last, signal })) {
        if (cutAt !== undefined) onConnection?.('resumed');
        cutAt = undefined;
        attempt = 0;
        if (event === 'open' || event.number <= last) continue;
        last = event.number;
        yield event;
        ended ||= LAST_EVENTS.has(event.type);
        if (ended && last >= through) return;
      }
      // Ended without a last event: a gateway that drains, or nothing left to tell.
      if (await hasEnded()) return;
    } catch (error) {
      if (signal?.aborted === true || !isCut(error)) throw error;
      if (cutAt === undefined) onConnection?.('cut');
      cutAt ??= Date.now();
      if (giveUpAfterMs !== undefined && Date.now() - cutAt > giveUpAfterMs) throw error;
    }
    await pause(backoffMs(attempt), signal);
  }
}

interface StreamOptions {
  readonly request: string;
  readonly after: number;
  readonly signal?: AbortSignal | undefined;
}

async function* openStream(
  transport: Transport,
  { request, after, signal }: StreamOptions,
): AsyncGenerator<RequestEvent | 'open'> {
  const path = `/v1/requests/${encodeURIComponent(request)}/events`;
  const headers = after > 0 ? { 'last-event-id': String(after) } : {};
  for await (const each of openEventStream(transport, { path, headers, signal })) {
    const event = each === 'open' ? each : toRequestEvent(each.data);
    if (event !== undefined) yield event;
  }
}

/** An event of a type that this version does not know is passed on as it is: its number counts. */
function toRequestEvent(data: string): RequestEvent | undefined {
  let value: unknown;
  try {
    value = JSON.parse(data);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('number' in value) || !('type' in value)) return undefined;
  if (typeof value.number !== 'number' || typeof value.type !== 'string') return undefined;
  // Number and type are what the stream rests on; the rest is drawn leniently by whoever shows it.
  return { at: new Date(0).toISOString(), actor: null, data: {}, ...value } as RequestEvent;
}

/** True for a state in which nothing more will happen. */
export function isEnded(state: RequestState): boolean {
  return state !== 'awaiting_approval' && state !== 'queued' && state !== 'running' && state !== 'unknown';
}
