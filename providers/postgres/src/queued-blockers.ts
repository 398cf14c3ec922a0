import type { Instance } from './estate.ts';
import { conflict } from './lock-modes.ts';
import { byLock, type LockEntry, readLockTable } from './lock-table.ts';

/** What is known of a process before it is known whom it waits on. */
interface Process {
  readonly pid: number;
  readonly leaderPid: number | null;
  readonly waitEventType: string | null;
  readonly queryStart: string | null;
  /** As the server says; null where it was not asked. */
  readonly blockedBy: readonly number[] | null;
}

/** So many are named for one that waits: the others do not change who has to end first. */
const MOST_NAMED = 3;

/**
 * Whom those wait on for whom the server was not asked, from one look at its lock table: on who holds the lock in a mode
 * that conflicts; where nobody does, on the first in the queue who wants such a mode. It is less exact than what the server
 * says only in that it names one of those who stand before in the queue, not each. Rejects with an InstanceError.
 */
export async function blockersOfQueued(
  instance: Instance,
  processes: readonly Process[],
): Promise<ReadonlyMap<number, readonly number[]>> {
  const unasked = new Set(
    processes.flatMap(({ pid, waitEventType, blockedBy }) => (waitEventType === 'Lock' && blockedBy === null ? [pid] : [])),
  );
  const found = new Map<number, readonly number[]>();
  if (unasked.size === 0) return found;
  const byPid = new Map(processes.map((process) => [process.pid, process]));
  const since = ({ pid }: LockEntry): string => (pid === null ? '' : (byPid.get(pid)?.queryStart ?? ''));
  for (const queue of byLock(await readLockTable(instance)).values()) {
    const held = queue.filter(({ granted }) => granted);
    const wanted = queue.filter(({ granted }) => !granted).sort((a, b) => since(a).localeCompare(since(b)));
    for (const [place, waiter] of wanted.entries()) {
      if (waiter.pid === null || !unasked.has(waiter.pid)) continue;
      const holders = conflicting(waiter, { among: held, upTo: held.length, most: MOST_NAMED });
      const blockers = holders.length > 0 ? holders : conflicting(waiter, { among: wanted, upTo: place, most: 1 });
      // A worker of a parallel query waits and holds for its session.
      found.set(waiter.pid, [...new Set(blockers.map(({ pid }) => (pid === null ? 0 : (byPid.get(pid)?.leaderPid ?? pid))))]);
    }
  }
  return found;
}

/** The first so many of those before a place whose modes conflict with what the waiter wants. */
function conflicting(
  waiter: LockEntry,
  { among, upTo, most }: { among: readonly LockEntry[]; upTo: number; most: number },
): LockEntry[] {
  const found: LockEntry[] = [];
  for (let place = 0; place < upTo && found.length < most; place++) {
    const entry = among[place];
    if (entry !== undefined && entry.pid !== waiter.pid && conflict(entry.mode, waiter.mode)) found.push(entry);
  }
  return found;
}
