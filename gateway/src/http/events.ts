import type { ServerResponse } from 'node:http';
import { isFinal, type RequestState } from '@guichet/contract';
import type { Bus } from '../db/index.ts';
import { type StoredEvent, toRequestEvent } from '../requests/index.ts';
import { waker, write } from './open-stream.ts';

const HEARTBEAT_MS = 15_000;
const STALLED_MS = 30_000;
/** Events that are there together are sent together, until they come to so many characters. */
const AT_ONCE = 16_000;

export interface EventStreamOptions {
  readonly bus: Bus;
  /** Number of the request. */
  readonly number: string;
  readonly after: number;
  /** True for the types of events that the reader may see. */
  readonly sees: (type: string) => boolean;
  /** The state, and then the events after a number; rejects when the reader may see them no more. */
  readonly look: (after: number) => Promise<{
    readonly row: { readonly state: RequestState };
    readonly events: readonly StoredEvent[];
    /** False when there are more events. */
    readonly whole: boolean;
  }>;
  readonly response: ServerResponse;
  /** Headers that every answer has. */
  readonly headers: Readonly<Record<string, number | string | string[] | undefined>>;
  /** Ends the stream early, so that the reader resumes elsewhere. */
  readonly signal: AbortSignal;
  /** How often a silent stream says that it lives, and looks by itself; 15 s when absent. */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for so long is gone, or asks for our memory: it is cut. 30 s when absent. */
  readonly stalledMs?: number;
}

/**
 * The events of a request as server-sent events: first those already there, then each as it comes, until the request
 * has ended (`event: end`). It subscribes before it reads, and always reads after its own cursor: nothing is missed, nothing twice.
 */
export async function streamEvents(options: EventStreamOptions): Promise<void> {
  const {
    bus,
    number,
    after,
    sees,
    look,
    response,
    headers,
    signal,
    heartbeatMs = HEARTBEAT_MS,
    stalledMs = STALLED_MS,
  } = options;
  const wake = waker();
  const unsubscribe = bus.subscribe(`request:${number}`, wake.ring);
  const stop = (): void => wake.ring();
  response.on('close', stop);
  signal.addEventListener('abort', stop);
  const heartbeat = setInterval(() => {
    response.write(': still here\n\n');
    wake.ring(); // a message that was lost costs a heartbeat
  }, heartbeatMs);
  let cursor = after;
  try {
    response.writeHead(200, {
      ...headers,
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
    response.write('retry: 1000\n\n');
    while (!response.destroyed && !signal.aborted) {
      // The state is read before the events: a final state means that its event is among those read after it.
      const { row, events, whole } = await look(cursor);
      let text = '';
      for (const [index, event] of events.entries()) {
        if (sees(event.type)) text += textOf(event);
        if (text.length < AT_ONCE && index < events.length - 1) continue;
        if (text !== '') await write(response, text, () => AbortSignal.any([signal, AbortSignal.timeout(stalledMs)]));
        if (response.destroyed) return;
        text = '';
        cursor = event.number;
      }
      if (!whole) continue;
      if (isFinal(row.state)) {
        response.write(`event: end\ndata: ${JSON.stringify({ state: row.state })}\n\n`);
        return;
      }
      await wake.rung();
    }
  } finally {
    clearInterval(heartbeat);
    unsubscribe();
    signal.removeEventListener('abort', stop);
    response.end();
  }
}

const texts = new WeakMap<StoredEvent, string>();

/** As it is sent: all who watch a request are sent the same. */
function textOf(event: StoredEvent): string {
  const known = texts.get(event);
  if (known !== undefined) return known;
  const text = `id: ${event.number}\nevent: ${event.type}\ndata: ${JSON.stringify(toRequestEvent(event))}\n\n`;
  texts.set(event, text);
  return text;
}
