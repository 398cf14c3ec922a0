import { randomUUID } from 'node:crypto';
import { statfs } from 'node:fs/promises';
import { formatBytes } from '@guichet/contract';
import { canEnter, makeFolder } from '@guichet/postgres-server';
import { refuse } from '@guichet/sdk';
import { z } from 'zod';
import type { ReplicaPlan, WantedReplica } from '../replica/maker.ts';
import { freePort } from './make-replica.ts';
import { replicationSession, systemIdOf } from './replication-session.ts';
import { libraryFolders, takeSettings } from './server-settings.ts';
import { obstacle, type SourceFacts, sourceFacts } from './source-facts.ts';
import type { Workshop } from './workshop.ts';

/** What the plan of a replica has seen. */
export const SeenSource = z.strictObject({
  name: z.string(),
  source: z.string(),
  /** Marks what this request makes. */
  mark: z.string(),
  systemId: z.string(),
  version: z.int(),
  passwords: z.enum(['md5', 'scram-sha-256']),
});
export type SeenSource = z.infer<typeof SeenSource>;

/** Says what making the replica would do, or refuses what can be known to fail. */
export async function planCreate(workshop: Workshop, wanted: WantedReplica): Promise<ReplicaPlan> {
  const { source, name, instanceType, signal } = wanted;
  if (instanceType !== undefined) {
    refuse(`'${source.name}' is not on RDS, so its replica has no instance type.`, { remedy: 'Leave --instance-type out.' });
  }
  await refuseTaken(workshop, wanted);
  const facts = await sourceFacts(source);
  const no = obstacle(source.name, facts);
  if (no !== undefined) refuse(no.message, { remedy: no.remedy });
  const major = Math.floor(facts.version / 10_000);
  if (!workshop.hasBinaries(major)) {
    refuse(`There is no PostgreSQL ${major} on the machine of the replicas.`, {
      remedy: `Install it, and name its folder under replicas.binaries.${major} in the configuration of the provider.`,
    });
  }
  const free = await refuseFullDisk(workshop, source.name, facts);
  await freePort(workshop).catch((error: unknown) => refuse(error instanceof Error ? error.message : String(error), {}));
  const { notes } = await takeSettings(source.observer, libraryFolders(await workshop.binaries(major)));
  // Whether it lets us in for replication shows only by trying.
  const systemId = await replicationSession(source.settings, signal, systemIdOf);
  return {
    effects: [...effectsOf(workshop, { name, source: source.name, facts, free }), ...notes],
    warnings: warningsOf({ name, source: source.name, facts, free }),
    seen: {
      name,
      source: source.name,
      mark: randomUUID(),
      systemId,
      version: facts.version,
      passwords: facts.passwords,
    } satisfies SeenSource,
    rests: { systemId, version: facts.version },
  };
}

async function refuseTaken({ folder, estate }: Workshop, { name, environment }: WantedReplica): Promise<void> {
  const record = await folder.read(name);
  if (record?.state === 'deleting') {
    refuse(`The replica '${name}' is being deleted.`, { remedy: 'Try again when it is gone, or take another --replica-suffix.' });
  }
  if (record !== undefined) {
    refuse(`There is a replica '${name}' already${record.environment === environment ? '' : ` in '${record.environment}'`}.`, {
      remedy: 'Take another --replica-suffix, or use that one.',
    });
  }
  if ((await estate.of(environment)).some((instance) => instance.name === name)) {
    refuse(`There is an instance '${name}' already.`, { remedy: 'Take another --replica-suffix.' });
  }
}

/** Free bytes where the replica goes. */
async function refuseFullDisk(workshop: Workshop, source: string, { size }: SourceFacts): Promise<number> {
  const { settings, account } = workshop;
  const remedy = 'Look at replicas.folder in the configuration of the provider.';
  try {
    makeFolder(settings.folder);
  } catch (cause) {
    refuse(`The folder of the replicas, ${settings.folder}, cannot be made: ${cause instanceof Error ? cause.message : ''}`, {
      remedy,
    });
  }
  if (account !== undefined && !canEnter(settings.folder, account)) {
    refuse(`The account '${account.name}', which runs PostgreSQL, cannot enter ${settings.folder}.`, { remedy });
  }
  const { bavail, bsize } = await statfs(settings.folder);
  const free = bavail * bsize;
  if (size !== undefined && free < size) {
    refuse(`'${source}' has ${formatBytes(size)}, and ${formatBytes(free)} are free in ${settings.folder}.`, {
      remedy: `Make room there, or choose another replicas.folder in the configuration of the provider.`,
    });
  }
  return free;
}

interface Told {
  readonly name: string;
  readonly source: string;
  readonly facts: SourceFacts;
  readonly free: number;
}

function effectsOf({ settings }: Workshop, { source, facts, free }: Told): string[] {
  const { host, ports, allowFrom, maxRateMB, endWithProvider } = settings;
  const rate = maxRateMB === undefined ? 'as fast as it can be read' : `at most ${maxRateMB} MB a second`;
  return [
    `'${source}' (PostgreSQL ${Math.floor(facts.version / 10_000)}${facts.size === undefined ? '' : `, ${formatBytes(facts.size)}`}) is copied over the network, ${rate}; it stays in use meanwhile. ${formatBytes(free)} are free for the copy.`,
    `A replication slot on '${source}' keeps the WAL that the replica has not read yet.`,
    `The replica listens at ${host}, on a port from ${ports[0]} to ${ports[1]}, and takes the logins of '${source}' from ${allowFrom.join(', ')}.`,
    ...(endWithProvider ? ['Its server runs only while the provider does.'] : []),
  ];
}

/** A replica grows by what its source writes, so a disk that only just holds the copy is told. */
const COMFORTABLE = 1.25;

function warningsOf({ name, source, facts, free }: Told): string[] {
  const { slotLimitMB, synchronous, size } = facts;
  const warnings: string[] = [];
  if (slotLimitMB === undefined || slotLimitMB < 0) {
    warnings.push(
      `If the replica cannot follow for long, '${source}' keeps WAL for it without a limit${slotLimitMB === undefined ? '' : ' (max_slot_wal_keep_size is -1)'}: its disk may fill.`,
    );
  }
  if (/\*/.test(synchronous) || synchronous.includes(name)) {
    warnings.push(
      `'${source}' waits for replicas when it commits (synchronous_standby_names = ${synchronous}): it may come to wait for this one.`,
    );
  }
  if (size === undefined) {
    warnings.push(`How large '${source}' is could not be measured in time: see that its data fits.`);
  } else if (free < size * COMFORTABLE) {
    warnings.push(`Only ${formatBytes(free - size)} will be free beside the copy, which grows as '${source}' does.`);
  }
  return warnings;
}
