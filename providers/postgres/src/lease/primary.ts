import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { type ConnectSettings, rulesFor } from './connect-config.ts';

/** Where a lease leads to, and where its role is made: the same server, unless that is a replica. */
export interface LeasePlace {
  readonly instance: Instance;
  readonly primary: Instance;
}

const ROLE = `
select pg_is_in_recovery() as replica, (select sender_host from pg_stat_wal_receiver) as host,
  (select sender_port from pg_stat_wal_receiver) as port`;

/** Rejects with an InstanceError, also when nobody can tell what the primary of a replica is. */
export async function placeOf(instance: Instance, estate: Estate, settings: ConnectSettings): Promise<LeasePlace> {
  const [now] = await instance.observer.query<{ replica: boolean; host: string | null; port: number | null }>(ROLE);
  if (now?.replica !== true) return { instance, primary: instance };
  const { environment } = instance.settings;
  const named = rulesFor(settings, instance.name).primary ?? instance.settings.replicaOf ?? instance.settings.rds?.replicaOf;
  const others = (await estate.of(environment)).filter((other) => other !== instance);
  const primary = others.find(({ name, settings: other }) =>
    named === undefined ? other.host === now.host && other.port === now.port : name === named || other.rds?.identifier === named,
  );
  if (primary === undefined) {
    const from = now.host === null ? '' : ` It replicates from ${now.host}:${now.port}.`;
    throw new InstanceError(
      `'${instance.name}' is a replica, and roles are made on its primary, which is not known${named === undefined ? '' : `: there is no instance '${named}' in '${environment}'`}.`,
      {
        remedy: `Name it in the configuration of the provider, under connect.instances.${instance.name}.primary.${from}`,
        passing: false,
      },
    );
  }
  const [there] = await primary.observer.query<{ replica: boolean }>('select pg_is_in_recovery() as replica');
  if (there?.replica === false) return { instance, primary };
  throw new InstanceError(`'${primary.name}', the primary of '${instance.name}', is a replica itself.`, {
    remedy: 'After a failover, name the new primary in the configuration of the provider.',
    passing: false,
  });
}

/** The replicas of it that are known and answer, and the names of those that do not: they may have sessions of its roles. */
export async function replicasOf(
  primary: Instance,
  estate: Estate,
  settings: ConnectSettings,
): Promise<{ replicas: Instance[]; silent: string[] }> {
  const others = (await estate.of(primary.settings.environment)).filter((other) => other !== primary);
  const replicas: Instance[] = [];
  const silent: string[] = [];
  await Promise.all(
    others.map(async (other) => {
      try {
        const place = await placeOf(other, estate, settings);
        if (place.primary === primary) replicas.push(other);
      } catch (error) {
        if (!(error instanceof InstanceError)) throw error;
        // What is not known to be a replica of it is only told of when it is said to be one.
        const named = rulesFor(settings, other.name).primary ?? other.settings.replicaOf ?? other.settings.rds?.replicaOf;
        if (named === primary.name || (named !== undefined && named === primary.settings.rds?.identifier))
          silent.push(other.name);
      }
    }),
  );
  return { replicas, silent };
}

const PAUSE_MS = 100;

/** Waits until the replica has replayed what the primary has written by now. False when it has not within so many ms. */
export async function replayed({ instance, primary }: LeasePlace, withinMs: number): Promise<boolean> {
  if (instance === primary) return true;
  const [written] = await primary.observer.query<{ lsn: string }>('select pg_current_wal_lsn()::text as lsn');
  const began = performance.now();
  for (;;) {
    const [now] = await instance.observer.query<{ there: boolean }>(
      'select coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, not pg_is_in_recovery()) as there',
      [written?.lsn],
    );
    if (now?.there === true) return true;
    if (performance.now() - began > withinMs) return false;
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
