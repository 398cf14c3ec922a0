import type { DBInstance } from '@aws-sdk/client-rds';
import { formatDuration } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, refuse } from '@guichet/sdk';
import { z } from 'zod';
import type { Instance } from '../estate.ts';
import type { LostWork, ReplicaPlan, ReplicaReceipt, ReplicaWork, UnwantedReplica } from '../replica/maker.ts';
import { ReplicaSuffix } from '../replica/replica-suffix.ts';
import { counted } from '../words.ts';
import type { RdsApi } from './rds-api.ts';
import { sourceOf } from './rds-source.ts';
import { GUICHET_TAGS, tagOf } from './rds-tags.ts';
import { watchInstance, wishToStop } from './watch-instance.ts';

const PLAN_MS = 9000;
const ORDER_MS = 120_000;

/** What a plan of a deletion has seen. The id is that of the very instance: one that gets its name later is another. */
export const SeenDeletion = z.object({
  account: z.string(),
  region: z.string(),
  name: z.string(),
  resourceId: z.string(),
  source: z.string(),
});
export type SeenDeletion = z.infer<typeof SeenDeletion>;

/** Says what would be deleted, or refuses. Rejects with an InstanceError when AWS cannot be asked. */
export async function planDeletion(api: RdsApi, { replica, signal }: UnwantedReplica): Promise<ReplicaPlan> {
  const { rds } = replica.settings;
  if (rds === undefined) throw new Error('an instance of RDS has facts of RDS');
  const { account, region, identifier } = rds;
  const [found, sessions] = await Promise.all([
    api.describe(identifier, AbortSignal.any([signal, AbortSignal.timeout(PLAN_MS)])),
    sessionsOn(replica),
  ]);
  const instance =
    found ?? refuse(`'${identifier}' is not in RDS of ${region} any more.`, { remedy: 'There is nothing to delete.' });
  const source = checkDeletable(instance, region);
  const request = tagOf(instance, GUICHET_TAGS.request);
  const resourceId = instance.DbiResourceId ?? identifier;
  return {
    effects: [
      `RDS deletes '${identifier}' (${instance.DBInstanceClass}, ${instance.AllocatedStorage ?? 0} GB) in ${region} for good, without a snapshot.`,
      `'${source}', which it replicates, stays as it is.`,
    ],
    warnings: [
      ...(sessions === undefined || sessions === 0
        ? []
        : [
            `${counted(sessions, 'session')} of clients ${sessions === 1 ? 'is' : 'are'} connected to it now, and will be cut off.`,
          ]),
      ...(request === undefined ? ['It was not made by Guichet: make sure that nobody counts on it.'] : []),
    ],
    seen: { account, region, name: identifier, resourceId, source } satisfies SeenDeletion,
    rests: { account, resourceId },
    again: againOf(identifier, source, instance.DBInstanceClass),
  };
}

/** Only what has the name that the action would give it can be made again. */
function againOf(name: string, source: string, instanceType: string | undefined): ReplicaPlan['again'] {
  if (!name.startsWith(`${source}-`)) return undefined;
  const replicaSuffix = name.slice(source.length + 1);
  return ReplicaSuffix.safeParse(replicaSuffix).success ? { sourceInstance: source, replicaSuffix, instanceType } : undefined;
}

/** The identifier of its source; refuses what is no replica, and what RDS would not delete. */
function checkDeletable(instance: DBInstance, region: string): string {
  const { DBInstanceIdentifier: name = '', DBInstanceStatus: status, ReadReplicaDBInstanceIdentifiers: replicas = [] } = instance;
  const source = sourceOf(instance);
  if (source === undefined) {
    return refuse(`'${name}' is no replica: it holds data that are nowhere else, and this action deletes replicas only.`, {
      remedy: 'A replica that was promoted is no replica any more. Ask the team that owns it.',
    });
  }
  if (status === 'deleting') return refuse(`'${name}' is being deleted already.`, { remedy: 'There is nothing to do.' });
  if (instance.DeletionProtection === true) {
    return refuse(`'${name}' is protected from deletion.`, {
      remedy: `Its owner can lift that: aws rds modify-db-instance --region ${region} --db-instance-identifier ${name} --no-deletion-protection --apply-immediately`,
    });
  }
  if (replicas.length > 0) {
    return refuse(`'${name}' has replicas of its own: ${replicas.join(', ')}.`, { remedy: 'Delete these first.' });
  }
  return source;
}

