import type { Transaction } from '../db/index.ts';
import type { Transition } from './life.ts';
import { reminderDue } from './review.ts';
import type { RequestRow } from './row.ts';
import { applyChanges } from './store.ts';
import { type Announcers, tellUndone } from './undo.ts';

/**
 * Writes a transition of a locked row: state, events, audit rows, deliveries and timers; after the commit everybody is
 * told. False when the transition was refused, or the row is no longer the one that was read.
 */
export async function writeTransition(
  tx: Transaction,
  { row, next }: { row: RequestRow; next: Transition },
  { outbox, bus }: Announcers,
): Promise<boolean> {
  if (!next.ok) return false;
  const { changes, told } = next;
  if (!(await applyChanges(tx, { row, changes, told }))) return false;
  await outbox.enqueue(tx, { request: row, told });
  await tellUndone(tx, { row, next }, { outbox, bus });
  const reminder = reminderDue({ ...row, ...changes });
  const isNew = changes.review !== undefined || changes.reviewRemindedAt !== undefined;
  if (isNew && reminder !== null) await outbox.remindLater(tx, { number: row.number, at: reminder });
  tx.afterCommit(() => {
    bus.publish(`request:${row.number}`);
    if (changes.cancelRequestedAt !== undefined) bus.publish(`cancel:${row.number}`);
    // What is settled holds up nobody any more.
    const settled = row.state === 'unknown' && changes.state !== 'unknown';
    if (changes.state === 'queued' || settled) bus.publish('queue');
  });
  return true;
}
