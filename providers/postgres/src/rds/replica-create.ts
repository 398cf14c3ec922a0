import { setTimeout as sleep } from 'node:timers/promises';
import type { CreateDBInstanceReadReplicaMessage, DBInstance } from '@aws-sdk/client-rds';
import { formatDuration } from '@guichet/contract';
import { type ObservationInput, PermanentFailure, RetryableFailure } from '@guichet/sdk';
import { InstanceError } from '../instance-error.ts';
import type { LostWork, ReplicaReceipt, ReplicaWork } from '../replica/maker.ts';
import type { RdsApi } from './rds-api.ts';
import { mayBeTaken } from './rds-errors.ts';
import { GUICHET_TAGS, replicaTags, tagOf } from './rds-tags.ts';
import type { SeenCreation } from './replica-plan.ts';
import { addressOf, outlookOf, receiptOf, replicationOf, STAGES } from './replica-state.ts';
import { watchInstance, wishToStop } from './watch-instance.ts';

/** The order itself, with all the tries of the SDK. In ms. */
const ORDER_MS = 120_000;
/** While nothing changes, how far it is is told so often. In ms. */
const TELL_MS = 30_000;
/** The gateway waits 5 s for a run that it cancels. */
const TAKE_BACK_MS = 4000;
/** RDS may not show what it has just taken. So many looks without it mean that it is gone. */
const LOOKS_WITHOUT = 6;
/** An available replica of which RDS reports no replication for so many looks is taken as it is. */
const LOOKS_UNREPORTED = 6;

export interface Creation {
  readonly api: RdsApi;
  readonly seen: SeenCreation;
  readonly pollSeconds: number;
  /** Names of the tags by which the inventory knows owner and environment. */
  readonly tags: { readonly owner: string; readonly environment: string };
}

/** Makes the replica and watches it until it can be used. A second run of the same plan goes on with what the first has made. */
export async function createReplica(creation: Creation, work: ReplicaWork): Promise<ReplicaReceipt> {
  const { api, seen, pollSeconds } = creation;
  const { log } = work;
  const stop = wishToStop(work.signal);
  stop.throwIfAborted();
  const begun = await api.describe(seen.name, AbortSignal.timeout(ORDER_MS));
  let ordered: Ordered = 'earlier';
  if (begun === undefined) ordered = await order(creation, work);
  else log(`Goes on with '${checkOurs(begun, seen, ordered).DBInstanceIdentifier}', which is ${begun.DBInstanceStatus}.`);
  const watched = { api, identifier: seen.name, pollSeconds, log, stop };
  try {
    const { replica, notes } = await watchInstance(watched, judgeOf(seen, work, ordered));
    return receiptOf(replica, { region: seen.region, source: seen.source, environment: seen.environment, notes });
  } catch (error) {
    if (stop.aborted) throw await takeBack(creation, work, 'The run was stopped');
    if (error instanceof NoReplica) throw await takeBack(creation, work, error.message);
    throw error;
  }
}

/** RDS has given up on it. */
class NoReplica extends Error {}

/** `now`: RDS has just taken the order of this run. `perhaps`: it has not answered, or there is something of that name already. */
type Ordered = 'earlier' | 'now' | 'perhaps';

async function order({ api, seen, tags }: Creation, { request, runId, caller, log }: ReplicaWork): Promise<Ordered> {
  const signal = AbortSignal.timeout(ORDER_MS);
  const source = await api.describe(seen.source, signal);
  if (source === undefined || (source.DbiResourceId ?? seen.source) !== seen.sourceId) {
    throw new PermanentFailure(`'${seen.source}' is not the instance any more that was seen when this was planned.`, {
      remedy: 'File the request again.',
    });
  }
  const wanted = orderOf(source, seen, {
    [tags.owner]: seen.owner,
    [tags.environment]: seen.environment,
    [GUICHET_TAGS.request]: request,
    [GUICHET_TAGS.run]: runId,
    [GUICHET_TAGS.requester]: caller.id,
    [GUICHET_TAGS.plan]: seen.plan,
  });
  try {
    // The SDK repeats an order whose answer was lost: what is there already may be ours, and whoever watches it looks.
    if ((await api.createReplica(wanted, signal)) === undefined) return 'perhaps';
    log(`RDS has taken the order for '${seen.name}'.`);
    return 'now';
  } catch (error) {
    if (!(error instanceof InstanceError) || !mayBeTaken(error)) throw error;
    log(`${error.message} Looking whether the order was taken all the same.`, 'warn');
    return 'perhaps';
  }
}

