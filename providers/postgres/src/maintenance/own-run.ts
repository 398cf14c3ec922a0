import type { Instance } from '../instance.ts';
import { ownName } from '../login.ts';

const AT_WORK = `
select from pg_stat_activity where application_name = $1 and usename = $2
  and (state is distinct from 'idle' or state_change > clock_timestamp() - interval '2 s')`;

/**
 * Whether a session of the run is still at work: the server goes on with a statement whose client has died, and may learn only
 * after hours that there is nobody to answer. One that has been idle for longer than lies between two statements of a run is
 * such a one. Rejects with an InstanceError.
 */
export async function isRunAlive(instance: Instance, runId: string): Promise<boolean> {
  const rows = await instance.observer.query(AT_WORK, [ownName(runId), instance.admin.user]);
  return rows.length > 0;
}
