import type { RunMessage } from '@guichet/contract';

/** Messages that wait for a slow reader before logs are left out. */
const MAX_PENDING = 1_000;

export interface RunStreamOptions {
  readonly heartbeatSeconds: number;
  readonly timeoutSeconds: number;
  /** Aborted when the caller gives the run up. */
  readonly signal: AbortSignal;
}

interface Reader {
  resolve(result: IteratorResult<RunMessage, undefined>): void;
  reject(error: unknown): void;
}

/**
 * The messages of one run, from a handler that writes at its own pace to one reader that reads at its own.
 *
 * `log` and `progress` cannot wait for the reader, so what waits is bounded: an older progress gives way to a newer one,
 * and logs beyond the bound are counted and left out. The end is never left out.
 */
export class RunStream implements AsyncIterableIterator<RunMessage, undefined, undefined> {
  /** For the handler: aborted when the caller gives up, the reader leaves, or the time limit passes. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #pending: RunMessage[] = [];
  readonly #readers: Reader[] = [];
  readonly #heartbeat: NodeJS.Timeout;
  readonly #deadline: NodeJS.Timeout;
  readonly #upstream: AbortSignal;
  readonly #onUpstreamAbort = () => this.#controller.abort(this.#upstream.reason);
  #leftOut = 0;
  #spoken = false;
  #ended = false;
  #error: unknown;

  constructor({ heartbeatSeconds, timeoutSeconds, signal }: RunStreamOptions) {
    this.signal = this.#controller.signal;
    this.#upstream = signal;
    if (signal.aborted) this.#onUpstreamAbort();
    else signal.addEventListener('abort', this.#onUpstreamAbort, { once: true });
    this.#heartbeat = setInterval(() => this.#beat(), heartbeatSeconds * 1000).unref();
    const late = () => this.#controller.abort(new DOMException('The run reached its time limit', 'TimeoutError'));
    this.#deadline = setTimeout(late, timeoutSeconds * 1000).unref();
  }

  /** True once the reader may have been told anything; from then on a read can no longer be answered by an error. */
  get spoken(): boolean {
    return this.#spoken;
  }

  /** Adds a message; ignored after the end. */
  push(message: RunMessage): void {
    if (this.#ended) return;
    this.#spoken = true;
    const reader = this.#readers.shift();
    const last = this.#pending.length - 1;
    if (reader) reader.resolve({ done: false, value: message });
    else if (message.type === 'progress' && this.#pending[last]?.type === 'progress') this.#pending[last] = message;
    else if (this.#pending.length < MAX_PENDING) this.#pending.push(message);
    else this.#leftOut += 1;
  }

  /** Ends the stream, with a last message, or without one when nobody can say what became of the run. */
  end(last?: RunMessage): void {
    if (this.#ended) return;
    if (this.#leftOut > 0) {
      this.#pending.push({
        type: 'log',
        level: 'warn',
        message: `${this.#leftOut} messages were left out: they came faster than they were read.`,
      });
    }
    if (last) {
      const reader = this.#readers.shift();
      if (reader) reader.resolve({ done: false, value: last });
      else this.#pending.push(last);
    }
    this.#finish();
  }

  /** Answers with an error. Only for a read that has not spoken. */
  fail(error: unknown): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader) reader.reject(error);
    else this.#error = error;
    this.#finish();
  }

  next(): Promise<IteratorResult<RunMessage, undefined>> {
    const value = this.#pending.shift();
    if (value) return Promise.resolve({ done: false, value });
    if (this.#error !== undefined) {
      const error = this.#error;
      this.#error = undefined;
      return Promise.reject(error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }));
  }

  /** The reader leaves: the handler is told to stop, and what it still says goes nowhere. */
  return(): Promise<IteratorResult<RunMessage, undefined>> {
    if (!this.#ended) this.#controller.abort(new DOMException('Nobody reads the run any more', 'AbortError'));
    this.#pending.length = 0;
    this.#error = undefined;
    this.#finish();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.return().then(() => undefined);
  }

  #beat(): void {
    // A reader that is behind needs no sign of life to read.
    if (this.#pending.length === 0) this.push({ type: 'heartbeat' });
  }

  #finish(): void {
    this.#ended = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#deadline);
    this.#upstream.removeEventListener('abort', this.#onUpstreamAbort);
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }
}
