import { GRANT_MS, lockRequest, observeRun, type RequestRow } from '../requests/index.ts';
import type { ExecutionOptions } from './execution.ts';
import { inRun } from './run-context.ts';
import { judgeEnd } from './run-ledger.ts';
import { takeUnknown } from './store.ts';

/** How long an observation is one observer's alone; more than the limit of the call. */
const ALONE_SECONDS = 20;

/** Asks providers what became of runs whose end nobody saw, until they say. */
export class Observer {
  readonly #options: ExecutionOptions;
  readonly #busy = new Set<Promise<void>>();

  constructor(options: ExecutionOptions) {
    this.#options = options;
  }

  /** Begins to observe those whose time has come. */
  async observeDue(): Promise<void> {
    for (const row of await takeUnknown(this.#options.db, 10, ALONE_SECONDS)) {
      const work = inRun(row, () => this.#observe(row), 'observe')
        .catch((error: unknown) => this.#options.onError(error))
        .finally(() => this.#busy.delete(work));
      this.#busy.add(work);
    }
  }

  async idle(): Promise<void> {
    await Promise.all(this.#busy);
  }

  async #observe(row: RequestRow): Promise<void> {
    const { db, transitions, windows } = this.#options;
    const { observation, undo, end, againMs, error } = await observeRun(row, this.#options);
    if (error !== undefined) this.#options.onError(error);
    const receipt = await judgeEnd(db, row, end);
    await db.transaction(async (tx) => {
      const current = await lockRequest(tx, row.number);
      if (current === undefined || current.fencingToken !== row.fencingToken) return;
      const event = { type: 'settle', observation, undo, grantMs: GRANT_MS, startWindowMs: windows.startMs, againMs } as const;
      await transitions.apply(tx, current, { event, receipt });
    });
  }
}
