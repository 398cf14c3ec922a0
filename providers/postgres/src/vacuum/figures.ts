import type { Instance } from '../instance.ts';

/** How a table is. Sizes are bytes; rows are what the statistics say. */
export interface Figures {
  /** With indexes and TOAST; null while somebody holds it exclusively. */
  readonly size: number | null;
  readonly liveRows: number;
  readonly deadRows: number;
  /** Transactions since its oldest row that is not frozen. */
  readonly xidAge: number;
  /** By hand; text with microseconds. */
  readonly lastVacuum: string | null;
  readonly lastAutovacuum: string | null;
  readonly vacuums: number;
}

const utc = (column: string): string => `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

const FIGURES = `
select case when not exists (select from pg_locks l where l.relation = c.oid and l.mode = 'AccessExclusiveLock')
    then pg_total_relation_size(c.oid)::float8 end as size,
  s.n_live_tup::float8 as "liveRows", s.n_dead_tup::float8 as "deadRows", age(c.relfrozenxid) as "xidAge",
  ${utc('s.last_vacuum')} as "lastVacuum", ${utc('s.last_autovacuum')} as "lastAutovacuum", s.vacuum_count::float8 as vacuums
from pg_class c join pg_stat_all_tables s on s.relid = c.oid where c.oid = $1::bigint::oid`;

/** Undefined when the table is not there any more. Rejects with an InstanceError. */
export async function figuresOf(
  instance: Instance,
  { database, oid }: { database: string; oid: number },
): Promise<Figures | undefined> {
  const [figures] = await instance.observer.ask<Figures>({ text: FIGURES, values: [oid], database });
  return figures;
}
