import type { InstanceSettings } from '../config.ts';
import { InstanceError } from '../instance-error.ts';
import type { ReplicaRecord } from './replica-record.ts';
import { dropSlot, replicationSession, systemIdOf } from './replication-session.ts';
import type { Workshop } from './workshop.ts';

/**
 * Takes everything of a replica away, from whatever state: first what is told, then the server, then the slot, then the
 * folder. Broken off at any step it is begun again with the same outcome. Who calls it holds the lock.
 * Rejects with an InstanceError when the source cannot be asked to drop the slot: then the record stays, as `deleting`.
 */
export async function takeAway(
  workshop: Workshop,
  record: ReplicaRecord,
  { signal, log }: { readonly signal: AbortSignal; readonly log: (message: string) => void },
): Promise<void> {
  const { folder, servers } = workshop;
  if (record.state !== 'deleting') await folder.write({ ...record, state: 'deleting' });
  await servers.stop(record);
  log('Its server is stopped.');
  const source = await sourceOf(workshop, record);
  if (source === undefined) {
    throw new InstanceError(`The source '${record.source}' of the replica '${record.name}' is not in the inventory.`, {
      remedy: `Its slot '${record.slot}' would be left behind. Bring the source back into the configuration; or drop the slot there yourself and remove ${folder.pathsOf(record.name).home}.`,
      passing: false,
    });
  }
  await replicationSession(source, signal, async (client) => {
    // A cluster that was made anew under the same name never had the slot.
    if ((await systemIdOf(client)) === record.systemId) await dropSlot(client, record.slot);
  });
  log(`The replication slot on '${record.source}' is dropped.`);
  await folder.remove(record.name);
  log('Its folder is removed.');
}

/** The settings of the instance that a replica was made of; undefined when the inventory has it no longer. */
export async function sourceOf({ estate }: Workshop, record: ReplicaRecord): Promise<InstanceSettings | undefined> {
  const here = await estate.of(record.environment);
  return here.find(({ name }) => name === record.source)?.settings;
}
