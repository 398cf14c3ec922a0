import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '@guichet/contract';
import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';
import type { ReplicaRecord } from './replica-record.ts';
import type { Voice } from './voice.ts';
import type { Workshop } from './workshop.ts';

/** How far a replica is, as its source sees it. */
export interface Following {
  readonly streaming: boolean;
  /** It has replayed what was there when its copy was whole. */
  readonly consistent: boolean;
  /** Bytes of WAL that it has not replayed yet. */
  readonly behind: number;
}

const FOLLOWING = `
select r.state = 'streaming' as streaming, coalesce(r.replay_lsn >= $2::pg_lsn, false) as consistent,
  coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn), 0)::float8 as behind
from pg_replication_slots s join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`;

/** Undefined while it does not follow at all. Rejects with an InstanceError. */
export async function followingOf(source: Instance, { slot, endLsn }: ReplicaRecord): Promise<Following | undefined> {
  const [row] = await source.observer.query<Following>(FOLLOWING, [slot, endLsn]);
  return row;
}

/** Whether it can be used: its server takes connections, and it follows its source from a consistent state on. */
export async function isUsable({ servers }: Workshop, source: Instance, record: ReplicaRecord): Promise<boolean> {
  if (servers.running(record)?.ready !== true) return false;
  const following = await followingOf(source, record);
  return following?.streaming === true && following.consistent;
}

/** Said again so often while nothing moves, in ms. */
const TELL_MS = 15_000;

/** Waits until the replica can be used, which may take long where much was written during the copy. */
export async function untilUsable(workshop: Workshop, source: Instance, record: ReplicaRecord, voice: Voice): Promise<void> {
  const { servers } = workshop;
  let told = performance.now();
  for (let pause = 50; !(await isUsableYet()); pause = Math.min(pause * 1.5, 1000)) {
    if (servers.running(record) === undefined) throw servers.failure(record.name, servers.complaint(record) ?? '');
    if (performance.now() - told > TELL_MS) {
      told = performance.now();
      const complaint = servers.complaint(record);
      if (complaint !== undefined) voice.log(`Its server says: ${complaint}`, 'warn');
    }
    await sleep(pause, undefined, { signal: voice.signal });
  }

  async function isUsableYet(): Promise<boolean> {
    try {
      const following = await followingOf(source, record);
      const state =
        following === undefined ? 'it does not follow yet' : `${formatBytes(following.behind)} of WAL are still to be replayed`;
      voice.progress({ message: `Catching up: ${state}` });
      return following?.streaming === true && following.consistent && servers.running(record)?.ready === true;
    } catch (error) {
      // A source that is away for a moment is waited for: the copy is whole, and the slot keeps what comes next.
      if (error instanceof InstanceError && error.passing) return false;
      throw error;
    }
  }
}
