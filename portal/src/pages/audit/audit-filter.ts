export const RANGES = ['1h', '24h', '7d', '30d'] as const;
export type Range = (typeof RANGES)[number];
export const OUTCOMES = ['ok', 'denied', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

const TEXTS = ['q', 'actor', 'action', 'resource', 'environment', 'type', 'request'] as const;

/** What the audit log is narrowed to, as it stands in the address. */
export interface AuditFilter {
  readonly q?: string;
  readonly actor?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly environment?: string;
  readonly type?: string;
  readonly request?: string;
  readonly outcome?: Outcome;
  /** The last hour, day, ...: counted from when one looks. */
  readonly range?: Range;
  /** Times of ISO 8601, when no range is set. */
  readonly since?: string;
  readonly until?: string;
}

export function readAuditFilter(search: Readonly<Record<string, unknown>>): AuditFilter {
  const filter: Record<string, string> = {};
  for (const name of TEXTS) {
    const value = search[name];
    // The router reads `request=7` as a number.
    if ((typeof value === 'string' && value !== '') || typeof value === 'number') filter[name] = String(value).slice(0, 500);
  }
  const outcome = OUTCOMES.find((known) => known === search['outcome']);
  const range = RANGES.find((known) => known === search['range']);
  for (const name of ['since', 'until'] as const) {
    const time = search[name];
    if (typeof time === 'string' && !Number.isNaN(Date.parse(time))) filter[name] = time;
  }
  return { ...filter, ...(outcome !== undefined && { outcome }), ...(range !== undefined && { range }) };
}

const HOURS: Readonly<Record<Range, number>> = { '1h': 1, '24h': 24, '7d': 7 * 24, '30d': 30 * 24 };

/** What the gateway is asked for. `now` is when somebody looks: all pages of a list begin at the same time. */
export function auditQuery({ q, range, since, until, ...rest }: AuditFilter, now: number) {
  const search = q?.trim() ?? '';
  const from = range === undefined ? since : new Date(now - HOURS[range] * 3_600_000).toISOString();
  return {
    ...rest,
    ...(search !== '' && { search }),
    ...(from !== undefined && { since: from }),
    ...(range === undefined && until !== undefined && { until }),
  };
}

/** How many of the filters that are not always in sight are set. */
export const hiddenFilters = ({ action, resource, environment, type, request }: AuditFilter): number =>
  [action, resource, environment, type, request].filter((value) => value !== undefined).length;
