import { setTimeout as sleep } from 'node:timers/promises';
import { formatBytes } from '@guichet/contract';
import { PermanentFailure } from '@guichet/sdk';
import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';
import type { ReplicaRecord } from './replica-record.ts';
import type { Voice } from './voice.ts';
import type { Workshop } from './workshop.ts';

/** How far a replica is, as its source sees it. */
export interface Following {
  /** The source has let go of WAL that the replica needs: it can never follow. */
  readonly lost: boolean;
  readonly streaming: boolean;
  /** It has replayed what was there when its copy was whole. */
  readonly consistent: boolean;
  /** Bytes of WAL that it has not replayed yet; null while it does not follow. */
  readonly behind: number | null;
}

/** The column wal_status is there since PostgreSQL 13. */
const FOLLOWING = `
select coalesce(to_jsonb(s) ->> 'wal_status' = 'lost', false) as lost, coalesce(r.state = 'streaming', false) as streaming,
  coalesce(r.replay_lsn >= $2::pg_lsn, false) as consistent, pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn)::float8 as behind
from pg_replication_slots s left join pg_stat_replication r on r.pid = s.active_pid where s.slot_name = $1`;

/** Rejects with an InstanceError. */
export async function followingOf(source: Instance, { slot, endLsn }: ReplicaRecord): Promise<Following> {
  const [row] = await source.observer.query<Following>(FOLLOWING, [slot, endLsn]);
  return row ?? { lost: true, streaming: false, consistent: false, behind: null }; // somebody has dropped the slot
}

/**
 * Goes on with a replica whose copy is whole. Gives its record when it can be used, undefined while it cannot yet: its server
 * takes connections, and it follows its source from a consistent state on. Rejects with a PermanentFailure when it never will.
 */
export async function finished(
  { servers, folder }: Workshop,
  source: Instance,
  record: ReplicaRecord,
): Promise<ReplicaRecord | undefined> {
  const server = await servers.start(record);
  const { lost, streaming, consistent } = await followingOf(source, record);
  if (lost) throw tooLittleKept(record);
  if (!server.ready || !streaming || !consistent) return undefined;
  const ready: ReplicaRecord = { ...record, state: 'ready' };
  await folder.write(ready);
  return ready;
}

/** Said again so often while nothing moves, in ms. */
const TELL_MS = 15_000;

/** Waits until the replica can be used, which may take long where much was written during the copy. */
export async function untilUsable(workshop: Workshop, source: Instance, record: ReplicaRecord, voice: Voice): Promise<void> {
  const { servers } = workshop;
  let told = performance.now();
  let said = '';
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
      const { lost, streaming, consistent, behind } = await followingOf(source, record);
      if (lost) throw tooLittleKept(record);
      const state = behind === null ? 'it does not follow yet' : `${formatBytes(behind)} of WAL are still to be replayed`;
      if (state !== said) voice.progress({ message: `Catching up: ${state}` });
      said = state;
      return streaming && consistent && servers.running(record)?.ready === true;
    } catch (error) {
      // A source that is away for a moment is waited for: the copy is whole, and the slot keeps what comes next.
      if (error instanceof InstanceError && error.passing) return false;
      throw error;
    }
  }
}

function tooLittleKept({ source }: ReplicaRecord): PermanentFailure {
  return new PermanentFailure(`'${source}' does not keep the WAL any more that was written during the copy.`, {
    remedy: `Run ALTER SYSTEM SET max_slot_wal_keep_size to more than is written there during a copy, or -1; SELECT pg_reload_conf(); and file the request again.`,
  });
}
