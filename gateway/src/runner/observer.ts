import { GuichetError, type Observation } from '@guichet/contract';
import { GRANT_SECONDS } from '../catalog/index.ts';
import { lockRequest, openInput, type RequestRow, requestName, undoFrom } from '../requests/index.ts';
import type { ExecutionOptions } from './execution.ts';
import { inRun } from './run-context.ts';
import { takeUnknown } from './store.ts';

/** How long an observation is one observer's alone; more than the limit of the call. */
const ALONE_SECONDS = 20;
const AGAIN_MS = { running: 2000, unknown: 30_000, unreachable: 5000 } as const;
/**
 * How long after its dispatch a lost call may still be accepted: the life of its grant, 5 s that a provider tolerates,
 * and 5 s that its clock may be behind ours.
 */
const GRANT_MS = GRANT_SECONDS * 1000 + 10_000;

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
    const { db, transitions, windows, catalog } = this.#options;
    const { observation, againMs } = await this.#ask(row);
    const found = catalog.find(row.action);
    const undo =
      observation.status !== 'succeeded' || found === undefined ? null : undoFrom(catalog, found, observation.undoInput);
    await db.transaction(async (tx) => {
      const current = await lockRequest(tx, row.number);
      if (current === undefined || current.fencingToken !== row.fencingToken) return;
      const event = { type: 'settle', observation, undo, grantMs: GRANT_MS, startWindowMs: windows.startMs, againMs } as const;
      await transitions.apply(tx, current, { event });
    });
  }

  async #ask(row: RequestRow): Promise<{ observation: Observation; againMs: number }> {
    const { db, catalog, calls, directory } = this.#options;
    const found = catalog.find(row.action);
    if (found === undefined || row.runId === null || !found.action.available)
      return { observation: { status: 'unknown' }, againMs: AGAIN_MS.unreachable };
    // Whoever asked may have left the company since; what they started is looked after all the same.
    const requester = (await directory.members(db, [row.requesterId])).get(row.requesterId);
    const caller = { id: row.requesterId, name: row.requesterName, teams: [...(requester?.teams ?? [])] };
    const { environment, approvals, runId, plan } = row;
    try {
      const { input, secrets } = await openInput(row, this.#options);
      const subject = {
        found,
        environment,
        input,
        secrets,
        caller,
        approvers: approvals.map(({ by }) => by),
        request: requestName(row),
        run: runId,
        seen: plan.seen,
      };
      const observation = await calls.observe(subject);
      return { observation, againMs: observation.status === 'running' ? AGAIN_MS.running : AGAIN_MS.unknown };
    } catch (error) {
      if (!(error instanceof GuichetError)) throw error;
      this.#options.onError(error);
      return { observation: { status: 'unknown', message: error.message }, againMs: AGAIN_MS.unreachable };
    }
  }
}
