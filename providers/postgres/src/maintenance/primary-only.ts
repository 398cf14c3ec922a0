import { refuse } from '@guichet/sdk';
import type { Instance } from '../instance.ts';

/** Refuses a replica: what is changed is changed on its primary, and comes to it from there. Rejects with an InstanceError. */
export async function primaryOnly(instance: Instance): Promise<void> {
  const [now] = await instance.observer.query<{ replica: boolean }>('select pg_is_in_recovery() as replica');
  if (now?.replica !== true) return;
  refuse(`'${instance.name}' is a replica: nothing can be changed on it.`, {
    remedy: 'Do it on its primary; it comes to the replica from there.',
  });
}
