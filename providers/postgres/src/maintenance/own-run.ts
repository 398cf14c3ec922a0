import type { Instance } from '../instance.ts';
import { ownName } from '../login.ts';

/** Whether a session of the run is still at work: the server goes on with a statement whose client has died. Rejects with an InstanceError. */
export async function isRunAlive(instance: Instance, runId: string): Promise<boolean> {
  const rows = await instance.observer.query('select pid from pg_stat_activity where application_name = $1 and usename = $2', [
    ownName(runId),
    instance.admin.user,
  ]);
  return rows.length > 0;
}
