import { approversInWords, ERRORS, type Failure, GuichetError } from '@guichet/contract';
import { asPrincipal } from '../catalog/index.ts';
import { statement } from '../db/index.ts';
import type { Lanes } from '../lanes.ts';
import type { Filing } from './filing.ts';
import type { Told } from './life.ts';
import { type RequestRow, ROW } from './row.ts';
import { formerText } from './standing.ts';
import { transition } from './state.ts';
import { lockRequest, requestName } from './store.ts';
import type { RequestsOptions } from './submission.ts';
import { holdUndo, type UndoChanges } from './temporary.ts';
import { type LiveUndo, liveUndo, tell } from './undo.ts';
import { writeTransition } from './write.ts';

/** For so long one that is due is one gateway's alone; then another takes it up. */
const ALONE_SECONDS = 60;

/** What is due by it. */
const DUE = 'undo_try_at <= clock_timestamp()';
const LANE = `coalesce(split_part(undo->>'action', '.', 1), '')`;
/** The providers of undos that are due, the one that waits longest first. */
const LANES = statement(
  'undo-lanes',
  `select ${LANE} as lane from requests where ${DUE} group by lane order by min(undo_try_at)`,
);
/** One that is due, for this caller alone: what fails here is tried again when that time is over. */
const TAKE_DUE = statement(
  'undo-take-due',
  `with due as (select number from requests where ${DUE} and ${LANE} = $1
     order by undo_try_at limit 1 for update skip locked)
   update requests r set undo_try_at = clock_timestamp() + make_interval(secs => $2) from due where r.number = due.number returning ${ROW}`,
);

/**
 * Files what undoes requests whose time is over, as whoever asked for them, with the approvals that were given with them.
 * Policy is asked at that moment; what it does not let happen by itself is told and waits for a person.
 */
export class UndoClock {
  readonly due = `exists (select from requests where ${DUE})`;
  readonly #filing: Filing;
  readonly #options: RequestsOptions;
  readonly #lanes: Lanes;

  constructor(filing: Filing, options: RequestsOptions, lanes: Lanes) {
    this.#filing = filing;
    this.#options = options;
    this.#lanes = lanes;
  }

  /** Begins all that is due. Rejects when the database is away; the next call goes on. */
  async ring(): Promise<void> {
    const { db } = this.#options;
    for (const { lane } of await db.query<{ lane: string }>(LANES))
      this.#lanes.start(lane, {
        take: async () => (await db.query<RequestRow>(TAKE_DUE, [lane, ALONE_SECONDS]))[0],
        work: (row) => this.#fire(row),
      });
  }

  stop(): Promise<void> {
    return this.#lanes.stop();
  }

  async #fire(row: RequestRow): Promise<void> {
    const { db, directory } = this.#options;
    const live = await liveUndo(db, row.number);
    if (live !== undefined && !(live.state === 'awaiting_approval' && (await this.#supersede(live.number, row)))) return;
    const requester = (await directory.members(db, [row.requesterId])).get(row.requesterId);
    if (requester === undefined) return this.#hold(row, `${row.requesterName}, who asked for it, is no longer in the company.`);
    if (row.requesterIsFormer) return this.#hold(row, formerText(row));
    if (row.undo?.input == null) return this.#hold(row, 'Nobody knows how it is undone.');
    const { action, input } = row.undo;
    const reason = `The time of ${requestName(row)} is over${row.reason === '' ? '.' : `: ${row.reason}`}`;
    try {
      const filed = await this.#filing.submit(asPrincipal(requester, row.scope), {
        action,
        environment: row.environment,
        input,
        reason,
        undoOf: row.number,
        approvedWith: row,
        byClock: true,
      });
      if (filed.state !== 'awaiting_approval') return;
      const who = filed.gates.filter(({ approved, count }) => approved < count).map((gate) => approversInWords(gate.approvers));
      await this.#hold(
        row,
        `${filed.id} undoes it, and waits for an approval of ${who.join(' and ')}: those given with it no longer count.`,
        filed.id,
      );
    } catch (error) {
      // Somebody was faster.
      if (!(error instanceof GuichetError) || error.code === 'database.unavailable') throw error;
      if (error.code === 'request.undone') return;
      if (ERRORS[error.code].retryable || error.code.startsWith('provider.')) return this.#delay(row, error);
      await this.#hold(row, `It cannot be undone by itself: ${error.message}`);
    }
  }

  /** A person's undo that still waits for approvals gives way to the one that was approved with the request. */
  async #supersede(number: string, original: RequestRow): Promise<boolean> {
    return this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row?.state !== 'awaiting_approval') return false;
      const message = `The time of ${requestName(original)} is over: the undo that was approved with it runs instead.`;
      const failure: Failure = { code: 'request.undone', message, retryable: false };
      return writeTransition(tx, { row, next: transition(row, { type: 'void', failure }, row.readAt) }, this.#options);
    });
  }

  /** `undo` is the one that was filed, and waits. */
  #hold(row: RequestRow, message: string, undo?: string): Promise<void> {
    return this.#change(row, holdUndo(message), undo);
  }

  /** Told once; it is tried again and again. */
  async #delay(row: RequestRow, { message }: GuichetError): Promise<void> {
    if (row.undoMessage === null)
      await this.#change(row, { changes: { undoMessage: message }, told: [{ type: 'request.undo_delayed', data: { message } }] });
  }

  /** Nothing when it was put off or is being undone meanwhile: what was found out says nothing of how it stands now. */
  async #change(
    { number, undoAt }: RequestRow,
    step: { changes: UndoChanges; told: readonly Told[] },
    undo?: string,
  ): Promise<void> {
    await this.#options.db.transaction(async (tx) => {
      const row = await lockRequest(tx, number);
      if (row?.undoState !== 'scheduled' || row.undoAt?.getTime() !== undoAt?.getTime()) return;
      const live = await liveUndo(tx, number);
      const asFound = undo === undefined ? live === undefined : isWaiting(live, undo);
      if (asFound) await tell(tx, { row, ...step }, this.#options);
    });
  }
}

const isWaiting = (live: LiveUndo | undefined, undo: string): boolean =>
  live?.state === 'awaiting_approval' && requestName(live) === undo;
