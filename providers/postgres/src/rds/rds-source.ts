import type { DBInstance } from '@aws-sdk/client-rds';
import { Slug } from '@guichet/contract';
import type { InstanceSettings } from '../config.ts';
import { InstanceError } from '../instance-error.ts';
import { type RdsSettings, rdsLabel } from '../inventory/config.ts';
import { type InstanceSource, type Listing, SourceError } from '../inventory/source.ts';
import type { RdsApi } from './rds-api.ts';
import { tagOf } from './rds-tags.ts';

const MOST_NAMED = 6;

/** The instances of RDS in one region. Their tags say who owns them, and in which environment they are. */
export function rdsSource(settings: RdsSettings, api: RdsApi): InstanceSource {
  return {
    label: rdsLabel(settings),
    refreshSeconds: settings.refreshSeconds,
    async list(signal) {
      try {
        return listingOf(await api.describeAll(signal), settings);
      } catch (error) {
        if (!(error instanceof InstanceError)) throw error;
        throw new SourceError(error.message, { remedy: error.remedy, cause: error.cause });
      }
    },
  };
}

/** What was left out, by why. */
class LeftOut {
  readonly #names = new Map<string, string[]>();

  add(why: string, name: string): void {
    this.#names.set(why, [...(this.#names.get(why) ?? []), name]);
  }

  notes(): string[] {
    return [...this.#names].map(([why, names]) => {
      const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
      return `${names.slice(0, MOST_NAMED).join(', ')}${more} ${names.length === 1 ? 'is' : 'are'} left out: ${why}.`;
    });
  }
}

export function listingOf(found: readonly DBInstance[], settings: RdsSettings): Listing {
  const { tags } = settings;
  const byName = new Map(found.map((instance) => [instance.DBInstanceIdentifier ?? '', instance]));
  const leftOut = new LeftOut();
  const instances: InstanceSettings[] = [];
  for (const [name, instance] of byName) {
    const override = settings.overrides[name];
    if (override?.ignore === true) continue;
    const lineage = lineageOf(instance, byName);
    const tagged = (key: string): string | undefined =>
      lineage.map((ancestor) => tagOf(ancestor, key)).find((value) => value !== undefined);
    const environment = override?.environment ?? tagged(tags.environment) ?? settings.environment;
    const owner = override?.owner ?? tagged(tags.owner) ?? settings.owner;
    const { Endpoint: { Address: host, Port: port } = {}, DBInstanceStatus: status = 'unknown' } = instance;
    if (environment === undefined) leftOut.add(`no tag '${tags.environment}' says the environment`, name);
    else if (owner === undefined) leftOut.add(`no tag '${tags.owner}' says the owning team`, name);
    else if (!Slug.safeParse(environment).success) leftOut.add(`the tag '${tags.environment}' names no environment`, name);
    else if (!Slug.safeParse(owner).success) leftOut.add(`the tag '${tags.owner}' names no team`, name);
    else if (host === undefined) leftOut.add(`it has no address yet (${status})`, name);
    else {
      // Roles are replicated, so a replica has the logins of the instance at the head of its chain.
      const head = lineage.at(-1)?.DBInstanceIdentifier ?? name;
      instances.push({
        name,
        kind: 'rds',
        source: rdsLabel(settings),
        environment,
        owner,
        host,
        port: port ?? 5432,
        databases: override?.databases ?? settings.databases,
        tls: settings.tls,
        poolers: settings.poolers,
        ...settings.loginsOf(name, head),
        rds: {
          account: rdsLabel(settings),
          region: settings.region,
          identifier: name,
          resourceId: instance.DbiResourceId ?? name,
          instanceClass: instance.DBInstanceClass ?? 'unknown',
          status,
          replicaOf: sourceOf(instance),
        },
      });
    }
  }
  return { instances, notes: leftOut.notes() };
}

/** What an instance replicates; undefined for a primary. */
export function sourceOf(instance: DBInstance): string | undefined {
  return instance.ReadReplicaSourceDBInstanceIdentifier ?? instance.ReadReplicaSourceDBClusterIdentifier;
}

/** The instance, its source, the source of that ..., as far as they are in this region. */
export function lineageOf(instance: DBInstance, byName: ReadonlyMap<string, DBInstance>): DBInstance[] {
  const lineage: DBInstance[] = [];
  for (let next: DBInstance | undefined = instance; next !== undefined && !lineage.includes(next); ) {
    lineage.push(next);
    next = byName.get(sourceOf(next) ?? '');
  }
  return lineage;
}
