import { type Statement, statement } from '../db/index.ts';
import { COLUMNS_STORED } from './store.ts';

/** Up to where the log may be archived: the last head before the first one with an event of that time or later. */
export const LAST_BEFORE = statement(
  'audit-archive-last-before',
  `select coalesce((select min(number) - 1 from audit_heads where last_at >= $1::timestamptz), (select max(number) from audit_heads), 0)::float8
   as head`,
);
export const LAST_ARCHIVE = statement(
  'audit-archive-last',
  `select first_head::float8 as "from", last_head::float8 as "to", before, manifest, event::text, dropped_at as "droppedAt" from audit_archives order by first_head desc limit 1`,
);
/** The first request whose life goes on, with its oldest event. */
export const LIVE = statement(
  'audit-archive-live',
  `select number::text as number, state, created_at as at from requests
   where state in ('awaiting_approval', 'queued', 'running', 'unknown') or undo_state in ('scheduled', 'held') or review->>'state' = 'open'
   order by created_at limit 1`,
);
/** Readers that have not come to the end of what would go; one that has not begun begins at the end only if it is said so. */
export const BEHIND = statement(
  'audit-archive-behind',
  `select r.name from unnest($2::text[], $3::boolean[]) r (name, from_now) left join audit_cursors c on c.name = r.name
   where case when c.name is null then not r.from_now else c.catch_up_to is not null or exists (
     select from audit_events e where e.at < $1::timestamptz and (e.xid, e.id) > (c.xid, c.id) and e.id > c.floor) end`,
);
export const RECORD_EVENT = statement(
  'audit-archive-event',
  `insert into audit_events (type, actor_id, actor_name, outcome, data) values ('audit.archived', $1, $2, 'ok', $3) returning id::text`,
);
export const RECORD = statement(
  'audit-archive-record',
  'insert into audit_archives (first_head, last_head, before, manifest, event) values ($1, $2, $3, $4, $5)',
);
export const RECORD_ANEW = statement(
  'audit-archive-record-anew',
  'update audit_archives set manifest = $2, event = $3 where first_head = $1 and event = $4 and dropped_at is null returning first_head',
);
export const SEALED_BY = statement(
  'audit-archive-sealed-by',
  `select number::float8 as number from audit_heads where last_id >= $1::bigint and first_id <= $1::bigint and exists (
     select from json_array_elements(head->'ids') r where $1::bigint between (r->>0)::bigint and (r->>1)::bigint)`,
);
/** Events of that time that later heads have: they stay. */
export const STAYING = statement(
  'audit-archive-staying',
  `select e.id::text, e.at::text from audit_heads h cross join json_array_elements(h.head->'ids') r
     join audit_events e on e.id between (r->>0)::bigint and (r->>1)::bigint
       and e.at between h.first_at and h.last_at
   where h.number > $1 and h.first_at < $2::timestamptz and e.at < $2::timestamptz`,
);
/** Of one part: all at once may take longer than a statement may. */
export const countBefore = (part: string): Statement =>
  statement('', `select count(*)::float8 as count from ${part} where at < $1::timestamptz`);
/** Whoever writes the log waits meanwhile. */
export const PATIENCE = statement(
  'audit-archive-patience',
  `select set_config('lock_timeout', '400ms', true), set_config('statement_timeout', '10s', true)`,
);
/** Every transaction before this one has ended. */
export const MARK = statement('audit-archive-mark', 'select pg_snapshot_xmin(pg_current_snapshot())::text as mark');
/** By a transaction of this cluster: events that a dump brought from another one have ids that it has not come to. */
export const CAME_SINCE = statement(
  'audit-archive-came-since',
  `select from audit_events
   where xid >= $1::xid8 and xid < pg_snapshot_xmax(pg_current_snapshot()) and at < $2::timestamptz limit 1`,
);
export const LOCK_LOG = statement('audit-archive-lock', 'lock table audit_events, audit_search in access exclusive mode');
/** The parts of a table, and the time before which all rows of each are; null of the default one. */
export const PARTS = statement(
  'audit-archive-parts',
  `select quote_ident(c.relname) as name,
     (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1]::timestamptz <= $2::timestamptz as "isOld",
     (regexp_match(pg_get_expr(c.relpartbound, c.oid), 'TO \\(''([^'']+)''\\)'))[1] as until
   from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = $1::regclass order by c.relname`,
);
export const KEEP_ROWS = statement(
  'audit-archive-keep',
  `create temporary table audit_staying on commit drop as
   select ${COLUMNS_STORED} from audit_events where (at, id) in (select * from unnest($1::timestamptz[], $2::bigint[]))`,
);
export const KEEP_TERMS = statement(
  'audit-archive-keep-terms',
  `create temporary table audit_search_staying on commit drop as
   select at, id, terms from audit_search where (at, id) in (select * from unnest($1::timestamptz[], $2::bigint[]))`,
);
export const PUT_BACK = statement(
  'audit-archive-put-back',
  `insert into audit_events (${COLUMNS_STORED}) select ${COLUMNS_STORED} from audit_staying`,
);
export const PUT_TERMS_BACK = statement(
  'audit-archive-put-terms-back',
  `insert into audit_search (at, id, terms) select at, id, terms from audit_search_staying on conflict do nothing`,
);
export const TERMS_PARTS = statement(
  'audit-archive-terms-parts',
  'select make_audit_search_parts(min(at), max(at)) from audit_search_staying having count(*) > 0',
);
export const DROPPED = statement(
  'audit-archive-dropped',
  'update audit_archives set dropped_at = clock_timestamp() where first_head = $1 and event = $2 and dropped_at is null returning first_head',
);
