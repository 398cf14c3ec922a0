import type { InputOf } from '@guichet/client';
import type { RequestState } from '@guichet/contract';
import { oneOf, present, textOf } from '../../app/search-values.ts';
import type { Search } from '../../app/use-filter.ts';

export const VIEWS = ['to-approve', 'mine', 'team', 'to-review', 'unknown', 'all'] as const;
export type View = (typeof VIEWS)[number];

/** In the order of a life; `REQUEST_STATES` of the contract as plain words. */
export const STATES = [
  'awaiting_approval',
  'queued',
  'running',
  'unknown',
  'succeeded',
  'failed',
  'cancelled',
  'rejected',
  'withdrawn',
  'expired',
  'void',
] as const satisfies readonly RequestState[];

export const UNDOS = ['possible', 'scheduled', 'held'] as const;
export type UndoFilter = (typeof UNDOS)[number];

/** How long ago, from whenever it is looked at. */
export const RANGES = { hour: 3600, day: 86_400, week: 7 * 86_400, month: 30 * 86_400 } as const;
export type Range = keyof typeof RANGES;

/** What the list of requests shows, as it stands in its address. */
export interface RequestFilter {
  readonly view?: View;
  /** States, with commas between them. */
  readonly state?: string;
  readonly environment?: string;
  /** An action id, or a prefix that ends in `.*`. */
  readonly action?: string;
  /** Whose things it acts on. */
  readonly team?: string;
  /** TYPE:ID, as plans name what they act on. */
  readonly resource?: string;
  /** user:NAME, machine:NAME, team:NAME, or `me`. */
  readonly requester?: string;
  /** One of RANGES, or a time. */
  readonly since?: string;
  readonly until?: string;
  readonly undo?: UndoFilter;
}

/** The members of a filter that narrow a view. */
export const NARROWING = ['state', 'environment', 'action', 'team', 'resource', 'requester', 'since', 'until', 'undo'] as const;

/** Whatever somebody has typed into an address: what is no filter is left out. */
export const readRequestFilter = (search: Search): RequestFilter =>
  present({
    view: oneOf(VIEWS, search['view']),
    state: statesIn(textOf(search['state'])).join(',') || undefined,
    environment: textOf(search['environment']),
    action: textOf(search['action']),
    team: textOf(search['team']),
    resource: textOf(search['resource']),
    requester: textOf(search['requester']),
    since: momentOf(search['since']),
    until: momentOf(search['until']),
    undo: oneOf(UNDOS, search['undo']),
  });

function momentOf(value: unknown): string | undefined {
  const text = textOf(value);
  return text !== undefined && (isRange(text) || !Number.isNaN(Date.parse(text))) ? text : undefined;
}

/** The states that a filter names, in their order. */
export function statesIn(text: string | undefined): readonly RequestState[] {
  const named = text?.split(',') ?? [];
  return STATES.filter((state) => named.includes(state));
}

export const isRange = (text: string): text is Range => Object.hasOwn(RANGES, text);

interface Reader {
  /** Of whoever looks. */
  readonly teams: readonly string[];
  /** Milliseconds: ranges are counted from it. */
  readonly now: number;
}

/** How the gateway is asked for what the filter shows. */
export function queryOf(filter: RequestFilter, { teams, now }: Reader): NonNullable<InputOf<'requests.list', 'query'>> {
  const { view = 'to-approve', since, until, ...rest } = filter;
  return {
    ...rest,
    ...(view === 'to-approve' && { toApprove: 'true' as const }),
    ...(view === 'mine' && { requester: 'me' }),
    ...(view === 'team' && { team: filter.team ?? teams[0] }),
    ...(view === 'to-review' && { toReview: 'true' as const }),
    ...(view === 'unknown' && { state: 'unknown' }),
    ...(since !== undefined && { since: timeOf(since, now) }),
    ...(until !== undefined && { until: timeOf(until, now) }),
  };
}

const timeOf = (text: string, now: number): string =>
  new Date(isRange(text) ? now - RANGES[text] * 1000 : Date.parse(text)).toISOString();