/** As its source wherever RDS would not do so by itself: a replica in another network or with public access is a leak. */
function orderOf(
  source: DBInstance,
  seen: SeenCreation,
  tags: Readonly<Record<string, string>>,
): CreateDBInstanceReadReplicaMessage {
  const groups = (source.VpcSecurityGroups ?? [])
    .filter(({ Status }) => Status === undefined || Status === 'active')
    .flatMap(({ VpcSecurityGroupId }) => VpcSecurityGroupId ?? []);
  const { MaxAllocatedStorage, IAMDatabaseAuthenticationEnabled, CopyTagsToSnapshot } = source;
  return {
    DBInstanceIdentifier: seen.name,
    SourceDBInstanceIdentifier: seen.source,
    DBInstanceClass: seen.instanceClass,
    PubliclyAccessible: source.PubliclyAccessible ?? false,
    ...(groups.length > 0 && { VpcSecurityGroupIds: groups }),
    ...(MaxAllocatedStorage !== undefined && { MaxAllocatedStorage }),
    ...(IAMDatabaseAuthenticationEnabled !== undefined && {
      EnableIAMDatabaseAuthentication: IAMDatabaseAuthenticationEnabled,
    }),
    ...(CopyTagsToSnapshot !== undefined && { CopyTagsToSnapshot }),
    Tags: replicaTags(source, tags),
  };
}

/** Refuses to go on with what another request, or somebody without Guichet, has made. */
function checkOurs(found: DBInstance, seen: SeenCreation, ordered: Ordered): DBInstance {
  const plan = tagOf(found, GUICHET_TAGS.plan);
  // Tags may show later than the instance does.
  if (plan === seen.plan || (plan === undefined && ordered === 'now')) return found;
  const request = tagOf(found, GUICHET_TAGS.request);
  const by = request === undefined ? 'not by Guichet' : `by Guichet for ${request}`;
  throw new PermanentFailure(`There is an instance '${seen.name}' already, made ${by}. Nothing was changed.`, {
    remedy: 'Take another --replica-suffix.',
  });
}

interface Made {
  readonly replica: DBInstance;
  readonly notes: string[];
}

/** Tells each step, and is content when the replica is available and replicates. */
function judgeOf(
  seen: SeenCreation,
  { log, progress }: ReplicaWork,
  ordered: Ordered,
): (found: DBInstance | undefined) => Made | undefined {
  const { name } = seen;
  const began = performance.now();
  let last = '';
  let without = 0;
  let unreported = 0;
  let usable = false;
  let told = 0;
  return (found) => {
    if (found === undefined) {
      without += 1;
      if (without < LOOKS_WITHOUT) return undefined;
      if (ordered === 'perhaps' && last === '') throw new RetryableFailure(`RDS has not taken the order for '${name}'.`);
      throw new PermanentFailure(`RDS does not know '${name}' any more: somebody has deleted it meanwhile.`, {
        remedy: 'File the request again if it is still wanted.',
      });
    }
    without = 0;
    checkOurs(found, seen, ordered);
    const status = found.DBInstanceStatus ?? 'unknown';
    const after = formatDuration((performance.now() - began) / 1000);
    if (status !== last) log(`'${name}' is ${status} (after ${after}).`);
    if (status !== last || performance.now() - told > TELL_MS) {
      const stage = STAGES.indexOf(status);
      const steps = stage < 0 ? {} : { done: stage + 1, total: STAGES.length + 1 };
      progress({ message: `${name} is ${status}, ${after} so far`, ...steps });
      told = performance.now();
    }
    last = status;
    const outlook = outlookOf(found);
    if (outlook === 'failed') throw new NoReplica(`RDS could not make '${name}': it is '${status}'`);
    if (outlook === 'stuck') throw stuck(name, status);
    const replication = replicationOf(found);
    if (replication.is === 'broken') throw broken(name, replication.why);
    if (replication.is === 'replicating' && !usable && addressOf(found) !== undefined) {
      usable = true;
      log(`Usable now: '${name}' replicates, at ${addressOf(found)}.`);
    }
    if (status !== 'available') return undefined;
    if (replication.is === 'replicating') {
      progress({ message: `${name} replicates`, done: STAGES.length + 1, total: STAGES.length + 1 });
      return { replica: found, notes: [] };
    }
    if (replication.is === 'not reported') unreported += 1;
    if (unreported < LOOKS_UNREPORTED) return undefined;
    return {
      replica: found,
      notes: ['RDS says that it is available, but does not report whether it replicates: look at its lag.'],
    };
  };
}

