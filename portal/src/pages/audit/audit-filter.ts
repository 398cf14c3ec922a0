import { oneOf, present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

export const RANGES = ['1h', '24h', '7d', '30d'] as const;
export type Range = (typeof RANGES)[number];
export const OUTCOMES = ['ok', 'denied', 'failed'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** Characters of a search that are asked for. */
const LONGEST = 500;

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

export const readAuditFilter = (search: Search): AuditFilter =>
  present({
    q: textOf(search['q'])?.slice(0, LONGEST),
    actor: textOf(search['actor']),
    action: textOf(search['action']),
    resource: textOf(search['resource']),
    environment: textOf(search['environment']),
    type: textOf(search['type']),
    request: textOf(search['request']),
    outcome: oneOf(OUTCOMES, search['outcome']),
    range: oneOf(RANGES, search['range']),
    since: timeIn(search['since']),
    until: timeIn(search['until']),
  });

const timeIn = (value: unknown): string | undefined =>
  typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : undefined;

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
