import type { Counters } from './counters.ts';

export const SORTS = ['total', 'mean', 'calls', 'rows', 'temp', 'io'] as const;
export type Sort = (typeof SORTS)[number];

export interface Wanted {
  readonly sort: Sort;
  readonly database?: string | undefined;
  readonly user?: string | undefined;
  /** Of these users nothing is shown, unless it is asked for. */
  readonly ours: ReadonlySet<string>;
  readonly limit: number;
}

export interface Ranked extends Counters {
  readonly mean: number;
  /** Of the time of all statements of the server, 0 to 1. */
  readonly share: number;
}

const WEIGHTS: Readonly<Record<Sort, (counters: Ranked) => number>> = {
  total: ({ total }) => total,
  mean: ({ mean }) => mean,
  calls: ({ calls }) => calls,
  rows: ({ rows }) => rows,
  temp: ({ temp }) => temp,
  // Where the server does not time blocks, what had to be fetched from outside its cache tells.
  io: ({ io, read, written }) => io * 1e12 + read + written,
};

/** The heaviest of those that are wanted, and how many those are. */
export function rank(counters: readonly Counters[], wanted: Wanted): { top: Ranked[]; found: number } {
  const { sort, database, user, ours, limit } = wanted;
  const whole = counters.reduce((sum, { total }) => sum + total, 0);
  const found = counters.filter(
    (one) =>
      (database === undefined || one.database === database) &&
      (user === undefined ? !ours.has(one.user) : one.user === user) &&
      one.calls > 0,
  );
  const weigh = WEIGHTS[sort];
  const top = found
    .map((one): Ranked => ({ ...one, mean: one.total / one.calls, share: whole === 0 ? 0 : one.total / whole }))
    .sort((a, b) => weigh(b) - weigh(a) || b.total - a.total || (a.key < b.key ? -1 : 1))
    .slice(0, limit);
  return { top, found: found.length };
}
