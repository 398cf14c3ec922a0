import { setTimeout as sleep } from 'node:timers/promises';
import type { SettledReader } from '../../audit/index.ts';
import type { Sink } from './sink.ts';

/** How long a sink may take for a batch. Shorter than the lease of the cursor, so that a batch has one sender. */
const PATIENCE_MS = 15_000;
export const LEASE_SECONDS = 30;
/** A failing sink is told of once, and again after so long. */
const TOLD_EVERY_MS = 600_000;

/** Milliseconds between looks and tries. */
export interface Pace {
  /** Between looks while there is nothing to send, here or at another replica. */
  readonly idleMs: number;
  /** After the first failure; doubled after each further one. */
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
}
export const PACE: Pace = { idleMs: 1000, firstRetryMs: 1000, lastRetryMs: 60_000 };

export interface SenderOptions {
  readonly name: string;
  readonly sink: Sink;
  readonly reader: SettledReader;
  readonly batch: number;
  readonly pace: Pace;
  readonly onNews: (message: string) => void;
  readonly onTrouble: (message: string) => void;
}

/** Sends the audit log to one sink, batch after batch, for as long as the gateway runs. Nobody ever waits for it. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #failures = 0;
  #toldAt = Number.NEGATIVE_INFINITY;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
    await this.#options.reader.letGo().catch(() => {}); // the lease ends by itself
    await this.#options.sink.close?.().catch(() => {});
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const pause = await this.#step();
      if (pause > 0) await sleep(pause, undefined, { signal }).catch(() => {});
    }
  }

  /** Sends one batch; gives how long to wait before the next. */
  async #step(): Promise<number> {
    const { reader, sink, batch, pace } = this.#options;
    try {
      const taken = await reader.take(batch);
      if (taken === undefined || taken.events.length === 0) return pace.idleMs;
      await sink.deliver(taken.events, AbortSignal.any([this.#stop.signal, AbortSignal.timeout(PATIENCE_MS)]));
      await taken.advance();
      this.#recovered();
      return taken.events.length < batch ? pace.idleMs : 0;
    } catch (error) {
      if (this.#stop.signal.aborted) return 0;
      return this.#failed(error);
    }
  }

  #recovered(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#toldAt = Number.NEGATIVE_INFINITY;
    this.#options.onNews(`audit sink '${this.#options.name}' takes events again`);
  }

  async #failed(error: unknown): Promise<number> {
    const { name, reader, pace, onTrouble } = this.#options;
    const why = whyOf(error);
    if (performance.now() - this.#toldAt > TOLD_EVERY_MS) {
      this.#toldAt = performance.now();
      onTrouble(`audit sink '${name}' takes no events: ${why}. They are kept, and sent again until it does.`);
    }
    await reader.fail(why).catch(() => {}); // the database is away: nothing is sent, and nothing is lost
    const pause = Math.min(pace.lastRetryMs, pace.firstRetryMs * 2 ** Math.min(this.#failures++, 20));
    return pause * (0.5 + Math.random() / 2); // replicas do not try in step
  }
}

/** In a few words, and without what the receiver said: its answer may repeat what it was sent. */
function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return 'it failed';
  if (error.name === 'TimeoutError') return `no answer within ${PATIENCE_MS / 1000} s`;
  const code = error.cause instanceof Error && 'code' in error.cause ? String(error.cause.code) : undefined;
  const own = 'code' in error ? String(error.code) : undefined;
  const known = code ?? own;
  return (known === undefined ? error.message : known.match(/^[0-9]+$/) ? `it answered ${known}` : known).slice(0, 200);
}
