import { ERRORS, GuichetError } from '@guichet/contract';
import { asPrincipal } from '../catalog/index.ts';
import type { Lanes } from '../lanes.ts';
import type { Filing, RequestsOptions } from '../requests/index.ts';
import { callOf, tellSchedule } from './schedules.ts';
import {
  ANY_DUE,
  addFiring,
  busyWith,
  changeSchedule,
  countTry,
  endFiring,
  type FiringRow,
  filingLanes,
  lockDue,
  lockSchedule,
  moveSchedule,
  type ScheduleRow,
  takeFiling,
} from './store.ts';
import { Times } from './times.ts';

/** What comes later than this after its time was missed. */
export const LATE_MS = 5 * 60_000;
/** For so long a time that is being filed is one gateway's alone. */
const ALONE_SECONDS = 60;
/** A provider that cannot plan is asked so often, a minute apart. */
const MOST_TRIES = 5;

/**
 * Files what schedules ask for when its time has come. First it is written down that the time has come, once for all
 * gateways; then it is filed, in one transaction with the note that it was. A gateway that dies in between leaves a time that
 * another one takes up.
 */
export class ScheduleClock {
  readonly due = ANY_DUE;
  readonly #filing: Filing;
  readonly #options: RequestsOptions;
  readonly #lanes: Lanes;

  constructor(filing: Filing, options: RequestsOptions, lanes: Lanes) {
    this.#filing = filing;
    this.#options = options;
    this.#lanes = lanes;
  }

  /** Notes all that is due, and begins to file it. */
  async ring(): Promise<void> {
    const { db } = this.#options;
    while ((await this.#noteDue(20)) === 20);
    for (const lane of await filingLanes(db))
      this.#lanes.start(lane, { take: () => takeFiling(db, lane, ALONE_SECONDS), work: (firing) => this.#file(firing) });
  }

  stop(): Promise<void> {
    return this.#lanes.stop();
  }

  /** Notes which times have come, and which were missed. How many schedules it looked at. */
  async #noteDue(limit: number): Promise<number> {
    return this.#options.db.transaction(async (tx) => {
      const rows = await lockDue(tx, limit);
      for (const row of rows) {
        if (row.nextAt === null) continue;
        const times = new Times(row);
        const { last, before, earlier } = times.due(row.nextAt, row.readAt);
        const late = row.readAt.getTime() - last.getTime() > LATE_MS;
        const fires = !late || row.missed === 'once';
        const missed = earlier + (fires ? 0 : 1);
        const lastMissed = fires ? before : last;
        if (missed > 0 && lastMissed !== null) {
          const data = { count: missed, since: row.nextAt.toISOString(), until: lastMissed.toISOString(), madeUpFor: fires };
          await addFiring(tx, {
            schedule: row.id,
            at: lastMissed,
            outcome: 'missed',
            count: missed,
            since: row.nextAt,
            message: missedText(fires),
          });
          await tellSchedule(
            tx,
            { row, outbox: this.#options.outbox },
            { type: 'schedule.missed', actor: null, outcome: 'failed', data },
          );
        }
        if (fires) await addFiring(tx, { schedule: row.id, at: last, outcome: 'filing' });
        await moveSchedule(tx, row.id, times.after(row.readAt));
      }
      return rows.length;
    });
  }

  async #file(firing: FiringRow): Promise<void> {
    const { db, directory } = this.#options;
    const row = await lockSchedule(db, firing.schedule);
    if (row === undefined) return;
    if (row.state !== 'active') return this.#end(row, firing, stopped(row));
    // A try that failed took its time; what is later than that was left by a gateway that died, or found after an outage.
    const mayTake = LATE_MS + firing.tries * 2 * ALONE_SECONDS * 1000;
    if (row.missed === 'skip' && row.readAt.getTime() - firing.at.getTime() > mayTake)
      return this.#end(row, firing, { outcome: 'missed', message: missedText(false) });
    const busy = await busyWith(db, row.id);
    if (busy !== undefined) return this.#end(row, firing, overlapped(busy));
    const owner = (await directory.members(db, [row.ownerId])).get(row.ownerId);
    if (owner === undefined)
      return this.#end(row, firing, {
        outcome: 'denied',
        message: `${row.ownerName}, whose schedule it is, is no longer in the company.`,
      });
    if (row.ownerIsFormer)
      return this.#end(row, firing, {
        outcome: 'denied',
        message: `${row.ownerName}, whose schedule it is, had another account when they made it.`,
      });
    try {
      await this.#filing.submit(asPrincipal(owner, row.scope), {
        ...callOf(row),
        within: async (tx, request) => {
          // Its plan took a while: somebody may have stopped it, or filed another one, meanwhile.
          const current = await lockSchedule(tx, row.id);
          if (current?.state !== 'active') throw new NotFiled(stopped(current ?? row));
          const other = await busyWith(tx, row.id);
          if (other !== undefined) throw new NotFiled(overlapped(other));
          if (!(await endFiring(tx, firing, { outcome: 'filed', request }))) throw new AlreadyEnded();
        },
      });
    } catch (error) {
      if (error instanceof AlreadyEnded) return;
      if (error instanceof NotFiled) return this.#end(row, firing, error.ended);
      if (!(error instanceof GuichetError) || error.code === 'database.unavailable') throw error;
      const { code, message } = error;
      if (code === 'policy.denied') return this.#end(row, firing, { outcome: 'denied', message });
      const mayPass = ERRORS[code].retryable || code.startsWith('provider.');
      // Taken up again when its minute is over. Counted here, not when it is taken: a take that meets a live one is no try.
      if (mayPass && firing.tries + 1 < MOST_TRIES) return countTry(db, firing);
      await this.#end(row, firing, { outcome: 'failed', message });
    }
  }

  /** It files nothing at this time, and that is told. A schedule that may not file any more is paused. */
  async #end(row: ScheduleRow, firing: FiringRow, ended: Ended): Promise<void> {
    const { outcome, message } = ended;
    await this.#options.db.transaction(async (tx) => {
      const current = await lockSchedule(tx, row.id);
      if (!(await endFiring(tx, firing, ended))) return;
      const type = `schedule.${outcome}` as const;
      const data = { at: firing.at.toISOString(), message, concerns: [row.ownerId, `team:${row.team}`] };
      await tellSchedule(
        tx,
        { row, outbox: this.#options.outbox },
        { type, actor: null, outcome: outcome === 'denied' ? 'denied' : 'failed', data },
      );
      if (outcome !== 'denied' || current?.state !== 'active') return;
      await changeSchedule(tx, row.id, { state: 'paused', pausedReason: message, nextAt: null });
      await tellSchedule(
        tx,
        { row, outbox: this.#options.outbox },
        { type: 'schedule.paused', actor: null, data: { comment: message } },
      );
    });
  }
}

interface Ended {
  readonly outcome: 'denied' | 'missed' | 'overlapped' | 'failed';
  readonly message: string;
}

const stopped = ({ state }: ScheduleRow): Ended => ({ outcome: 'missed', message: `The schedule was ${state} by then.` });
const overlapped = (busy: string): Ended => ({
  outcome: 'overlapped',
  message: `${busy}, which it had filed before, had not ended.`,
});

/** What it was is no longer to be filed. */
class NotFiled extends Error {
  readonly ended: Ended;

  constructor(ended: Ended) {
    super(ended.message);
    this.ended = ended;
  }
}

/** Another gateway has filed it. */
class AlreadyEnded extends Error {}

const missedText = (fires: boolean): string =>
  fires ? 'No gateway filed it in time; it is made up for once.' : 'No gateway filed it in time.';
