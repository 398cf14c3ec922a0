import { formatBytes, formatDuration } from '@guichet/contract';
import type { Check, Finding, Severity } from './finding.ts';

/** Slots of read replicas that Guichet has made. */
const OURS = 'guichet_';

interface Slot {
  readonly name: string;
  readonly literal: string;
  readonly type: string;
  readonly active: boolean;
  readonly retained: number | null;
  /** `reserved`, `extended`, `unreserved`, `lost`; null before PostgreSQL 13. */
  readonly status: string | null;
  /** What may be written until it is lost; null when nothing bounds it. */
  readonly safe: number | null;
}

const slots = (version: number): string => `
select slot_name::text as name, quote_literal(slot_name) as literal, slot_type as type, active,
  pg_wal_lsn_diff(case when pg_is_in_recovery() then pg_last_wal_replay_lsn() else pg_current_wal_lsn() end, restart_lsn)::float8 as retained,
  ${version >= 130_000 ? 'wal_status as status, safe_wal_size::float8 as safe' : 'null as status, null::float8 as safe'}
from pg_replication_slots where not temporary order by 5 desc nulls first limit 100`;

/** Slots that keep write-ahead log for a consumer that does not come. */
export const slotsCheck: Check = {
  name: 'replication slots',
  async run({ ask, version, limits }) {
    const rows = await ask<Slot>(slots(version));
    return rows.flatMap((slot): Finding[] => {
      const severity = severityOf(slot, limits.retained);
      if (severity === undefined) return [];
      const { name, literal, type, active, retained, status, safe } = slot;
      const lost = status === 'lost';
      return [
        {
          severity,
          finding: lost ? 'lost replication slot' : active ? 'replication slot far behind' : 'inactive replication slot',
          object: name,
          figure: [
            lost || retained === null ? 'keeps nothing any more' : `keeps ${formatBytes(retained)} of WAL`,
            ...(safe === null || lost ? [] : [`${formatBytes(Math.max(0, safe))} until it is lost`]),
            type,
          ].join(', '),
          why: lost
            ? 'Its consumer has missed what was removed, and must be made anew.'
            : safe === null
              ? 'The log that it keeps fills the disk until the server stops, and dead rows may have to wait for it.'
              : 'The log that it keeps takes disk, up to max_slot_wal_keep_size; then its consumer must be made anew.',
          mend: active
            ? 'look at its consumer: it reads too slowly'
            : `${name.startsWith(OURS) ? 'guichet postgres delete-read-replica, where its replica is still there; else a' : 'a'} superuser: SELECT pg_drop_replication_slot(${literal});`,
        },
      ];
    });
  },
};

function severityOf(
  { active, retained, status }: Slot,
  { warning, critical }: { warning: number; critical: number },
): Severity | undefined {
  if (status === 'unreserved' || (retained ?? 0) >= critical) return 'critical';
  if (status === 'lost' || !active || (retained ?? 0) >= warning) return 'warning';
  return undefined;
}

interface Follower {
  readonly name: string;
  readonly state: string;
  readonly bytes: number | null;
  readonly seconds: number | null;
}

const FOLLOWERS = `
select coalesce(nullif(application_name, ''), host(client_addr), pid::text) as name, state,
  pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::float8 as bytes, extract(epoch from replay_lag)::float8 as seconds
from pg_stat_replication where state <> 'backup' and not pg_is_in_recovery()`;

const OWN_LAG = `
select extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 as seconds
where pg_is_in_recovery() and pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()`;

/** Replicas that are behind: those of this server, and itself where it is one. */
export const lagCheck: Check = {
  name: 'replication lag',
  async run({ ask, limits, instance }) {
    const { lag, lagBytes } = limits;
    const followers = await ask<Follower>(FOLLOWERS);
    const own = await ask<{ seconds: number | null }>(OWN_LAG);
    const why = 'Who reads there sees the past, and a failover would lose what has not arrived.';
    return [
      ...followers.flatMap(({ name, bytes, seconds }): Finding[] =>
        (seconds ?? 0) < lag.warning && (bytes ?? 0) < lagBytes
          ? []
          : [
              {
                severity: (seconds ?? 0) >= lag.critical ? 'critical' : 'warning',
                finding: 'replica is behind',
                object: name,
                figure: [
                  ...(seconds === null ? [] : [formatDuration(seconds)]),
                  ...(bytes === null ? [] : [formatBytes(bytes)]),
                ].join(', '),
                why,
                mend: 'look there for a long query that holds replay up, and at network and disks',
              },
            ],
      ),
      ...own.flatMap(({ seconds }): Finding[] =>
        seconds === null || seconds < lag.warning
          ? []
          : [
              {
                severity: seconds >= lag.critical ? 'critical' : 'warning',
                finding: 'replica is behind',
                object: instance,
                figure: formatDuration(seconds),
                why,
                mend: 'look here for a long query that holds replay up (activity), and whether the primary can be reached',
              },
            ],
      ),
    ];
  },
};

const ARCHIVER = `
select failed_count::float8 as failed, extract(epoch from clock_timestamp() - last_failed_time)::float8 as ago
from pg_stat_archiver where last_failed_time > coalesce(last_archived_time, '-infinity')`;

/** Archiving that fails keeps every file of the log. */
export const archiverCheck: Check = {
  name: 'archiving',
  async run({ ask }) {
    const rows = await ask<{ failed: number; ago: number }>(ARCHIVER);
    return rows.map(({ failed, ago }) => ({
      severity: 'critical',
      finding: 'archiving fails',
      object: 'archive_command',
      figure: `${failed} failures, the last ${formatDuration(ago)} ago`,
      why: 'No backup gets newer, and the log that is not archived fills the disk.',
      mend: 'look at the log of the server for what archive_command said',
    }));
  },
};
