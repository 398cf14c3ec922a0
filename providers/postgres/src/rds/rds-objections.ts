import type { AccountQuota, DBInstance, OrderableDBInstanceOption } from '@aws-sdk/client-rds';
import { refuse } from '@guichet/sdk';
import { nearest } from '../nearest.ts';
import { compareClasses } from './instance-class.ts';
import { sourceOf } from './rds-source.ts';
import { GUICHET_TAGS, tagOf } from './rds-tags.ts';

/** What AWS lets one instance have. */
const MOST_REPLICAS = 15;
/** Of a chain: a primary has replicas of level 1, these of level 2 ... */
const MOST_LEVELS = 3;
/** From this version on a replica may have replicas. */
const CASCADES_FROM = [14, 1] as const;
/** In these a source is as good as available. */
const AVAILABLE = ['available', 'storage-optimization'];
/** These pass by themselves. */
const BUSY =
  /^(?:backing-up|configuring-.*|creating|maintenance|modifying|moving-to-vpc|rebooting|renaming|resetting-master-credentials|starting|storage-.*|upgrading|converting-.*)$/;
const MOST_NAMED = 12;

/** Refuses a source that RDS would not replicate. `level` is that of the source in its chain; 0 for a primary. */
export function checkSource(source: DBInstance, { level, region }: { level: number; region: string }): void {
  const { DBInstanceIdentifier: name = '', Engine: engine = '', EngineVersion: version = '' } = source;
  if (engine.startsWith('aurora')) {
    refuse(`'${name}' is of Aurora, whose readers share its storage: it has no read replicas of this kind.`, {
      remedy: 'Add a reader to its cluster, in the console of AWS.',
    });
  }
  if (engine !== 'postgres')
    refuse(`'${name}' is of the engine '${engine}', not of PostgreSQL.`, { remedy: 'See postgres instances.' });
  if (source.DBClusterIdentifier !== undefined) {
    refuse(`'${name}' is part of the Multi-AZ cluster '${source.DBClusterIdentifier}', which is replicated as a whole.`, {
      remedy: 'Its reader instances can be read already.',
    });
  }
  const { DBInstanceStatus: status = 'unknown' } = source;
  if (!AVAILABLE.includes(status)) {
    refuse(`'${name}' is '${status}': RDS replicates only what is 'available'.`, {
      remedy: BUSY.test(status)
        ? 'That passes by itself: try again in some minutes.'
        : 'Ask the team that owns it to bring it back first.',
    });
  }
  if ((source.BackupRetentionPeriod ?? 0) === 0) {
    refuse(`'${name}' keeps no automated backups (its retention is 0 days), and RDS makes a replica from one.`, {
      remedy: `Its owner can switch them on (this may interrupt it for a moment): aws rds modify-db-instance --region ${region} --db-instance-identifier ${name} --backup-retention-period 7 --apply-immediately`,
    });
  }
  if (level > 0 && !isAtLeast(version, CASCADES_FROM)) {
    refuse(`'${name}' is a replica itself, and PostgreSQL ${version} on RDS has no replicas of replicas.`, {
      remedy: `Replicate '${sourceOf(source)}' instead; from ${CASCADES_FROM.join('.')} on this works too.`,
    });
  }
  if (level >= MOST_LEVELS) {
    refuse(`'${name}' is a replica of level ${level}, and RDS makes chains of ${MOST_LEVELS} levels at most.`, {
      remedy: 'Replicate an instance that is nearer to the primary.',
    });
  }
  const replicas = source.ReadReplicaDBInstanceIdentifiers ?? [];
  if (replicas.length >= MOST_REPLICAS) {
    refuse(`'${name}' has ${replicas.length} replicas, as many as RDS allows.`, {
      remedy: `Delete one that is not needed: ${replicas.slice(0, MOST_NAMED).join(', ')} ...`,
    });
  }
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [ours = 0, oursMinor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  return ours > major || (ours === major && oursMinor >= minor);
}

/** Refuses a name that is taken. What the same person's unfinished request has begun is told instead: it may be this one. */
export function checkName(
  existing: DBInstance | undefined,
  { name, source, requester }: { name: string; source: string; requester: string },
): string | undefined {
  if (existing === undefined) return undefined;
  const request = tagOf(existing, GUICHET_TAGS.request);
  const status = existing.DBInstanceStatus ?? 'unknown';
  const mine = sourceOf(existing) === source && tagOf(existing, GUICHET_TAGS.requester) === requester;
  if (mine && request !== undefined && status !== 'available' && status !== 'deleting') {
    return `'${name}' is being made for ${request} (${status}): a request of another number will be refused when it runs.`;
  }
  return refuse(
    `There is an instance '${name}' already (${status}${request === undefined ? '' : `, made by Guichet for ${request}`}).`,
    {
      remedy:
        status === 'deleting'
          ? 'It is being deleted: try again when it is gone, or take another --replica-suffix.'
          : 'Use that one, or take another --replica-suffix.',
    },
  );
}

/** Refuses what the account's quotas forbid. */
export function checkQuotas(quotas: readonly AccountQuota[], { storageGb, region }: { storageGb: number; region: string }): void {
  const more = 'Ask for a higher quota in the Service Quotas console of AWS, or delete an instance that is not needed.';
  const instances = quotaOf(quotas, 'DBInstances');
  if (instances !== undefined && instances.used >= instances.max) {
    refuse(`The account has ${instances.used} of the ${instances.max} instances that it may have in ${region}.`, {
      remedy: more,
    });
  }
  const storage = quotaOf(quotas, 'AllocatedStorage');
  if (storage !== undefined && storage.used + storageGb > storage.max) {
    refuse(
      `The replica takes ${storageGb} GB, and the account has ${storage.used} of the ${storage.max} GB that it may have in ${region}.`,
      { remedy: more },
    );
  }
}

function quotaOf(quotas: readonly AccountQuota[], name: string): { used: number; max: number } | undefined {
  const quota = quotas.find(({ AccountQuotaName }) => AccountQuotaName === name);
  return quota?.Used === undefined || quota.Max === undefined ? undefined : { used: quota.Used, max: quota.Max };
}

/**
 * Refuses a class on which RDS does not offer that version; `all` is asked only then, for what may have been meant. False when
 * nothing at all is offered of the version: RDS offers no new instances of old ones, and may replicate those that there are.
 */
export async function checkClass(
  offers: readonly OrderableDBInstanceOption[],
  { instanceClass, version, region }: { instanceClass: string; version: string; region: string },
  all: () => Promise<readonly OrderableDBInstanceOption[]>,
): Promise<boolean> {
  if (classesOf(offers).includes(instanceClass)) return true;
  const classes = classesOf(await all());
  if (classes.length === 0) return false;
  const meant = nearest(instanceClass, classes);
  const some = `There are: ${classes.slice(0, MOST_NAMED).join(', ')}${classes.length > MOST_NAMED ? ' and more' : ''}.`;
  return refuse(`RDS offers no '${instanceClass}' for PostgreSQL ${version} in ${region}.`, {
    remedy: meant === undefined ? some : `Did you mean '${meant}'?`,
  });
}

export function classesOf(offers: readonly OrderableDBInstanceOption[]): string[] {
  const capable = offers.filter((offer) => offer.ReadReplicaCapable !== false);
  return [...new Set(capable.map(({ DBInstanceClass }) => DBInstanceClass ?? ''))].filter(Boolean).sort(compareClasses);
}
