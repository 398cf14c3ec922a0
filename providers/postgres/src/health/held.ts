import { type Check, command } from './finding.ts';

const HELD = `
select l.relation from pg_locks l where l.locktype = 'relation' and l.mode = 'AccessExclusiveLock'
  and l.database = (select oid from pg_database where datname = current_database())`;

/**
 * The size of a relation; null while somebody holds it exclusively, or waits for that. To measure it would be to wait for them,
 * and one such table would keep a check from looking at all the others.
 */
export function sizeOf(measure: 'pg_relation_size' | 'pg_table_size', relation: string): string {
  return `case when ${relation} not in (${HELD}) then ${measure}(${relation})::float8 end`;
}

const NAMES = `
select c.oid::regclass::text as name from pg_class c
where c.oid in (${HELD}) and c.relkind in ('r', 'm', 'i') and c.relpersistence <> 't' order by 1 limit 20`;

/** What could not be measured because somebody holds it. */
export const heldCheck: Check = {
  name: 'exclusive locks',
  async run(site) {
    const rows = await site.ask<{ name: string }>(NAMES);
    return rows.map(({ name }) => ({
      severity: 'unknown',
      finding: 'locked exclusively',
      database: site.database,
      object: name,
      figure: 'not measured',
      why: 'Whoever wants to read it waits, and so would this.',
      mend: command(site, 'blocking', {}),
    }));
  },
};
