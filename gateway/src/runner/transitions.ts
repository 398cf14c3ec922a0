import { GuichetError, type RequestState } from '@guichet/contract';
import type { Bus, Database, Transaction } from '../db/index.ts';
import { type EndHeard, insertReceipt, insertRunGrant, type JudgedReceipt, writeOutcome } from '../receipts/index.ts';
import {
  applyChanges,
  type LifeEvent,
  lockRequest,
  lockRequestOn,
  type Outbox,
  type RequestRow,
  requestName,
  type Told,
  tell,
  tellUndone,
  transition,
} from '../requests/index.ts';
import { judgeEnd, outcomeOf, toldOfReceipt } from './run-ledger.ts';

/** A run that began, or that came to its end: `state` is that of its request after it. */
export interface RunChange {
  readonly row: RequestRow;
  readonly event: LifeEvent['type'];
  readonly state: RequestState;
}

export interface TransitionsOptions {
  readonly db: Database;
  readonly bus: Bus;
  readonly outbox: Outbox;
  readonly onNews: (message: string) => void;
  /** Told of each claim and each end of a run, once it is committed. */
  readonly onRun?: ((change: RunChange) => void) | undefined;
  /** Told of each receipt, and of each that should have come, once it is committed. */
  readonly onReceipt?: ((judged: { provider: string; verdict: string }) => void) | undefined;
}

/** What beside the event itself is written down of a run. */
export interface RunFacts {
  /** dispatch: the grant that its call will carry. */
  readonly grant?: { readonly id: string; readonly issuedAt: Date; readonly provider: string } | undefined;
  /** How the provider said that it ended. */
  readonly end?: EndHeard | undefined;
}

const RETRY_MS = 300;
/** An error that is not about an absent database is tried again so often: a deadlock, a full disk, a broken trigger. */
const TRIES = 10;

interface Application extends Pick<RunFacts, 'grant'> {
  readonly event: LifeEvent;
  /** Raises the token: whoever held the run before can write no more. */
  readonly fence?: boolean;
  readonly receipt?: JudgedReceipt | undefined;
  /** The provider itself has said how it ended. */
  readonly heard?: boolean;
}

/** The runner's commits: each locks the row, checks the fencing token, makes one pure transition and writes it. */
export class Transitions {
  readonly #options: TransitionsOptions;

  constructor(options: TransitionsOptions) {
    this.#options = options;
  }

  /**
   * Commits what happened to a run that we hold. It tries again while the database is away, because what a provider said
   * must not be lost; `giveUp` ends that. Returns the state after it; undefined when the run is no longer ours.
   */
  async commit(held: RequestRow, event: LifeEvent, giveUp: () => boolean, facts: RunFacts = {}): Promise<string | undefined> {
    for (let tries = 1; ; ) {
      try {
        return await this.once(held, event, facts);
      } catch (error) {
        const away = error instanceof GuichetError && error.code === 'database.unavailable';
        if (giveUp() || (!away && tries++ >= TRIES)) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  /** The same, once. When it rejects because the database is away, the commit may have happened all the same. */
  async once(held: RequestRow, event: LifeEvent, { grant, end }: RunFacts = {}): Promise<string | undefined> {
    const receipt = await judgeEnd(this.#options.db, held, end);
    const state = await this.#options.db.transaction(async (tx) => {
      const row = await lockFor(tx, held, event);
      if (row === undefined || row.fencingToken !== held.fencingToken) return undefined;
      return this.apply(tx, row, { event, grant, receipt, heard: end !== undefined });
    });
    if (state === undefined)
      this.#options.onNews(`${requestName(held)}: '${event.type}' came too late, the run belongs to somebody else`);
    return state;
  }

  /** Tells something on another request than the one that runs, locked too, and changes what it says of its undo. */
  tell(tx: Transaction, step: Parameters<typeof tell>[1]): Promise<void> {
    return tell(tx, step, this.#options);
  }

  /** Applies an event to a locked row. The state after it; undefined when the state does not take it. `fence` as in applyChanges. */
  async apply(
    tx: Transaction,
    row: RequestRow,
    { event, fence = false, grant, receipt, heard = receipt !== undefined }: Application,
  ): Promise<string | undefined> {
    const next = transition(row, event, row.readAt);
    if (!next.ok) return undefined;
    const told = [...toldOfReceipt(receipt), ...next.told.map((each) => withGrant(each, row, grant))];
    const issued =
      grant !== undefined && row.runId !== null && next.changes.dispatchedAt instanceof Date
        ? { grantId: grant.id, issuedAt: grant.issuedAt, provider: grant.provider, runId: row.runId, request: row.number }
        : undefined;
    // Sent together: a handler waits for it.
    const [isWritten] = await Promise.all([
      applyChanges(tx, { row, changes: next.changes, told, fence }),
      issued && insertRunGrant(tx, issued),
    ]);
    if (!isWritten) {
      if (issued === undefined) return undefined;
      // The row is locked and its token was looked at: it cannot be. Whatever it is takes the grant back with it.
      throw new GuichetError('internal', `${requestName(row)} was changed by somebody else behind its lock.`);
    }
    const outcome = outcomeOf(row, event, heard);
    if (outcome !== undefined && row.runId !== null) await writeOutcome(tx, row.runId, outcome);
    if (receipt !== undefined) {
      await insertReceipt(tx, receipt);
      const { verdict } = receipt;
      tx.afterCommit(() => this.#options.onReceipt?.({ provider: row.action.slice(0, row.action.indexOf('.')), verdict }));
    }
    await this.#options.outbox.enqueue(tx, { request: row, told });
    await tellUndone(tx, { row, next }, this.#options);
    tx.afterCommit(() => {
      this.#options.bus.publish(`request:${row.number}`);
      // What is settled holds up nobody any more.
      const settled = row.state === 'unknown' && next.changes.state !== 'unknown';
      if (next.changes.state === 'queued' || settled) this.#options.bus.publish('queue');
      if (next.changes.state !== row.state) this.#options.onRun?.({ row, event: event.type, state: next.changes.state });
    });
    return next.changes.state;
  }
}

/** The event of a dispatch names the grant: so the sealed log too says which grants there were. */
function withGrant(told: Told, { runId }: RequestRow, grant: RunFacts['grant']): Told {
  if (told.type !== 'request.dispatched' || grant === undefined) return told;
  return { ...told, data: { ...told.data, run: runId, grant: grant.id } };
}

/** No dispatch slips past a loss on the same resource. */
function lockFor(tx: Transaction, held: RequestRow, { type }: LifeEvent): Promise<RequestRow | undefined> {
  if (type === 'dispatch') return lockRequestOn(tx, held, 'shared');
  return type === 'lose' ? lockRequestOn(tx, held, 'alone') : lockRequest(tx, held.number);
}
