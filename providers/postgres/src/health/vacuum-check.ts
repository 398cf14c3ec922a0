import { formatBytes } from '@guichet/contract';
import { type Check, command } from './finding.ts';
import { sizeOf } from './held.ts';

const DEAD = `
select relid::regclass::text as table, n_dead_tup::float8 as dead, n_live_tup::float8 as live
from pg_stat_user_tables
where schemaname !~ '^pg_temp' and n_dead_tup >= $1::float8 and n_dead_tup >= $2::float8 * (n_live_tup + n_dead_tup)
order by n_dead_tup desc limit 20`;

/** Tables where autovacuum does not keep up. */
export const deadRowsCheck: Check = {
  name: 'dead rows',
  async run(site) {
    const { deadRows, deadShare } = site.limits;
    const rows = await site.ask<{ table: string; dead: number; live: number }>(DEAD, [deadRows, deadShare]);
    return rows.map(({ table, dead, live }) => ({
      severity: 'warning',
      finding: 'many dead rows',
      database: site.database,
      object: table,
      figure: `${dead.toLocaleString('en')} dead, ${live.toLocaleString('en')} live`,
      why: 'Every scan reads the dead rows too; autovacuum does not keep up, or an old transaction hinders it.',
      mend: command(site, 'vacuum-analyze', { database: site.database, table }),
    }));
  },
};

const NEVER_ANALYZED = `
select s.relid::regclass::text as table, s.n_live_tup::float8 as rows, ${sizeOf('pg_table_size', 's.relid')} as size
from pg_stat_user_tables s
where s.schemaname !~ '^pg_temp' and s.last_analyze is null and s.last_autoanalyze is null and ${sizeOf('pg_table_size', 's.relid')} >= $1::float8
order by 3 desc limit 20`;

/** Tables that the planner knows nothing of. */
export const statisticsCheck: Check = {
  name: 'statistics',
  async run(site) {
    const rows = await site.ask<{ table: string; size: number }>(NEVER_ANALYZED, [site.limits.smallestTable]);
    return rows.map(({ table, size }) => ({
      severity: 'warning',
      finding: 'statistics never gathered',
      database: site.database,
      object: table,
      figure: formatBytes(size),
      why: 'The planner guesses how many rows a condition finds, and guesses badly.',
      mend: command(site, 'vacuum-analyze', { database: site.database, table }),
    }));
  },
};

const SWITCHED_OFF = `
select c.oid::regclass::text as table, ${sizeOf('pg_table_size', 'c.oid')} as size
from pg_class c
where c.relkind in ('r', 'm') and exists (
  select from pg_options_to_table(c.reloptions) where option_name = 'autovacuum_enabled' and option_value in ('false', 'off', '0', 'no'))
order by 2 desc nulls last limit 20`;

export const autovacuumCheck: Check = {
  name: 'autovacuum of tables',
  async run(site) {
    const rows = await site.ask<{ table: string; size: number | null }>(SWITCHED_OFF);
    return rows.map(({ table, size }) => ({
      severity: 'warning',
      finding: 'autovacuum switched off',
      database: site.database,
      object: table,
      figure: size === null ? 'locked now' : formatBytes(size),
      why: 'Its dead rows stay and its statistics grow old, unless somebody vacuums it by hand.',
      mend: `its owner in ${site.database}: ALTER TABLE ${table} RESET (autovacuum_enabled);`,
    }));
  },
};
