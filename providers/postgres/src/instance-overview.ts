import type { Instance } from './estate.ts';
import { InstanceError } from './instance-error.ts';

/** How an instance is. Sizes are bytes, times are seconds. */
export interface Overview {
  /** e.g. `18.4` */
  readonly version: string;
  readonly role: 'primary' | 'replica';
  /** Sessions of clients, of those that may be. */
  readonly connections: number;
  readonly connectionsAllowed: number;
  readonly replicas: number;
  /** How far a replica is behind; null on a primary. */
  readonly lag: number | null;
  readonly uptime: number;
  /** Of all databases; null when it could not be measured in time. */
  readonly size: number | null;
}

export type State = { readonly instance: Instance } & (
  | { readonly up: true; readonly overview: Overview }
  | { readonly up: false; readonly reason: string }
);

const OVERVIEW = `
select regexp_replace(current_setting('server_version'), ' .*', '') as version,
  case when pg_is_in_recovery() then 'replica' else 'primary' end as role,
  (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as connections,
  current_setting('max_connections')::int as "connectionsAllowed",
  (select count(*)::int from pg_stat_replication) as replicas,
  case when not pg_is_in_recovery() then null
    when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
    else extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 end as lag,
  extract(epoch from clock_timestamp() - pg_postmaster_start_time())::float8 as uptime`;

/** Walks the files of every database, so it is slow where there are many of them. */
const SIZE = 'select sum(pg_database_size(oid))::float8 as size from pg_database';

/** Asks all at once; none takes longer than the limit (in ms), and one that is down is an answer. Never rejects for it. */
export async function overviews(instances: readonly Instance[], limitMs: number): Promise<State[]> {
  return Promise.all(
    instances.map(async (instance): Promise<State> => {
      try {
        return { instance, up: true, overview: await overviewOf(instance, limitMs) };
      } catch (error) {
        if (!(error instanceof InstanceError)) throw error;
        return { instance, up: false, reason: error.message };
      }
    }),
  );
}

async function overviewOf(instance: Instance, limitMs: number): Promise<Overview> {
  // Not being able to measure it must not make an instance look down.
  const measured = within(instance.observer.query<{ size: number | null }>(SIZE), limitMs).catch(() => undefined);
  const answer = await within(instance.observer.query<Omit<Overview, 'size'>>(OVERVIEW), limitMs);
  const [overview] = answer ?? [];
  if (overview === undefined) {
    throw new InstanceError(`The instance '${instance.name}' did not answer within ${limitMs / 1000} s.`, {
      remedy: 'It may be overloaded; try again in a moment.',
      passing: true,
    });
  }
  return { ...overview, size: (await measured)?.[0]?.size ?? null };
}

/** The value, or undefined when it is not there in time; the work then ends by its own limits. */
async function within<Value>(work: Promise<Value>, limitMs: number): Promise<Value | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), limitMs);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
