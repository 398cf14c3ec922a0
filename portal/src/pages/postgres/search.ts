import { flagOf, oneOf, present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

/* What the pages of PostgreSQL keep in their addresses. Whatever somebody has typed there: what is none of it is left out. */

export const GROUPINGS = ['application', 'user', 'query', 'database', 'client', 'state', 'wait'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export const SESSION_STATES = ['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)'] as const;

/** In seconds. Each look is recorded, so nobody looks more often than they can see. */
export const PACES = [1, 2, 5, 10, 30] as const;
export type Pace = (typeof PACES)[number];

/** Ids have 64 bits: a text in the address. One that was typed there without quotes is a number, and may have been rounded. */
function queryIdOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? value : undefined;
}

export const readInstancesSearch = (search: Search) =>
  present({ q: textOf(search['q']), environment: textOf(search['environment']) });

export const readActivitySearch = (search: Search) =>
  present({
    q: textOf(search['q']),
    groupBy: oneOf(GROUPINGS, search['groupBy']),
    state: oneOf(SESSION_STATES, search['state']),
    application: textOf(search['application']),
    user: textOf(search['user']),
    database: textOf(search['database']),
    waiting: flagOf(search['waiting']),
    all: flagOf(search['all']),
    every: oneOf(PACES, search['every']),
  });

export const readBlockingSearch = (search: Search) =>
  present({ explain: flagOf(search['explain']), every: oneOf(PACES, search['every']) });

export const SORTS = ['total', 'mean', 'calls', 'rows', 'temp', 'io'] as const;
export const WINDOWS = ['10s', '30s', '1m'] as const;

export const readSlowSearch = (search: Search) =>
  present({
    sort: oneOf(SORTS, search['sort']),
    window: oneOf(WINDOWS, search['window']),
    charts: flagOf(search['charts']),
  });

/** Only what slow-queries shows: a statement that somebody types may hold data, and an address is kept everywhere. */
export const readExplainSearch = (search: Search) =>
  present({
    queryId: queryIdOf(search['queryId']),
    database: textOf(search['database']),
  });

export const readLeasesSearch = (search: Search) => present({ whose: oneOf(['all'] as const, search['whose']) });

export const readTablesSearch = (search: Search) => present({ database: textOf(search['database']) });

export const readRolesSearch = (search: Search) => present({ loginOnly: flagOf(search['loginOnly']) });

export const readSettingsSearch = (search: Search) => present({ all: flagOf(search['all']) });
