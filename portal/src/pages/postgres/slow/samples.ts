import type { TableOutput } from '@guichet/contract';
import type { ChartSeries } from '../../../ui/chart.tsx';

type Row = TableOutput['rows'][number];

interface Counted {
  readonly name: string;
  /** Since the counters were reset. */
  readonly calls: number;
  /** In seconds, since then. */
  readonly total: number;
}

/** What the server had counted at a time. */
export interface Sample {
  /** Milliseconds of the epoch. */
  readonly at: number;
  readonly statements: ReadonlyMap<string, Counted>;
}

/** As many as can be told apart on a chart. */
const MOST_SERIES = 5;

export function sampleOf(rows: readonly Row[], at: number): Sample {
  const statements = rows.map((row): [string, Counted] => [
    [row['queryId'], row['database'], row['user']].join(' '),
    {
      name: nameOf(row),
      calls: typeof row['calls'] === 'number' ? row['calls'] : 0,
      total: typeof row['total'] === 'number' ? row['total'] : 0,
    },
  ]);
  return { at, statements: new Map(statements) };
}

/** What a statement did between two samples. When counters were reset in between, nobody knows. */
function between(before: Counted | undefined, after: Counted | undefined): { calls: number; total: number } | undefined {
  if (before === undefined || after === undefined || after.calls < before.calls) return undefined;
  return { calls: after.calls - before.calls, total: Math.max(0, after.total - before.total) };
}

/** Calls a second, and milliseconds a call, of the statements that took most time while they were looked at. */
export function seriesOf(samples: readonly Sample[]): { readonly calls: ChartSeries[]; readonly mean: ChartSeries[] } {
  const [first] = samples;
  const last = samples.at(-1);
  if (first === undefined || last === undefined || samples.length < 2) return { calls: [], mean: [] };
  const heaviest = [...last.statements]
    .map(([key, counted]) => ({ key, name: counted.name, spent: between(first.statements.get(key), counted)?.total ?? 0 }))
    .sort((a, b) => b.spent - a.spent)
    .slice(0, MOST_SERIES);
  const pointsOf = (key: string, value: (done: { calls: number; total: number }, seconds: number) => number | null) =>
    samples.slice(1).map((sample, index): [string, number | null] => {
      const before = samples[index];
      const done = between(before?.statements.get(key), sample.statements.get(key));
      const seconds = (sample.at - (before?.at ?? sample.at)) / 1000;
      return [new Date(sample.at).toISOString(), done === undefined || seconds <= 0 ? null : value(done, seconds)];
    });
  return {
    calls: heaviest.map(({ key, name }) => ({ label: name, points: pointsOf(key, ({ calls }, seconds) => calls / seconds) })),
    mean: heaviest.map(({ key, name }) => ({
      label: name,
      points: pointsOf(key, ({ calls, total }) => (calls === 0 ? null : (total * 1000) / calls)),
    })),
  };
}

/** Its first words, and so much of its id as tells it from others that begin alike. */
function nameOf(row: Row): string {
  const query = String(row['query'] ?? '').replace(/\s+/g, ' ');
  const words = query.length > 42 ? `${query.slice(0, 41)}…` : query;
  return `${words} (${String(row['queryId']).slice(-4)})`;
}
