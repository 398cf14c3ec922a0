import type { Change } from '@guichet/contract';
import { isCut, openEventStream, type StreamedEvent } from './event-stream.ts';
import { backoffMs, pause, type Transport } from './transport.ts';

export interface ChangesOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told when the stream was cut and again when it flows. */
  readonly onConnection?: ((status: 'cut' | 'resumed') => void) | undefined;
}

// Plain data: the contract has the same, beside schemas whose library a page does not load.
const KINDS: readonly Change['kind'][] = ['open', 'requests', 'catalogue', 'company', 'policy', 'audit'];

/**
 * What may have changed, until the signal is aborted: first `open`, and again each time the stream was opened anew, for what
 * happened in between is not told. Ends by throwing when the gateway refuses (a GuichetError, e.g. `token.expired`) or
 * the signal is aborted (its reason).
 */
export async function* watchChanges(
  transport: Transport,
  { signal, onConnection }: ChangesOptions = {},
): AsyncGenerator<Change, never, undefined> {
  let isAway = false;
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted();
    try {
      for await (const event of openEventStream(transport, { path: '/v1/changes', signal })) {
        if (isAway) onConnection?.('resumed');
        isAway = false;
        attempt = 0;
        const change = event === 'open' ? undefined : toChange(event);
        if (change !== undefined) yield change;
      }
      // It ended in good order, as it does now and then: opened again, it says so.
    } catch (error) {
      if (signal?.aborted === true || !isCut(error)) throw error;
      if (!isAway) onConnection?.('cut');
      isAway = true;
    }
    await pause(backoffMs(attempt), signal);
  }
}

/** Undefined of a kind that this version does not know. */
function toChange({ event, data }: StreamedEvent): Change | undefined {
  const kind = KINDS.find((known) => known === event);
  if (kind === undefined) return undefined;
  try {
    const about: unknown = JSON.parse(data);
    if (typeof about !== 'object') return undefined;
    // The kind says which members there are; whoever reads them looks the facts up.
    return { ...about, kind } as Change;
  } catch {
    return undefined;
  }
}