/** Who is connected, without our own; undefined when it cannot be asked, which is no reason not to delete it. */
async function sessionsOn({ observer }: Instance): Promise<number | undefined> {
  try {
    const [row] = await observer.query<{ sessions: number }>(
      "select count(*)::int as sessions from pg_stat_activity where backend_type = 'client backend' and usename not in ('rdsadmin', current_user) and application_name <> 'guichet'",
    );
    return row?.sessions;
  } catch {
    return undefined;
  }
}

export interface Deletion {
  readonly api: RdsApi;
  readonly seen: SeenDeletion;
  readonly pollSeconds: number;
}

/** Deletes the replica that was seen, and no other, and waits until it is gone. */
export async function deleteReplica({ api, seen, pollSeconds }: Deletion, work: ReplicaWork): Promise<ReplicaReceipt> {
  const { log, progress } = work;
  const { name } = seen;
  const stop = wishToStop(work.signal);
  stop.throwIfAborted();
  const began = performance.now();
  const signal = AbortSignal.timeout(ORDER_MS);
  const found = await api.describe(name, signal);
  if (isGone(found, seen)) {
    log(`'${name}' is gone already.`);
    return receiptOf(seen, 'had gone');
  }
  if (sourceOf(found) === undefined) {
    throw new PermanentFailure(`'${name}' was promoted since this was planned: it is no replica any more. Nothing was deleted.`, {
      remedy: 'Ask the team that owns it.',
    });
  }
  if (found.DBInstanceStatus !== 'deleting') {
    await api.deleteReplica(name, signal);
    log(`RDS has taken the order to delete '${name}'.`);
  }
  // From here on nobody can take it back: a run that is stopped only stops watching.
  await watchInstance({ api, identifier: name, pollSeconds, log, stop }, (left) => {
    if (isGone(left, seen)) return true;
    progress({ message: `${name} is ${left.DBInstanceStatus}, ${formatDuration((performance.now() - began) / 1000)} so far` });
    return undefined;
  });
  log(`'${name}' is gone.`);
  return receiptOf(seen, 'deleted', (performance.now() - began) / 1000);
}

function isGone(found: DBInstance | undefined, { name, resourceId }: SeenDeletion): found is undefined {
  return found === undefined || (found.DbiResourceId ?? name) !== resourceId;
}

/** What became of a run whose end nobody saw. */
export async function observeDeletion(
  { api, seen }: Pick<Deletion, 'api' | 'seen'>,
  { signal }: LostWork,
): Promise<ObservationInput> {
  const found = await api.describe(seen.name, signal);
  if (isGone(found, seen)) return { status: 'succeeded', output: receiptOf(seen, 'deleted') };
  return { status: found.DBInstanceStatus === 'deleting' ? 'running' : 'not_started' };
}

function receiptOf({ name, source, region }: SeenDeletion, outcome: 'deleted' | 'had gone', seconds?: number): ReplicaReceipt {
  return {
    kind: 'record',
    summary: outcome === 'deleted' ? `'${name}' is deleted` : `'${name}' had gone already; nothing was deleted`,
    fields: [
      { key: 'outcome', title: 'Outcome', type: 'state', value: outcome },
      { key: 'instance', title: 'Instance', type: 'code', value: name },
      { key: 'source', title: 'Was a replica of', type: 'code', value: source },
      { key: 'region', title: 'Region', value: region },
      ...(seconds === undefined
        ? []
        : [{ key: 'duration', title: 'Took', type: 'duration' as const, value: Math.round(seconds * 1000) / 1000 }]),
    ],
  };
}
