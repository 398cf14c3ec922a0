import { GRANT_MS, lockRequest, observeRun, type RequestRow } from '../requests/index.ts';
import type { ExecutionOptions } from './execution.ts';
import { inRun } from './run-context.ts';
import { judgeEnd } from './run-ledger.ts';
import { renewObservations, takeUnknown } from './store.ts';

/** So many at once. */
const AT_ONCE = 10;

interface ObserverOptions extends ExecutionOptions {
  readonly leaseSeconds: number;
}

/**
 * Asks providers what became of runs whose end nobody saw, until they say. An observation is one observer's alone for a
 * lease, which it renews as a worker does those of its runs: one that dies is followed by another as soon as a dead worker is.
 */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #busy = new Set<Promise<void>>();
  /** What is being asked about. */
  readonly #held = new Set<RequestRow>();
  #taking: Promise<void> | undefined;
  /** There was more than could be taken. */
  #more = false;
  #stopped = false;

  constructor(options: ObserverOptions) {
    this.#options = options;
  }

  /** Begins to observe those whose time has come, some at once; as each is done the next one follows. */
  observeDue(): Promise<void> {
    this.#taking ??= this.#take().finally(() => {
      this.#taking = undefined;
    });
    return this.#taking;
  }

  async #take(): Promise<void> {
    const { db, leaseSeconds } = this.#options;
    const free = AT_ONCE - this.#busy.size;
    if (this.#stopped || free <= 0) return;
    const rows = await takeUnknown(db, free, leaseSeconds);
    this.#more = rows.length === free;
    for (const row of rows) this.#begin(row);
  }

  #begin(row: RequestRow): void {
    const { onError } = this.#options;
    this.#held.add(row);
    const work = inRun(row, () => this.#observe(row), 'observe')
      .catch((error: unknown) => onError(error))
      .finally(() => {
        this.#held.delete(row);
        this.#busy.delete(work);
        if (this.#more) this.observeDue().catch(onError);
      });
    this.#busy.add(work);
  }

  async renew(): Promise<void> {
    const { db, leaseSeconds, onError } = this.#options;
    if (this.#held.size > 0) await renewObservations(db, [...this.#held], leaseSeconds).catch(onError);
  }

  /** Takes nothing more; resolves when what it has in hand is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#taking?.catch(() => {}); // told by whoever asked for it
    await Promise.all(this.#busy);
  }

  async #observe(row: RequestRow): Promise<void> {
    const { db, transitions, windows } = this.#options;
    const { observation, undo, end, againMs, error } = await observeRun(row, this.#options);
    if (error !== undefined) this.#options.onError(error);
    const receipt = await judgeEnd(db, row, end);
    this.#held.delete(row); // when it is looked at again is for its answer to say
    await db.transaction(async (tx) => {
      const current = await lockRequest(tx, row.number);
      if (current === undefined || current.fencingToken !== row.fencingToken) return;
      const event = { type: 'settle', observation, undo, grantMs: GRANT_MS, startWindowMs: windows.startMs, againMs } as const;
      await transitions.apply(tx, current, { event, receipt, fence: true });
    });
  }
}
