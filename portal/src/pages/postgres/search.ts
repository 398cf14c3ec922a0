/** What the pages of PostgreSQL keep in their addresses. Whatever somebody has typed there: what is none of it is left out. */

export const GROUPINGS = ['application', 'user', 'query', 'database', 'client', 'state', 'wait'] as const;
export type Grouping = (typeof GROUPINGS)[number];

export const SESSION_STATES = ['active', 'idle', 'idle in transaction', 'idle in transaction (aborted)'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

/** In seconds. Each look is recorded, so nobody looks more often than they can see. */
export const PACES = [1, 2, 5, 10, 30] as const;
export type Pace = (typeof PACES)[number];

type Search = Readonly<Record<string, unknown>>;

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);
/** Ids have 64 bits: a text in the address. One that was typed there without quotes is a number, and may have been rounded. */
function queryIdOf(value: unknown): string | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? String(value) : undefined;
  return typeof value === 'string' && /^-?\d{1,19}$/.test(value) ? value : undefined;
}

const flagOf = (value: unknown): true | undefined => (value === true ? true : undefined);
const oneOf = <Value>(known: readonly Value[], value: unknown): Value | undefined => known.find((own) => own === value);

/** Leaves out what is undefined: it has no place in an address. */
function present<Fields extends object>(fields: Fields): Partial<Fields> {
  // What is left out was undefined, so what is left is a part of it.
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Fields>;
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
export type SlowSort = (typeof SORTS)[number];
export const WINDOWS = ['10s', '30s', '1m'] as const;
export type Window = (typeof WINDOWS)[number];

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
