import { randomUUID } from 'node:crypto';
import type { DBInstance } from '@aws-sdk/client-rds';
import { refuse } from '@guichet/sdk';
import { z } from 'zod';
import { InstanceError } from '../instance-error.ts';
import type { ReplicaPlan, WantedReplica } from '../replica/maker.ts';
import { compareSizes } from './instance-class.ts';
import { costInWords } from './price-table.ts';
import type { RdsApi } from './rds-api.ts';
import { checkClass, checkName, checkQuotas, checkSource } from './rds-objections.ts';
import { sourceOf } from './rds-source.ts';

/** RDS takes 63, and no hyphens beside each other or at the end. */
const NAME = /^[a-zA-Z](?:-?[a-zA-Z0-9])*$/;
/** Chains are followed so far; AWS allows three levels. */
const MOST_LEVELS = 5;
/** A plan must answer while somebody waits. */
const PLAN_MS = 9000;

/** What a plan of a creation has seen. */
export const SeenCreation = z.object({
  account: z.string(),
  region: z.string(),
  source: z.string(),
  sourceId: z.string(),
  name: z.string(),
  instanceClass: z.string(),
  owner: z.string(),
  environment: z.string(),
  /** Written on what is made: it is this request's, also when another process goes on with it. */
  plan: z.string(),
});
export type SeenCreation = z.infer<typeof SeenCreation>;

/** Says what would be made and what it costs, or refuses. Rejects with an InstanceError when AWS cannot be asked. */
export async function planCreation(api: RdsApi, wanted: WantedReplica, prices: string): Promise<ReplicaPlan> {
  const { name, environment, caller } = wanted;
  const { rds, owner } = wanted.source.settings;
  if (rds === undefined) throw new Error('an instance of RDS has facts of RDS');
  const { account, region, identifier } = rds;
  if (!NAME.test(name)) {
    refuse(`'${name}' is no name that RDS takes: letters, digits and single hyphens, a letter first.`, {
      remedy: 'Take another --replica-suffix.',
    });
  }
  const signal = AbortSignal.any([wanted.signal, AbortSignal.timeout(PLAN_MS)]);
  const [found, existing, quotas] = await Promise.all([
    api.describe(identifier, signal),
    api.describe(name, signal),
    ifTold(api.quotas(signal)),
  ]);
  const source = found ?? refuse(`'${identifier}' is not in RDS of ${region} any more.`, { remedy: 'See postgres instances.' });
  checkSource(source, { level: await levelOf(source, api, signal), region });
  const begun = checkName(existing, { name, source: identifier, requester: caller.id });
  const storageGb = source.AllocatedStorage ?? 0;
  const storageType = source.StorageType ?? 'unknown';
  // What was begun is counted in already.
  if (quotas.known && begun === undefined) checkQuotas(quotas.value, { storageGb, region });
  const own = source.DBInstanceClass ?? '';
  const instanceClass = wanted.instanceType ?? own;
  const version = source.EngineVersion ?? '';
  const offered = await ifTold(
    api
      .offers({ engine: 'postgres', version, instanceClass }, signal)
      .then((offers) =>
        checkClass(offers, { instanceClass, version, region }, () => api.offers({ engine: 'postgres', version }, signal)),
      ),
  );
  const unchecked = [...(quotas.known ? [] : ['the quotas']), ...(offered.known && offered.value ? [] : ['the class'])];
  return {
    effects: [
      `RDS takes a snapshot of '${source.DBInstanceIdentifier}' and makes '${name}' of it in ${region}: ${instanceClass}, ${storageGb} GB of ${storageType}, one zone, PostgreSQL ${version}.`,
      'It follows its source a little behind, can only be read, and has the logins, network and parameters of its source.',
      'It takes from some minutes to hours, by the size of the data; it can be used as soon as RDS reports that it replicates.',
      await costInWords(prices, { region, instanceClass, storageType, storageGb }),
    ],
    warnings: [
      ...(begun === undefined ? [] : [begun]),
      ...(compareSizes(instanceClass, own) < 0
        ? [`${instanceClass} is smaller than ${own}, the class of its source: it may fall behind when much is written.`]
        : []),
      ...(source.MultiAZ === true ? [] : ['The source has no standby: taking the snapshot may hold its disk up for a moment.']),
      ...(unchecked.length === 0
        ? []
        : [`AWS did not answer everything, so ${unchecked.join(' and ')} could not be checked before.`]),
    ],
    seen: {
      account,
      region,
      source: identifier,
      sourceId: source.DbiResourceId ?? identifier,
      name,
      instanceClass,
      owner,
      environment,
      plan: randomUUID(),
    } satisfies SeenCreation,
    rests: { account, sourceId: source.DbiResourceId ?? identifier, instanceClass },
  };
}

/** 0 for a primary. A source in another region counts as one. */
async function levelOf(source: DBInstance, api: RdsApi, signal: AbortSignal): Promise<number> {
  let level = 0;
  for (let parent = sourceOf(source); parent !== undefined && level < MOST_LEVELS; level++) {
    if (parent.startsWith('arn:')) return level + 1;
    const next = await api.describe(parent, signal);
    parent = next && sourceOf(next);
  }
  return level;
}

/** A look that may be denied to the role, or unknown to a stand-in: the plan is poorer without, and says so. */
async function ifTold<Value>(look: Promise<Value>): Promise<{ known: true; value: Value } | { known: false }> {
  try {
    return { known: true, value: await look };
  } catch (error) {
    if (error instanceof InstanceError) return { known: false };
    throw error;
  }
}
