import type { Instance } from '../instance.ts';

/** An index as the catalog has it. */
export interface TableIndex {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As SQL takes it. */
  readonly quoted: string;
  readonly tableOid: number;
  readonly table: string;
  readonly owner: string;
  readonly definition: string;
  readonly method: string;
  readonly valid: boolean;
  readonly unique: boolean;
  /** Names of its key columns; an expression is null. */
  readonly columns: readonly (string | null)[];
  /** It has a WHERE. */
  readonly partial: boolean;
  /** Bytes; null while somebody holds it exclusively. */
  readonly size: number | null;
  readonly scans: number;
  /** Since when scans are counted; null when they never were reset. */
  readonly countedSince: string | null;
  /** The constraint that it is part of: `PRIMARY KEY orders_pkey`. */
  readonly constraint: string | null;
  /** Foreign keys that rest on it. */
  readonly foreignKeys: readonly string[];
  readonly replicaIdentity: boolean;
  /** It is of a partitioned table, or of a partition of one. */
  readonly partitioned: boolean;
  /** What the admin login may do with it. */
  readonly owns: boolean;
}

const INDEXES = (which: string): string => `
select i.indexrelid::bigint::float8 as oid, n.nspname::text as schema, c.relname::text as name,
  format('%I.%I', n.nspname, c.relname) as quoted, i.indrelid::bigint::float8 as "tableOid", tn.nspname || '.' || t.relname as table,
  pg_get_userbyid(c.relowner)::text as owner, pg_get_indexdef(i.indexrelid) as definition, am.amname::text as method,
  i.indisvalid as valid, i.indisunique as unique, i.indpred is not null as partial,
  array(select a.attname::text from unnest(i.indkey::int2[]) with ordinality k(attnum, place)
    left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum and k.attnum > 0
    where k.place <= i.indnkeyatts order by k.place) as columns,
  case when not exists (select from pg_locks l where l.relation in (i.indexrelid, i.indrelid) and l.mode = 'AccessExclusiveLock')
    then pg_relation_size(i.indexrelid)::float8 end as size,
  coalesce(s.idx_scan, 0)::float8 as scans,
  to_char(d.stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as "countedSince",
  (select case contype when 'p' then 'PRIMARY KEY' when 'u' then 'UNIQUE' else 'EXCLUDE' end || ' ' || conname
    from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x') limit 1) as constraint,
  array(select conrelid::regclass || '.' || conname from pg_constraint k where k.conindid = i.indexrelid and k.contype = 'f') as "foreignKeys",
  i.indisreplident as "replicaIdentity", c.relkind = 'I' or c.relispartition as partitioned,
  pg_has_role($1, c.relowner, 'USAGE') as owns
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
join pg_am am on am.oid = c.relam join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid
left join pg_stat_database d on d.datname = current_database()
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and ${which} order by 2, 3`;

interface Of {
  readonly instance: Instance;
  readonly database: string;
}

/** The indexes of a table. Rejects with an InstanceError. */
export async function indexesOf({ instance, database }: Of, tableOid: number): Promise<TableIndex[]> {
  const text = INDEXES('i.indrelid = $2::bigint::oid');
  return instance.observer.ask<TableIndex>({ text, values: [instance.admin.user, tableOid], database });
}

/** The index of that oid. Rejects with an InstanceError. */
export async function indexByOid({ instance, database }: Of, oid: number): Promise<TableIndex | undefined> {
  const text = INDEXES('i.indexrelid = $2::bigint::oid');
  const [index] = await instance.observer.ask<TableIndex>({ text, values: [instance.admin.user, oid], database });
  return index;
}

/** The indexes that the name may mean: `orders_idx`, `public.orders_idx`, or as SQL writes it. Rejects with an InstanceError. */
export async function indexesNamed({ instance, database }: Of, name: string): Promise<TableIndex[]> {
  const ways = "c.relname::text, n.nspname || '.' || c.relname, format('%I', c.relname), format('%I.%I', n.nspname, c.relname)";
  const text = INDEXES(`$2 in (${ways})`);
  const found = await instance.observer.ask<TableIndex>({ text, values: [instance.admin.user, name], database });
  const whole = found.filter((index) => name === `${index.schema}.${index.name}` || name === index.quoted);
  return whole.length > 0 ? whole : found;
}

/** An index in a list of many. */
export interface ListedIndex extends Pick<TableIndex, 'schema' | 'name' | 'table' | 'valid' | 'scans'> {
  /** Bytes, as the last vacuum has seen it: to measure tens of thousands would take seconds. */
  readonly size: number;
}

const DROPPABLE = `
select n.nspname::text as schema, c.relname::text as name, tn.nspname || '.' || t.relname as table, i.indisvalid as valid,
  c.relpages * current_setting('block_size')::float8 as size, coalesce(pg_stat_get_numscans(i.indexrelid), 0)::float8 as scans
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class t on t.oid = i.indrelid join pg_namespace tn on tn.oid = t.relnamespace
where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relkind = 'i' and not c.relispartition
  and not exists (select from pg_constraint k where k.conindid = i.indexrelid)
order by i.indisvalid, c.relpages desc, 1, 2 limit 50000`;

/** The indexes of the database that may be dropped: those that are not valid, then the largest first. Rejects with an InstanceError. */
export async function droppableIndexes({ instance, database }: Of): Promise<ListedIndex[]> {
  return instance.observer.ask<ListedIndex>({ text: DROPPABLE, database });
}

const BUILDERS = `
select p.pid from pg_stat_progress_create_index p
where p.relid = $1::bigint::oid and p.datname = $2 and (p.index_relid = $3::bigint::oid or p.index_relid = 0)`;

/** Whether anybody builds the index at this moment. Rejects with an InstanceError. */
export async function isBuilt(
  { instance, database }: Of,
  { oid, tableOid }: Pick<TableIndex, 'oid' | 'tableOid'>,
): Promise<boolean> {
  const rows = await instance.observer.query(BUILDERS, [tableOid, database, oid]);
  return rows.length > 0;
}
