import { formatBytes, formatDuration } from '@guichet/contract';
import { type Check, command, type Finding, type Site } from './finding.ts';
import { sizeOf } from './held.ts';

/** Tables of people, not of the server, nor temporary ones of a session. */
export const ORDINARY = "n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'";

const drop = (site: Site, index: string): string => command(site, 'drop-index-concurrently', { database: site.database, index });

const sizeOn = (size: number | null, table: string): string => `${size === null ? 'locked now' : formatBytes(size)}, on ${table}`;

const INVALID = `
select i.indexrelid::regclass::text as index, i.indrelid::regclass::text as table, i.indisready as ready,
  ${sizeOf('pg_relation_size', 'i.indexrelid')} as size
from pg_index i
where (not i.indisvalid or not i.indisready)
  and exists (select from pg_class c where c.oid = i.indexrelid and c.relkind = 'i')
  and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
order by 4 desc nulls last limit 50`;

/** Indexes that a CREATE INDEX CONCURRENTLY left behind when it failed. */
export const invalidIndexesCheck: Check = {
  name: 'invalid indexes',
  async run(site) {
    const rows = await site.ask<{ index: string; table: string; ready: boolean; size: number | null }>(INVALID);
    return rows.map(({ index, table, ready, size }) => ({
      severity: 'warning',
      finding: 'invalid index',
      database: site.database,
      object: index,
      figure: sizeOn(size, table),
      why: ready
        ? 'No query uses it, yet every write keeps it up to date: its creation failed or was stopped. Drop it, then create it again.'
        : 'No query uses it: its creation failed or was stopped. Drop it, then create it again.',
      mend: drop(site, index),
    }));
  },
};

const UNUSED = `
select s.indexrelid::regclass::text as index, s.relid::regclass::text as table,
  ${sizeOf('pg_relation_size', 's.indexrelid')} as size,
  (select extract(epoch from clock_timestamp() - coalesce(d.stats_reset, pg_postmaster_start_time()))::float8
    from pg_stat_database d where d.datname = current_database()) as "countedFor"
from pg_stat_user_indexes s join pg_index i using (indexrelid)
where s.idx_scan = 0 and i.indisvalid and not i.indisunique and not i.indisexclusion and not i.indisreplident
  and not exists (select from pg_constraint c where c.conindid = s.indexrelid)
  and not exists (select from pg_inherits h where h.inhrelid = s.indexrelid)
  and ${sizeOf('pg_relation_size', 's.indexrelid')} >= $1::float8
order by 3 desc limit 50`;

/** Indexes that no query has used for as long as the server counts. */
export const unusedIndexesCheck: Check = {
  name: 'unused indexes',
  async run(site) {
    const { smallestIndex, countedFor: enough } = site.limits;
    const rows = await site.ask<{ index: string; table: string; size: number; countedFor: number }>(UNUSED, [smallestIndex]);
    return rows.map(({ index, table, size, countedFor }) => ({
      severity: countedFor >= enough ? 'warning' : 'info',
      finding: 'unused index',
      database: site.database,
      object: index,
      figure: `${formatBytes(size)}, on ${table}, not used for ${formatDuration(countedFor)}`,
      why:
        countedFor >= enough
          ? 'Every write keeps it up to date for nobody; replicas count for themselves, so look there too.'
          : 'Every write keeps it up to date; the counters are young, so a monthly report may still want it.',
      mend: drop(site, index),
    }));
  },
};

/** `keeper` does all that `index` does: the same columns in the same way, or more of them. */
const REDUNDANT = `
select a.indexrelid::regclass::text as index, b.indexrelid::regclass::text as keeper, a.indrelid::regclass::text as table,
  ${sizeOf('pg_relation_size', 'a.indexrelid')} as size, a.indnkeyatts = b.indnkeyatts and a.indnatts = b.indnatts as same
from pg_index a
  join pg_index b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid
  join pg_class ca on ca.oid = a.indexrelid join pg_class cb on cb.oid = b.indexrelid
  join pg_class t on t.oid = a.indrelid join pg_namespace n on n.oid = t.relnamespace
where ${ORDINARY} and a.indisvalid and b.indisvalid and ca.relkind = 'i' and ca.relam = cb.relam
  and not a.indisexclusion and not b.indisexclusion
  and not exists (select from pg_constraint c where c.conindid = a.indexrelid)
  and not exists (select from pg_inherits h where h.inhrelid = a.indexrelid)
  and a.indexprs is null and b.indexprs is null
  and pg_get_expr(a.indpred, a.indrelid) is not distinct from pg_get_expr(b.indpred, b.indrelid)
  and a.indnatts = a.indnkeyatts
  and (
    -- The same; of two that are equal in all, the younger one is named. A unique one is never the one to drop.
    (a.indkey::int2[] = b.indkey::int2[] and a.indclass::oid[] = b.indclass::oid[] and a.indcollation::oid[] = b.indcollation::oid[]
      and a.indoption::int2[] = b.indoption::int2[] and not a.indisunique
      and (b.indisunique or exists (select from pg_constraint c where c.conindid = b.indexrelid) or a.indexrelid > b.indexrelid))
    -- The first columns of a longer one (both cut, for a slice counts from 1 and a vector from 0), of a method that can be searched by its first columns.
    or (not a.indisunique and b.indnkeyatts > a.indnkeyatts
      and (select amname from pg_am where oid = ca.relam) = 'btree'
      and (b.indkey::int2[])[0:a.indnkeyatts - 1] = (a.indkey::int2[])[0:a.indnkeyatts - 1]
      and (b.indclass::oid[])[0:a.indnkeyatts - 1] = (a.indclass::oid[])[0:a.indnkeyatts - 1]
      and (b.indcollation::oid[])[0:a.indnkeyatts - 1] = (a.indcollation::oid[])[0:a.indnkeyatts - 1]
      and (b.indoption::int2[])[0:a.indnkeyatts - 1] = (a.indoption::int2[])[0:a.indnkeyatts - 1]))
order by same desc, size desc nulls last limit 50`;

