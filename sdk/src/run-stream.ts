import type { RunMessage } from '@guichet/contract';

/** Messages that wait for a slow reader before logs are left out. */
const MAX_PENDING = 1_000;
/** The gateway keeps the time limit; so much later, in milliseconds, the provider stops a run that the gateway forgot. */
const DEADLINE_MARGIN = 5_000;

const STOPPED = {
  cancel: 'The run was cancelled before it had finished.',
  deadline: 'The run was stopped at its time limit.',
  closed: 'The run was stopped, for nobody listened to it any more.',
  stopping: 'The run was stopped because its provider is stopping.',
} as const;

export interface RunStreamOptions {
  readonly heartbeatSeconds: number;
  /** The time limit of the action. */
  readonly timeoutSeconds: number;
  /** Aborted when nobody listens any more: the stream ends there and then. */
  readonly signal: AbortSignal;
  /** Aborted when the handler shall stop and say how it ended. */
  readonly cancel?: AbortSignal | undefined;
  /** Called once, when the stream has ended. */
  readonly onEnd?: () => void;
}

/** Why a handler is told to stop: the `reason` of its signal. */
export class StopReason extends Error {
  readonly kind: 'cancel' | 'deadline' | 'closed' | 'stopping';

  constructor(kind: StopReason['kind'], message: string) {
    super(message);
    this.name = 'AbortError'; // what libraries look for when their signal is aborted
    this.kind = kind;
  }
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
  /** For the handler: aborted when the run is cancelled, its reader leaves, its time is over or the provider stops. */
  readonly signal: AbortSignal;
  readonly #controller = new AbortController();
  readonly #options: RunStreamOptions;
  readonly #pending: RunMessage[] = [];
  readonly #readers: Reader[] = [];
  readonly #timers: NodeJS.Timeout[];
  readonly #onClosed = () => void this.return();
  readonly #onCancel = () => this.stop('cancel');
  #leftOut = 0;
  #spoken = false;
  #ended = false;
  #error: unknown;

  constructor(options: RunStreamOptions) {
    const { heartbeatSeconds, timeoutSeconds, signal, cancel } = options;
    this.#options = options;
    this.signal = this.#controller.signal;
    const beat = setInterval(() => this.#beat(), heartbeatSeconds * 1000).unref();
    const deadline = setTimeout(() => this.stop('deadline'), timeoutSeconds * 1000 + DEADLINE_MARGIN).unref();
    this.#timers = [beat, deadline];
    signal.addEventListener('abort', this.#onClosed, { once: true });
    cancel?.addEventListener('abort', this.#onCancel, { once: true });
    if (cancel?.aborted) this.#onCancel();
  }

  /** Tells the handler to stop; the stream goes on until the handler has said how it ended. */
  stop(kind: StopReason['kind']): void {
    if (!this.#ended) this.#controller.abort(new StopReason(kind, STOPPED[kind]));
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
    this.stop('closed');
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
    if (this.#ended) return;
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#options.signal.removeEventListener('abort', this.#onClosed);
    this.#options.cancel?.removeEventListener('abort', this.#onCancel);
    this.#options.onEnd?.();
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }
}
