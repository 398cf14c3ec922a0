import type { Transaction } from '../db/index.ts';
import type { Outbox } from '../requests/index.ts';
import { tellSchedule } from './schedules.ts';
import { addFiring, lockSkipping, moveSchedule, pauseWhatMayHaveFiled, type ScheduleRow } from './store.ts';
import { Times } from './times.ts';

const COMMENT = 'The database was restored to an earlier time: what it should file may have been filed since.';

/**
 * The database is back at an earlier time: no time up to now files anything any more. Those who make up for what they have
 * missed are paused, and given; the others go on with the next time to come.
 */
export async function endWhatMayHaveFiled(tx: Transaction, outbox: Outbox): Promise<ScheduleRow[]> {
  const paused = await pauseWhatMayHaveFiled(tx, COMMENT);
  for (const row of paused)
    await tellSchedule(tx, { row, outbox }, { type: 'schedule.paused', actor: null, data: { comment: COMMENT } });
  for (const row of await lockSkipping(tx)) await miss(tx, row, outbox);
  return paused;
}

/** Also a time of a moment ago, which would not be late yet. */
async function miss(tx: Transaction, row: ScheduleRow, outbox: Outbox): Promise<void> {
  if (row.nextAt === null) return;
  const times = new Times(row);
  const { last, earlier } = times.due(row.nextAt, row.readAt);
  const [count, since] = [earlier + 1, row.nextAt];
  await addFiring(tx, { schedule: row.id, at: last, outcome: 'missed', count, since, message: COMMENT });
  const data = { count, since: since.toISOString(), until: last.toISOString(), madeUpFor: false, message: COMMENT };
  await tellSchedule(tx, { row, outbox }, { type: 'schedule.missed', actor: null, outcome: 'failed', data });
  await moveSchedule(tx, row.id, times.after(row.readAt));
}
