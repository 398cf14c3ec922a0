import type { Instance } from './estate.ts';
import { InstanceError } from './instance-error.ts';
import { isOwnName } from './login.ts';
import type { QueryMask } from './query-mask.ts';
import { blockersOfQueued } from './queued-blockers.ts';
import { quotedName } from './quoted-name.ts';

/** A server process as pg_stat_activity shows it. Ages are seconds; times are text in UTC with microseconds. */
export interface Session {
  readonly pid: number;
  readonly leaderPid: number | null;
  readonly user: string | null;
  readonly application: string;
  readonly database: string | null;
  readonly client: string | null;
  /** `client backend`, `autovacuum worker`, `walsender` ... */
  readonly kind: string;
  /** `active`, `idle in transaction` ...; null for most background processes. */
  readonly state: string | null;
  readonly waitEventType: string | null;
  readonly waitEvent: string | null;
  readonly backendStart: string;
  readonly queryStart: string | null;
  readonly transactionAge: number | null;
  readonly statementAge: number | null;
  /** Since it has its present state. */
  readonly stateAge: number | null;
  /** It waits for a lock that another session holds or wants before it. */
  readonly waiting: boolean;
  /** Pids that it waits on, each once; 0 stands for a prepared transaction. Empty when it does not wait for a lock. */
  readonly blockedBy: readonly number[];
  readonly superuser: boolean;
  /** It is one of our own. */
  readonly own: boolean;
  /** Of its present or last statement. Masked when it is first looked at: the text itself never leaves this module. */
  readonly query: string;
  /** The same for all sessions at the same statement, whatever its literals; undefined where that cannot be told. */
  readonly fingerprint: string | undefined;
}

interface Row extends Omit<Session, 'own' | 'query' | 'fingerprint' | 'blockedBy' | 'waiting'> {
  readonly blockedBy: number[] | null;
  readonly query: string | null;
  readonly cut: boolean | null;
  readonly seesAll: boolean;
}

/** UTC with microseconds, whatever the settings of the login are: JavaScript's milliseconds would match no row. */
const exact = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const age = (column: string): string => `extract(epoch from clock_timestamp() - ${column})::float8`;

/**
 * For how many of those that wait the server is asked whom on, the ones that have waited longest first. It locks its lock
 * table each time, and names all who stand before one in the queue: for each of 2,000 that wait for one row it would take
 * seconds. So the more there are, the fewer are asked about: all of 50, 25 of 100, 10 of 2,000.
 */
const ASKED = 'greatest(10, 2500 / greatest(count(*), 1))';

/** Every process of the server at one moment. pg_blocking_pids is asked for sessions that do wait for a lock alone. */
function sessionsQuery(version: number): string {
  return `
with a as materialized (select * from pg_stat_activity),
waiting as materialized (select pid, query_start from a where wait_event_type = 'Lock'),
first as (select pid from waiting order by query_start, pid limit (select ${ASKED} from waiting))
select a.pid, ${version >= 130_000 ? 'a.leader_pid' : 'null::int'} as "leaderPid", a.usename::text as user,
  a.application_name as application, a.datname::text as database,
  case when a.client_addr is null then null else host(a.client_addr) || ':' || a.client_port end as client,
  a.backend_type as kind, a.state, a.wait_event_type as "waitEventType", a.wait_event as "waitEvent",
  ${exact('a.backend_start')} as "backendStart", ${exact('a.query_start')} as "queryStart",
  ${age('a.xact_start')} as "transactionAge", ${age('a.query_start')} as "statementAge", ${age('a.state_change')} as "stateAge",
  case when f.pid is not null then pg_blocking_pids(a.pid) end as "blockedBy",
  coalesce(r.rolsuper, false) as superuser, a.query,
  octet_length(a.query) >= (select setting::int - 4 from pg_settings where name = 'track_activity_query_size') as cut,
  pg_has_role('pg_read_all_stats', 'usage') as "seesAll"
from a left join pg_roles r on r.oid = a.usesysid left join first f on f.pid = a.pid
where a.pid <> pg_backend_pid()`;
}

/** Reads all sessions. Rejects with an InstanceError. */
export async function readSessions(instance: Instance, mask: QueryMask): Promise<Session[]> {
  const rows = await instance.observer.query<Row>(sessionsQuery(await instance.version()));
  // Without the right, other people's sessions would look idle and harmless.
  if (rows.some(({ seesAll }) => !seesAll)) throw lacksRight(instance, 'observer', 'pg_monitor');
  const ours = new Set([instance.observer.user, instance.actor.user, instance.settings.admin?.user, instance.reader?.user]);
  const queued = await blockersOfQueued(instance, rows);
  return rows.map(({ blockedBy, query, cut, seesAll: _, ...row }) => ({
    ...row,
    application: row.application ?? '',
    waiting: row.waitEventType === 'Lock',
    blockedBy: queued.get(row.pid) ?? [...new Set(blockedBy ?? [])], // parallel queries are named once for each of their processes
    own: isOwnName(row.application ?? '') && row.user !== null && ours.has(row.user),
    // Of thousands of sessions only the first hundred are shown, and masking all of them would take most of a second.
    get query() {
      return mask.mask(query ?? '', cut ?? false);
    },
    get fingerprint() {
      return mask.fingerprint(query ?? '', cut ?? false);
    },
  }));
}

/** What to say when a login lacks a role, with the statement that grants it. */
export function lacksRight(instance: Instance, login: 'observer' | 'actor', role: string): InstanceError {
  const { user } = instance[login];
  return new InstanceError(`The ${login} login '${user}' of the instance '${instance.name}' is not a member of ${role}.`, {
    remedy: `A superuser must run there: GRANT ${role} TO ${quotedName(user)};`,
    passing: false,
  });
}
