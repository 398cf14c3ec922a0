import { refuse } from '@guichet/sdk';
import type { OwnSession } from '../login.ts';
import type { ChangedName } from './explainable.ts';

/** What a change of a table does besides changing its rows. */
export interface Target {
  readonly table: string;
  /** Sequences that give numbers to new rows: these are not given back by a rollback. */
  readonly sequences: readonly string[];
}

interface Row extends Target {
  /** The statement names it; else a foreign key carries the change on to it (ON DELETE CASCADE ...). */
  readonly named: boolean;
  readonly kind: string;
  /** What runs code of somebody when a row is changed: `trigger audit`, `check positive` ... */
  readonly made: string[] | null;
}

/**
 * Code that somebody has made and that a change would run, with the rights of our login: triggers and rules, and functions in
 * checks, defaults, indexes, policies and domains. What came with the server or an extension has an oid below 16384, or is
 * known to be of one.
 */
const TARGETS = `
with recursive named as (
  select c.oid, w.change from unnest($1::text[], $2::text[], $3::text[]) w(schema, name, change)
  join pg_class c on c.oid = to_regclass(case when w.schema is null then format('%I', w.name) else format('%I.%I', w.schema, w.name) end)
), reached as (
  select oid, change from named
  union
  select k.conrelid, 'any' from reached r join pg_constraint k on k.confrelid = r.oid and k.contype = 'f'
    and (r.change in ('delete', 'any') and k.confdeltype in ('c', 'n', 'd') or r.change in ('update', 'any') and k.confupdtype in ('c', 'n', 'd'))
)
select c.oid in (select oid from named) as named, c.oid::regclass::text as table, case when c.relhassubclass and c.relkind = 'r' then 'parent' else c.relkind::text end as kind,
  coalesce((select array_agg(s.oid::regclass::text order by 1) from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S'
    where d.refobjid = c.oid and d.deptype in ('a', 'i')), '{}') as sequences,
  (select array_agg(what order by what) from (
    select 'the trigger ' || quote_ident(t.tgname) as what from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal and t.tgenabled <> 'D'
    union all
    select 'the rule ' || quote_ident(r.rulename) from pg_rewrite r where r.ev_class = c.oid and r.rulename <> '_RETURN'
    union all
    select 'a function of its checks, defaults, indexes or policies' from pg_depend d
    where d.refclassid in ('pg_proc'::regclass, 'pg_operator'::regclass) and d.refobjid >= 16384
      and not exists (select from pg_depend e where e.classid = d.refclassid and e.objid = d.refobjid and e.deptype = 'e')
      and (d.classid = 'pg_constraint'::regclass and d.objid in (select k.oid from pg_constraint k
          where k.conrelid = c.oid or k.contypid in (select a.atttypid from pg_attribute a where a.attrelid = c.oid))
        or d.classid = 'pg_attrdef'::regclass and d.objid in (select f.oid from pg_attrdef f where f.adrelid = c.oid)
        or d.classid = 'pg_class'::regclass and d.objid in (select i.indexrelid from pg_index i where i.indrelid = c.oid)
        or d.classid = 'pg_policy'::regclass and d.objid in (select o.oid from pg_policy o where o.polrelid = c.oid))
  ) made) as made
from pg_class c where c.oid in (select oid from reached) order by 1 desc, 2`;

/** The tables that a statement changes. Refuses those where that runs code which somebody has made. */
export async function targetsOf(session: OwnSession, names: readonly ChangedName[]): Promise<Target[]> {
  const rows = await session.query<Row>(TARGETS, [
    names.map(({ schema }) => schema),
    names.map(({ name }) => name),
    names.map(({ change }) => change),
  ]);
  for (const { named, table, kind, made } of rows) {
    if (named && kind !== 'r') {
      return refuse(`A change of ${table} is not run: it is ${KINDS[kind] ?? 'not an ordinary table'}.`, {
        remedy: 'What is below it is not looked through here. Name the table itself, or explain without running.',
      });
    }
    const [first] = made ?? [];
    if (first !== undefined) {
      return refuse(
        `A change of ${table}${named ? '' : ', to which a foreign key carries it on,'} is not run: ${first} would run with the rights of Guichet, and what it does may last.`,
        {
          remedy: 'Explain it without running (slow-queries explain), or run it on a copy of the database.',
        },
      );
    }
  }
  return rows.filter(({ named }) => named).map(({ table, sequences }) => ({ table, sequences }));
}

const KINDS: Readonly<Record<string, string>> = {
  v: 'a view',
  p: 'a partitioned table',
  parent: 'a table that others inherit from',
  f: 'a foreign table',
  m: 'a materialized view',
};
