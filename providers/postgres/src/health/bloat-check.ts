import { formatBytes } from '@guichet/contract';
import type { Check, Severity, Site } from './finding.ts';
import { sizeOf } from './held.ts';

interface Bloated {
  readonly name: string;
  readonly size: number;
  /** What its rows would need, by the statistics of the planner. */
  readonly needed: number;
}

/**
 * Rows times their mean width (with the header of a row and its pointer, aligned to 8 bytes), in pages that are as full as
 * the fillfactor says. Columns without statistics make it unknown, so such tables are left out.
 */
const TABLES = `
with widths as (
  select s.schemaname, s.tablename, count(*) as columns, sum((1 - s.null_frac) * s.avg_width) as width, max(s.null_frac) > 0 as nulls
  from pg_stats s where not s.inherited group by 1, 2
), tables as (
  select c.oid, c.reltuples, w.width, w.nulls, c.relnatts,
    coalesce((select option_value::float8 from pg_options_to_table(c.reloptions) where option_name = 'fillfactor'), 100) / 100 as fill,
    current_setting('block_size')::float8 as block, ${sizeOf('pg_relation_size', 'c.oid')} as size
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
    join widths w on w.schemaname = n.nspname and w.tablename = c.relname
  where c.relkind in ('r', 'm') and c.reltuples >= 0
    and n.nspname not in ('pg_catalog', 'information_schema')
    and w.columns = (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
), sized as (
  select oid::regclass::text as name, size,
    block * ceil(reltuples / greatest(1, floor(fill * (block - 24)
      / (4 + 8 * ceil((23 + case when nulls then ceil(relnatts / 8.0) else 0 end) / 8.0) + 8 * ceil(width / 8.0))))) as needed
  from tables
)
select * from sized where size - needed >= $1::float8 and size - needed >= $2::float8 * size order by size - needed desc limit 20`;

/**
 * The same for B-trees: a key is its columns plus the header of an entry and its pointer, and pages are filled to nine
 * tenths. Equal keys may be stored once (from 13 on), which makes an index smaller than this, never larger.
 */
const INDEXES = `
with keys as (
  select i.indexrelid, i.indrelid, c.reltuples, c.relname, n.nspname, count(*) as columns,
    sum((1 - s.null_frac) * s.avg_width) as width
  from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
    join pg_namespace n on n.oid = t.relnamespace
    cross join lateral unnest(i.indkey::int2[]) k (attnum)
    join pg_attribute a on a.attrelid = case when k.attnum = 0 then i.indexrelid else i.indrelid end and a.attnum = k.attnum
    join pg_stats s on s.schemaname = n.nspname and s.tablename = t.relname and s.attname = a.attname and not s.inherited
  where c.relkind = 'i' and c.reltuples > 0 and i.indisvalid and i.indpred is null and i.indexprs is null
    and c.relam = (select oid from pg_am where amname = 'btree') and n.nspname not in ('pg_catalog', 'information_schema')
  group by 1, 2, 3, 4, 5
  having count(*) = max(i.indnatts)
), sized as (
  select indexrelid::regclass::text as name, ${sizeOf('pg_relation_size', 'indexrelid')} as size,
    current_setting('block_size')::float8 * (2 + ceil(reltuples * (8 * ceil((8 + width) / 8.0) + 4)
      / (0.9 * (current_setting('block_size')::float8 - 40)))) as needed
  from keys
)
select * from sized where size - needed >= $1::float8 and size - needed >= $2::float8 * size order by size - needed desc limit 20`;

const describe = ({ size, needed }: Bloated, { limits }: Site) => ({
  severity: (size - needed >= limits.wasted.warning ? 'warning' : 'info') satisfies Severity as Severity,
  figure: `about ${formatBytes(size - needed)} of ${formatBytes(size)} unused (estimated)`,
});

/** Tables whose files are much larger than their rows. */
export const tableBloatCheck: Check = {
  name: 'bloat of tables',
  async run(site) {
    const rows = await site.ask<Bloated>(TABLES, [site.limits.wasted.info, site.limits.wastedShare]);
    return rows.map((row) => ({
      ...describe(row, site),
      finding: 'bloated table',
      database: site.database,
      object: row.name,
      why: 'Scans and the cache carry the empty space along; new rows will fill it, but the file does not shrink by itself.',
      mend: `its owner in ${site.database}, when it can be locked for so long: VACUUM (FULL) ${row.name};`,
    }));
  },
};

/** B-trees that are much larger than their keys. */
export const indexBloatCheck: Check = {
  name: 'bloat of indexes',
  async run(site) {
    const rows = await site.ask<Bloated>(INDEXES, [site.limits.wasted.info, site.limits.wastedShare]);
    return rows.map((row) => ({
      ...describe(row, site),
      finding: 'bloated index',
      database: site.database,
      object: row.name,
      why: 'It takes more of the cache, and more reads, than its keys need.',
      mend: `its owner in ${site.database}: REINDEX INDEX CONCURRENTLY ${row.name};`,
    }));
  },
};