function stuck(name: string, status: string): PermanentFailure {
  return new PermanentFailure(`'${name}' is '${status}' before it has become available.`, {
    remedy:
      status === 'deleting'
        ? 'Somebody deletes it: file the request again if it is still wanted.'
        : 'Look at its events in the console of AWS. It is there, and costs, until it is deleted.',
  });
}

function broken(name: string, why: string): PermanentFailure {
  return new PermanentFailure(`'${name}' is there, but does not replicate (${why}).`, {
    remedy: `Look at its events in the console of AWS, or delete it: guichet postgres delete-read-replica --instance ${name}`,
  });
}

/** Deletes what was begun and will not be used, so that nothing is left that costs and that nobody knows. */
async function takeBack(creation: Creation, { log }: ReplicaWork, why: string): Promise<PermanentFailure> {
  const { name } = creation.seen;
  const by = deletedBy(creation.seen);
  try {
    if (await deleteBegun(creation)) {
      log(`${why}; RDS deletes '${name}', which was not ready.`, 'warn');
      return new PermanentFailure(`${why}; RDS was told to delete what was begun.`, {
        remedy: `The events of '${name}' in the console of AWS say more.`,
      });
    }
    log(`${why}, and RDS does not show '${name}' yet. Should it come, it costs until it is deleted: ${by}`, 'error');
    return new PermanentFailure(`${why}, before RDS has shown what was begun.`, {
      remedy: `Look whether '${name}' comes, and delete it then: ${by}`,
    });
  } catch (error) {
    if (!(error instanceof InstanceError)) throw error;
    log(
      `${why}, and '${name}' could not be deleted: ${error.message} It goes on being made, and costs. Delete it: ${by}`,
      'error',
    );
    return new PermanentFailure(`${why}, and what was begun could not be deleted: ${error.message}`, {
      remedy: `'${name}' is there, and costs, until it is deleted: ${by}`,
      cause: error.cause,
    });
  }
}

/** False when RDS does not show it within the time. Never by its name alone: only what carries the id of the plan is deleted. */
async function deleteBegun({ api, seen }: Creation): Promise<boolean> {
  const signal = AbortSignal.timeout(TAKE_BACK_MS);
  const began = performance.now();
  for (;;) {
    const found = await api.describe(seen.name, signal);
    if (found !== undefined && tagOf(found, GUICHET_TAGS.plan) === seen.plan) {
      if (found.DBInstanceStatus !== 'deleting') await api.deleteReplica(seen.name, signal);
      return true;
    }
    if (performance.now() - began > TAKE_BACK_MS / 2) return false;
    await sleep(TAKE_BACK_MS / 20);
  }
}

/** What a person runs who deletes it without us: one that was never ready is not in the inventory. */
function deletedBy({ region, name }: SeenCreation): string {
  return `aws rds delete-db-instance --region ${region} --db-instance-identifier ${name} --skip-final-snapshot`;
}

/** What became of a run whose end nobody saw. */
export async function observeCreation(
  { api, seen }: Pick<Creation, 'api' | 'seen'>,
  { signal }: LostWork,
): Promise<ObservationInput> {
  const found = await api.describe(seen.name, signal);
  // Somebody else's of that name means that ours was never made: the next try finds that out and refuses.
  if (found === undefined || tagOf(found, GUICHET_TAGS.plan) !== seen.plan) return { status: 'not_started' };
  const replication = replicationOf(found);
  const { DBInstanceStatus: status = 'unknown' } = found;
  if (status === 'available' && replication.is === 'replicating') {
    const { region, source, environment } = seen;
    return { status: 'succeeded', output: receiptOf(found, { region, source, environment }) };
  }
  if (outlookOf(found) === 'coming' && replication.is !== 'broken') return { status: 'running' };
  const why = replication.is === 'broken' ? `does not replicate (${replication.why})` : `is '${status}'`;
  return {
    status: 'failed',
    failure: {
      kind: 'permanent',
      message: `'${seen.name}' is there, but ${why}.`,
      remedy: `Look at its events in the console of AWS, and delete it when it is of no use: ${deletedBy(seen)}`,
    },
  };
}
