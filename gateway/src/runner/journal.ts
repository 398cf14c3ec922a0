import type { RunMessage } from '@guichet/contract';
import { GuichetError } from '@guichet/contract';
import type { RunLine } from './store.ts';

const FLUSH_MS = 50;
/** What comes after a silence waits only for what is said in the same moment. */
const FIRST_MS = 5;
const RETRY_MS = 300;
const MAX_LINES = 10_000;
const MAX_CHARACTERS = 4000;

export interface JournalOptions {
  /** Writes lines for all watchers; false when the run is no longer ours. */
  readonly write: (lines: readonly RunLine[]) => Promise<boolean>;
  /** Called once, when it is not. */
  readonly onFencedOut: () => void;
  /** Lines that cannot be written for another reason than an absent database are dropped, aloud. */
  readonly onError: (error: unknown) => void;
}

/**
 * What a run says, written in batches, 50 ms apart at least, so that a talkative provider costs a few transactions a second.
 * Of several progress messages in a batch the last one is kept. A database that is away delays lines and loses none.
 */
export class Journal {
  readonly #options: JournalOptions;
  #lines: RunLine[] = [];
  #written = 0;
  #flushedAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #flushing: Promise<void> = Promise.resolve();
  #over = false;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  add(message: Extract<RunMessage, { type: 'log' | 'progress' }>): void {
    if (this.#over) return;
    const line = toLine(message);
    const last = this.#lines.at(-1);
    if (line.type === 'run.progress' && last?.type === 'run.progress') this.#lines.pop();
    if (this.#written + this.#lines.length < MAX_LINES) this.#lines.push(line);
    else if (this.#written + this.#lines.length === MAX_LINES)
      this.#lines.push(toLine({ type: 'log', level: 'warn', message: `Only the first ${MAX_LINES} lines are kept.` }));
    this.#flushIn(Math.max(FIRST_MS, this.#flushedAt + FLUSH_MS - performance.now()));
  }

  /** Resolves when everything that was added is written, is nobody's business any more, or is given up. */
  async close(giveUp: () => boolean): Promise<void> {
    await this.#flushNow();
    while (this.#lines.length > 0 && !this.#over && !giveUp()) {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      await this.#flushNow();
    }
    this.#over = true;
    clearTimeout(this.#timer);
  }

  #flushIn(ms: number): void {
    this.#timer ??= setTimeout(() => void this.#flushNow(), ms);
  }

  #flushNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flushing = this.#flushing.then(() => this.#flush());
    return this.#flushing;
  }

  async #flush(): Promise<void> {
    if (this.#over || this.#lines.length === 0) return;
    const lines = this.#lines;
    this.#lines = [];
    this.#flushedAt = performance.now();
    try {
      this.#written += lines.length;
      if (await this.#options.write(lines)) return;
      this.#over = true;
      this.#lines = [];
      this.#options.onFencedOut();
    } catch (error) {
      if (!(error instanceof GuichetError) || error.code !== 'database.unavailable') return this.#options.onError(error);
      this.#written -= lines.length;
      this.#lines = [...lines, ...this.#lines];
      this.#flushIn(RETRY_MS);
    }
  }
}

function toLine(message: Extract<RunMessage, { type: 'log' | 'progress' }>): RunLine {
  const at = new Date();
  if (message.type === 'log') return { type: 'run.log', at, data: { level: message.level, message: brief(message.message) } };
  const { done, total } = message;
  const data = {
    ...(message.message !== undefined && { message: brief(message.message) }),
    ...(done !== undefined && { done }),
    ...(total !== undefined && { total }),
  };
  return { type: 'run.progress', at, data };
}

const brief = (text: string): string => (text.length > MAX_CHARACTERS ? `${text.slice(0, MAX_CHARACTERS - 1)}…` : text);
