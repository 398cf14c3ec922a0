import type { Check, Finding } from './finding.ts';

interface Sequence {
  readonly sequence: string;
  /** Null when it was never used, or may not be read. */
  readonly last: number | null;
  readonly readable: boolean;
  readonly first: number;
  readonly end: number;
  readonly table: string | null;
  readonly column: string | null;
  /** Of the column: `integer`, `bigint` ... */
  readonly type: string | null;
}

/**
 * Each sequence, with the column that it fills: one that owns it (serial, identity), or whose default takes from it. A column
 * of integers ends before a sequence of bigints does.
 */
const SEQUENCES = `
with filled as (
  select d.objid as seq, d.refobjid as rel, d.refobjsubid as att from pg_depend d
  where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
  union
  select d.refobjid, f.adrelid, f.adnum from pg_depend d join pg_attrdef f on f.oid = d.objid
  where d.classid = 'pg_attrdef'::regclass and d.refclassid = 'pg_class'::regclass
), ends as (
  select s.seqrelid, s.seqincrement > 0 as up, s.seqmin, s.seqmax, s.seqstart, f.rel, a.attname, format_type(a.atttypid, null) as type,
    case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else 9223372036854775807 end as most
  from pg_sequence s left join filled f on f.seq = s.seqrelid
    left join pg_attribute a on a.attrelid = f.rel and a.attnum = f.att
  where not s.seqcycle
)
select e.seqrelid::regclass::text as sequence, p.last_value::float8 as last,
  has_sequence_privilege(e.seqrelid, 'USAGE, SELECT') as readable,
  case when up then seqmin else seqmax end::float8 as first,
  case when up then least(seqmax, most) else greatest(seqmin, -most) end::float8 as end,
  e.rel::regclass::text as table, quote_ident(e.attname) as column, e.type
from ends e join pg_class c on c.oid = e.seqrelid join pg_namespace n on n.oid = c.relnamespace
  join pg_sequences p on p.schemaname = n.nspname and p.sequencename = c.relname
where c.relpersistence <> 't'`;

/** Sequences that will soon have no number left, which ends all inserts. */
export const sequencesCheck: Check = {
  name: 'sequences',
  async run({ ask, limits, database }) {
    const rows = await ask<Sequence>(SEQUENCES);
    const hidden = rows.filter(({ readable }) => !readable).length;
    const findings = rows.flatMap((row): Finding[] => {
      const { sequence, last, first, end, table, column, type } = row;
      if (last === null) return [];
      const share = Math.abs(last - first) / Math.abs(end - first);
      if (share < limits.sequence.warning) return [];
      return [
        {
          severity: share >= limits.sequence.critical ? 'critical' : 'warning',
          finding: 'sequence near its end',
          database,
          object: sequence,
          figure: `${(share * 100).toFixed(1)} % used, ${Math.abs(end - last).toLocaleString('en')} left${table === null ? '' : `, for ${type} ${table}.${column}`}`,
          why: 'When it has no number left, every insert that takes one fails.',
          mend: mendOf(row, database),
        },
      ];
    });
    if (hidden === 0) return findings;
    return [
      ...findings,
      {
        severity: 'unknown',
        finding: 'not looked at',
        database,
        object: `${hidden} sequences`,
        figure: 'no right to read them',
        why: 'One that is near its end would not be seen.',
        mend: 'name an admin login in the configuration, with pg_read_all_data (docs/guide/postgres.md)',
      },
    ];
  },
};

function mendOf({ sequence, table, column, type }: Sequence, database: string): string {
  const widen = `ALTER SEQUENCE ${sequence} AS bigint;`;
  if (table === null || type === 'bigint') return `its owner in ${database}: ${widen}`;
  return `its owner in ${database}: ALTER TABLE ${table} ALTER COLUMN ${column} TYPE bigint; ${widen} (rewrites the table under a lock; a new column that is filled in steps does not)`;
}
