import type { AuditHead } from '@guichet/contract/audit-log';
import { statement } from '../db/index.ts';
import { LINE } from './line.ts';
import { AT_TEXT } from './store.ts';

/** The last head, with what only the database needs to go on. */
export interface LastHead {
  readonly head: AuditHead;
  readonly cluster: string;
  readonly settled_to: string;
  readonly above_id: string;
}

export interface SettledRow {
  readonly id: string;
  readonly xid: string;
  readonly at: string;
  readonly line: string;
}

export interface Snapshot {
  /** Every transaction below this one has ended. */
  readonly settled: string;
  readonly cluster: string;
  readonly now: string;
  readonly last_id: string;
}

/** Which server counts the transactions: a dump that is restored elsewhere begins to count anew. */
export const SNAPSHOT = statement(
  'audit-seal-snapshot',
  `select pg_snapshot_xmin(pg_current_snapshot())::text as settled,
     (select system_identifier::text from pg_control_system()) as cluster,
     to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now,
     (select last_value::text from audit_events_id_seq) as last_id`,
);
export const LAST_HEAD = statement(
  'audit-seal-last',
  'select head, cluster, settled_to::text, above_id::text from audit_heads order by number desc limit 1',
);
export const NEWS = statement(
  'audit-seal-news',
  `select exists (select from audit_events where xid >= $1::xid8 and xid < pg_snapshot_xmax(pg_current_snapshot())
     and id > $2::bigint) as news`,
);
const ROW = `id::text, xid::text, ${AT_TEXT} as at, ${LINE} as line`;
// By the columns themselves: the texts of the same name would put 9 after 10.
/** What is settled, a transaction at a time. */
export const SETTLED = statement(
  'audit-seal-settled',
  `select ${ROW} from audit_events where xid >= $1::xid8 and xid < pg_snapshot_xmin(pg_current_snapshot()) and id > $2::bigint
   order by audit_events.xid, audit_events.id limit $3`,
);
export const OF_TRANSACTION = statement(
  'audit-seal-transaction',
  `select ${ROW} from audit_events where xid = $1::xid8 and id > $2::bigint order by audit_events.id`,
);
/** After a restore elsewhere: what may be in no head yet, whatever its transaction. */
export const LEFT_OVER = statement(
  'audit-seal-left-over',
  `select ${ROW} from audit_events where (xid >= $1::xid8 or at >= $2::timestamptz - interval '1 day') and id <= $3::bigint order by audit_events.id`,
);
export const HEADS_FROM = statement(
  'audit-seal-heads-from',
  'select head from audit_heads where last_id >= $1::bigint order by number',
);
export const INSERT_HEAD = statement(
  'audit-head-insert',
  `insert into audit_heads (number, head, size, first_id, last_id, first_at, last_at, cluster, settled_to, above_id)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9::xid8, $10)`,
);
export const ADD_TO_TILE = statement(
  'audit-tile-add',
  `insert into audit_tiles (level, number, hashes) values ($1, $2, $3)
   on conflict (level, number) do update set hashes = audit_tiles.hashes || excluded.hashes`,
);
export const TILE = statement('audit-tile', 'select hashes from audit_tiles where level = $1 and number = $2');
export const HEADS_AFTER = statement(
  'audit-heads-after',
  'select head from audit_heads where number > $1 order by number limit $2',
);
/** An acceptance counts for one head, and goes with it. */
export const END_RESTORE = statement('audit-restore-end', `delete from audit_settings where name = 'restore_accepted'`);
