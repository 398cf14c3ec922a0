import type { ServerResponse } from 'node:http';
import type { Change } from '@guichet/contract';
import type { ChangeHub } from '../changes/index.ts';
import type { Caller } from '../identity/index.ts';
import { waker, write } from './open-stream.ts';

const HEARTBEAT_MS = 15_000;
const STALLED_MS = 30_000;
/** Then it ends, and its reader opens it again: a token that has ended since holds nothing open for longer. */
const LIFE_MS = 600_000;
/** What a slow reader is not told yet is one word about each request; of more, one word about all of them. */
const MOST_WAITING = 100;

export interface ChangeStreamOptions {
  readonly hub: Pick<ChangeHub, 'enter'>;
  readonly caller: Caller;
  readonly response: ServerResponse;
  /** Headers that every answer has. */
  readonly headers: Readonly<Record<string, number | string | string[] | undefined>>;
  /** Ends the stream early, so that the reader goes on elsewhere. */
  readonly signal: AbortSignal;
  /** How often a silent stream says that it lives; 15 s when absent. */
  readonly heartbeatMs?: number;
  /** A reader that takes nothing for so long is cut; 30 s when absent. */
  readonly stalledMs?: number;
  /** 10 minutes when absent. */
  readonly lifeMs?: number;
}

/**
 * What may have changed, as server-sent events. It says so to a reader when it opens: whatever came before has to be looked
 * up. From there on nothing is missed while it lasts.
 */
export async function streamChanges(options: ChangeStreamOptions): Promise<void> {
  const { hub, caller, response, headers, signal } = options;
  const { heartbeatMs = HEARTBEAT_MS, stalledMs = STALLED_MS, lifeMs = LIFE_MS } = options;
  const over = new AbortController();
  const ends = AbortSignal.any([signal, over.signal]);
  const waiting = new Waiting();
  const wake = waker();
  const leave = hub.enter({
    caller,
    tell: (changes) => {
      waiting.add(changes);
      wake.ring();
    },
    end: () => over.abort(),
  });
  const stop = (): void => over.abort();
  response.on('close', stop);
  ends.addEventListener('abort', () => wake.ring());
  const life = setTimeout(stop, lifeMs);
  const heartbeat = setInterval(() => response.write(': still here\n\n'), heartbeatMs);
  try {
    response.writeHead(200, { ...headers, 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
    response.write('retry: 1000\n\n');
    waiting.add([{ kind: 'open' }]);
    while (!response.destroyed && !ends.aborted) {
      await write(response, waiting.take(), () => AbortSignal.any([ends, AbortSignal.timeout(stalledMs)]));
      if (!response.destroyed && !ends.aborted && waiting.isEmpty) await wake.rung();
    }
  } finally {
    clearInterval(heartbeat);
    clearTimeout(life);
    leave();
    response.end();
  }
}

/** What a reader is still to be told. It does not grow, however slow they are. */
class Waiting {
  readonly #changes = new Map<string, Change>();

  add(changes: readonly Change[]): void {
    for (const change of changes)
      this.#changes.set(change.kind === 'requests' ? `requests ${change.id ?? ''}` : change.kind, change);
    if (this.#changes.size <= MOST_WAITING && !this.#changes.has('requests ')) return;
    for (const key of [...this.#changes.keys()]) if (key.startsWith('requests ')) this.#changes.delete(key);
    this.#changes.set('requests ', { kind: 'requests' });
  }

  get isEmpty(): boolean {
    return this.#changes.size === 0;
  }

  take(): string {
    const all = [...this.#changes.values()];
    this.#changes.clear();
    return all.map(({ kind, ...data }) => `event: ${kind}\ndata: ${JSON.stringify(data)}\n\n`).join('');
  }
}
