import type { Instance } from '../instance.ts';

/** A table or materialized view. Sizes are bytes; rows are what the statistics say. */
export interface Table {
  readonly schema: string;
  readonly name: string;
  readonly kind: 'table' | 'partitioned' | 'materialized view';
  readonly owner: string;
  /** With indexes and TOAST. Null while somebody holds the table exclusively: to measure it would be to wait for them. */
  readonly total: number | null;
  readonly heap: number | null;
  readonly indexes: number | null;
  readonly toast: number | null;
  /** Null when it was never analyzed. */
  readonly rows: number | null;
  readonly deadRows: number;
  readonly changedRows: number;
  /** The last of either kind, by hand or by autovacuum. ISO 8601. */
  readonly lastVacuum: string | null;
  readonly lastAnalyze: string | null;
  readonly sequentialScans: number;
  readonly indexScans: number;
  /** Transactions since its oldest row that is not frozen; null where nothing is stored. */
  readonly xidAge: number | null;
}

export const TABLE_ORDERS = {
  size: 'total desc nulls last',
  rows: 'rows desc nulls last',
  'dead-rows': '"deadRows" desc',
  'last-vacuum': '"lastVacuum" asc nulls first',
  'last-analyze': '"lastAnalyze" asc nulls first',
  'sequential-scans': '"sequentialScans" desc',
  'xid-age': '"xidAge" desc nulls last',
  name: 'schema',
} as const;
export type TableOrder = keyof typeof TABLE_ORDERS;

export interface TablesWanted {
  readonly database: string;
  readonly schema?: string | undefined;
  /** Part of a name, in either case. */
  readonly like?: string | undefined;
  /** The tables of the server itself too. */
  readonly all: boolean;
  readonly sort: TableOrder;
  readonly limit: number;
  /** So many are measured, the largest; more would take longer than an answer may. MOST_MEASURED when absent. */
  readonly measured?: number;
}

/** Of more tables than these the smaller ones have the size that the last vacuum has seen. */
export const MOST_MEASURED = 1000;

const utc = (time: string): string => `to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;

/**
 * A partitioned table stores nothing itself; its partitions are listed with what they store.
 * pg_relation_size and its kin lock the table for a moment, so they are not asked about one that is held exclusively.
 */
function tablesQuery(sort: TableOrder): string {
  return `
with held as materialized (
  select relation from pg_locks where locktype = 'relation' and mode = 'AccessExclusiveLock'
    and database = (select oid from pg_database where datname = current_database())
), stored as materialized (
  select c.oid, c.relnamespace, c.relname, c.relkind, c.relowner, c.reltuples, c.relfrozenxid, c.reltoastrelid,
    c.relpages as heap, coalesce(t.relpages, 0) as toast,
    (select coalesce(sum(x.relpages), 0)::int from pg_index i join pg_class x on x.oid = i.indexrelid where i.indrelid = c.oid) as indexes,
    c.relkind = 'p' or exists (select from held h where h.relation in (c.oid, c.reltoastrelid)
      or h.relation in (select indexrelid from pg_index where indrelid = c.oid)) as unknown
  from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_class t on t.oid = c.reltoastrelid
  where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
    and ($1::text is null or n.nspname = $1) and ($2::text is null or position(lower($2) in lower(c.relname)) > 0)
    and ($3 or (n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_toast'))
), ranked as (
  select *, row_number() over (order by heap + toast + indexes desc, oid) <= $5 as exact, current_setting('block_size')::bigint as block
  from stored
), measured as (
  select oid, relnamespace, relname, relkind, relowner, reltuples, relfrozenxid,
    case when unknown then null when exact then pg_total_relation_size(oid) else (heap + toast + indexes) * block end as total,
    case when unknown then null when exact then pg_indexes_size(oid) else indexes * block end as indexes,
    case when unknown then null when reltoastrelid = 0 then 0 when exact then pg_total_relation_size(reltoastrelid) else toast * block end as toast
  from ranked
), listed as (
  select n.nspname::text as schema, m.relname::text as name,
    case m.relkind when 'r' then 'table' when 'p' then 'partitioned' else 'materialized view' end as kind,
    pg_get_userbyid(m.relowner)::text as owner, m.total::float8 as total, (m.total - m.indexes - m.toast)::float8 as heap,
    m.indexes::float8 as indexes, m.toast::float8 as toast,
    case when m.reltuples >= 0 and (m.reltuples > 0 or s.last_analyze is not null or s.last_autoanalyze is not null
      or s.last_vacuum is not null or s.last_autovacuum is not null) then m.reltuples::float8 end as rows,
    coalesce(s.n_dead_tup, 0)::float8 as "deadRows", coalesce(s.n_mod_since_analyze, 0)::float8 as "changedRows",
    ${utc('greatest(s.last_vacuum, s.last_autovacuum)')} as "lastVacuum",
    ${utc('greatest(s.last_analyze, s.last_autoanalyze)')} as "lastAnalyze",
    coalesce(s.seq_scan, 0)::float8 as "sequentialScans", coalesce(s.idx_scan, 0)::float8 as "indexScans",
    case when m.relfrozenxid <> '0'::xid then age(m.relfrozenxid) end as "xidAge"
  from measured m join pg_namespace n on n.oid = m.relnamespace left join pg_stat_all_tables s on s.relid = m.oid
)
select *, count(*) over ()::int as found, sum(total) over ()::float8 as "totalOfAll" from listed
order by ${TABLE_ORDERS[sort]}, schema, name limit $4`;
}

interface Row extends Table {
  readonly found: number;
  readonly totalOfAll: number | null;
}

/** The tables of a database, how many there are of that kind, and their size in all. Rejects with an InstanceError. */
export async function readTables(
  instance: Instance,
  { database, schema, like, all, sort, limit, measured = MOST_MEASURED }: TablesWanted,
): Promise<{ tables: Table[]; found: number; total: number }> {
  const rows = await instance.observer.ask<Row>({
    text: tablesQuery(sort),
    values: [schema ?? null, like ?? null, all, limit, measured],
    database,
  });
  return {
    tables: rows.map(({ found: _, totalOfAll: __, ...table }) => table),
    found: rows[0]?.found ?? 0,
    total: rows[0]?.totalOfAll ?? 0,
  };
}
