import { formatDuration } from '@guichet/contract';
import { OWN_NAME } from '../login.ts';
import { type Check, command, type Severity } from './finding.ts';

interface Transaction {
  readonly pid: number;
  readonly application: string;
  readonly user: string | null;
  readonly database: string | null;
  readonly state: string;
  readonly age: number;
  readonly idle: number;
}

const TRANSACTIONS = `
select pid, application_name as application, usename::text as user, datname::text as database, state,
  extract(epoch from clock_timestamp() - xact_start)::float8 as age,
  extract(epoch from clock_timestamp() - state_change)::float8 as idle
from pg_stat_activity
where backend_type = 'client backend' and xact_start is not null and pid <> pg_backend_pid() and state is not null
  and application_name <> $1 and application_name not like $1 || ' %'
order by xact_start limit 200`;

/** Transactions that have been open for long, and those whose session does nothing meanwhile. */
export const transactionsCheck: Check = {
  name: 'long transactions',
  async run(site) {
    const { limits } = site;
    const rows = await site.ask<Transaction>(TRANSACTIONS, [OWN_NAME]);
    return rows.flatMap(({ pid, application, user, database, state, age, idle }) => {
      const isIdle = state.startsWith('idle in transaction');
      const long = age >= limits.transaction.warning;
      if (!(isIdle && idle >= limits.idleInTransaction) && !long) return [];
      return [
        {
          severity: age >= limits.transaction.critical ? 'critical' : 'warning',
          finding: isIdle ? 'transaction left open' : 'long transaction',
          database: database ?? undefined,
          object: `pid ${pid} ${application === '' ? `user ${user}` : `'${application}'`}`,
          figure: `open for ${formatDuration(age)}${isIdle ? `, idle for ${formatDuration(idle)}` : ''}`,
          why: isIdle
            ? 'It keeps its locks, and no row that died since it began can be cleaned up anywhere.'
            : 'No row that died since it began can be cleaned up anywhere.',
          mend: command(site, isIdle ? 'terminate-session' : 'cancel-query', { pid }),
        },
      ];
    });
  },
};

interface Prepared {
  readonly gid: string;
  readonly literal: string;
  readonly owner: string;
  readonly database: string;
  readonly age: number;
}

const PREPARED = `
select gid, quote_literal(gid) as literal, owner::text, database::text,
  extract(epoch from clock_timestamp() - prepared)::float8 as age
from pg_prepared_xacts order by prepared limit 100`;

/** Transactions of two-phase commit that nobody has ended. */
export const preparedCheck: Check = {
  name: 'prepared transactions',
  async run({ ask, limits }) {
    const rows = await ask<Prepared>(PREPARED);
    return rows
      .filter(({ age }) => age >= limits.prepared.warning)
      .map(({ gid, literal, owner, database, age }) => ({
        severity: age >= limits.prepared.critical ? 'critical' : 'warning',
        finding: 'prepared transaction left over',
        database,
        object: gid,
        figure: `prepared ${formatDuration(age)} ago`,
        why: 'It keeps its locks over restarts, has no session to end, and keeps dead rows from being cleaned up.',
        mend: `${owner} or a superuser in ${database}: ROLLBACK PREPARED ${literal}; (or COMMIT PREPARED)`,
      }));
  },
};

const CONNECTIONS = `
select count(*)::int as used,
  (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int) as allowed
from pg_stat_activity where backend_type = 'client backend'`;

export const connectionsCheck: Check = {
  name: 'connections',
  async run(site) {
    const [row] = await site.ask<{ used: number; allowed: number }>(CONNECTIONS);
    const { used, allowed } = row ?? { used: 0, allowed: 1 };
    const { warning, critical } = site.limits.connections;
    if (used / allowed < warning) return [];
    const severity: Severity = used / allowed >= critical ? 'critical' : 'warning';
    return [
      {
        severity,
        finding: 'connections near the limit',
        object: 'max_connections',
        figure: `${used} of ${allowed}`,
        why: 'At the limit the server refuses everybody but superusers.',
        mend: `${command(site, 'activity', { 'group-by': 'application' })} (shows whose they are; then a pooler, or a higher max_connections)`,
      },
    ];
  },
};