/** Indexes that another one makes superfluous. */
export const redundantIndexesCheck: Check = {
  name: 'duplicate indexes',
  async run(site) {
    const rows = await site.ask<{ index: string; keeper: string; table: string; size: number | null; same: boolean }>(REDUNDANT);
    const first = rows.filter(({ index }, at) => rows.findIndex((row) => row.index === index) === at);
    return first.map(
      ({ index, keeper, table, size, same }): Finding => ({
        severity: same ? 'warning' : 'info',
        finding: same ? 'duplicate index' : 'redundant index',
        database: site.database,
        object: index,
        figure: sizeOn(size, table),
        why: same
          ? `${keeper} is the same, and every write keeps both up to date.`
          : `${keeper} begins with the same columns and serves the same queries, if less compactly.`,
        mend: drop(site, index),
      }),
    );
  },
};

/** No valid index without a condition begins with just the columns of the key, in whatever order. */
const FOREIGN_KEYS = `
select c.conrelid::regclass::text as table, c.conname::text as key, c.confrelid::regclass::text as parent,
  ${sizeOf('pg_table_size', 'c.conrelid')} as size,
  (select array_agg(a.attname::text order by k.at) from unnest(c.conkey) with ordinality k (attnum, at)
    join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum) as columns
from pg_constraint c
where c.contype = 'f' and c.conparentid = 0 and ${sizeOf('pg_table_size', 'c.conrelid')} >= $1::float8
  and not exists (select from pg_index i where i.indrelid = c.conrelid and i.indisvalid and i.indpred is null
    and i.indnkeyatts >= cardinality(c.conkey) and (i.indkey::int2[])[0:cardinality(c.conkey) - 1] @> c.conkey)
order by 4 desc limit 50`;

interface ForeignKey {
  readonly table: string;
  readonly key: string;
  readonly parent: string;
  readonly size: number;
  readonly columns: string[];
}

export const foreignKeysCheck: Check = {
  name: 'foreign keys without an index',
  async run(site) {
    const rows = await site.ask<ForeignKey>(FOREIGN_KEYS, [site.limits.smallestTable]);
    return rows.map(({ table, key, parent, size, columns }) => ({
      severity: 'warning',
      finding: 'foreign key without index',
      database: site.database,
      object: `${table} (${columns.join(', ')})`,
      figure: `${formatBytes(size)}, ${key}`,
      why: `Each delete in ${parent}, and each change of its key, reads all of ${table}.`,
      mend: command(site, 'create-index-concurrently', { database: site.database, table, column: columns }),
    }));
  },
};

const SCANNED = `
select s.relid::regclass::text as table, s.seq_scan::float8 as scans, s.seq_tup_read::float8 / s.seq_scan as each,
  coalesce(s.idx_scan, 0)::float8 as "indexScans", c.reltuples::float8 as rows, ${sizeOf('pg_table_size', 's.relid')} as size
from pg_stat_user_tables s join pg_class c on c.oid = s.relid
where s.seq_scan >= $1::float8 and c.reltuples >= $2::float8 and ${sizeOf('pg_table_size', 's.relid')} >= $3::float8
  and s.seq_tup_read / s.seq_scan >= c.reltuples / 2
order by s.seq_tup_read desc limit 20`;

interface Scanned {
  readonly table: string;
  readonly scans: number;
  readonly each: number;
  readonly indexScans: number;
  readonly rows: number;
  readonly size: number;
}

/** Big tables that are read whole again and again. */
export const scannedTablesCheck: Check = {
  name: 'missing indexes',
  async run(site) {
    const { scans: many, fewestRows, smallestTable } = site.limits;
    const rows = await site.ask<Scanned>(SCANNED, [many, fewestRows, smallestTable]);
    return rows.map(({ table, scans, each, indexScans, size }) => ({
      severity: 'warning',
      finding: 'missing index',
      database: site.database,
      object: table,
      figure: `read whole ${scans.toLocaleString('en')} times, ${Math.round(each).toLocaleString('en')} rows each, ${formatBytes(size)}; by index ${indexScans.toLocaleString('en')} times`,
      why: 'A query that wants few rows of it reads all of them, every time.',
      mend: `${command(site, 'slow-queries', { database: site.database })} (find the query, explain it, create an index on what it filters by)`,
    }));
  },
};
