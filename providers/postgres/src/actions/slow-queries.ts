import { setTimeout as sleep } from 'node:timers/promises';
import { formatDuration } from '@guichet/contract';
import { action, type ProviderAction, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../estate.ts';
import { refusing } from '../instance-error.ts';
import { between, type Counters, readTexts, type Sample, takeSample } from '../statements/counters.ts';
import { type Extension, findExtension } from '../statements/extension.ts';
import { type Ranked, rank, SORTS } from '../statements/ranking.ts';
import { DatabaseName, databaseOptions } from './database-field.ts';
import { Duration, secondsOf } from './duration-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { userOptions } from './user-field.ts';
import type { Workplace } from './workplace.ts';

/** A caller waits for the answer all the while, through gateways and proxies. In seconds. */
const LONGEST_WINDOW = 300;

const Input = z.strictObject({
  instance: InstanceName,
  sort: z.enum(SORTS).default('total').describe('What the heaviest have most of'),
  window: Duration.optional().describe(
    'Only what ends within the next so long, e.g. 30s; at most 5m. Absent: all since the counters were reset',
  ),
  database: DatabaseName.optional().describe('Only statements in this database'),
  user: z.string().min(1).max(63).optional().describe('Only statements of this user'),
  all: z.boolean().default(false).describe('Statements of Guichet too'),
  limit: z.int().min(1).max(500).default(20).describe('Most rows'),
});
type Input = z.output<typeof Input>;

export function slowQueriesAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('slow-queries', {
    title: 'Show the statements that cost most',
    description:
      'What pg_stat_statements has counted: which statements take most time, how often they run, how much they read. Since its last reset, or of what ends within a window from now on. Literals and comments are not shown.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: LONGEST_WINDOW + 30,
    examples: [
      { title: 'See what costs most time', input: { instance: 'pg1' } },
      { title: 'See what costs most time right now', input: { instance: 'pg1', window: '30s' } },
      { title: 'See what is slow each time it runs', input: { instance: 'pg1', sort: 'mean', database: 'orders' } },
    ],
    options: {
      instance: instanceOptions(workplace),
      database: databaseOptions(workplace),
      user: userOptions(workplace),
    },
    run: ({ input, environment, progress, signal }) =>
      refusing(async () => {
        const window = input.window === undefined ? undefined : windowOf(input.window);
        const instance = await estate.find(environment, input.instance);
        const extension = await findExtension(instance);
        const first = await takeSample(instance, extension);
        const waited = async (): Promise<Sample> => {
          await pass(window ?? 0, { progress, signal });
          return takeSample(instance, extension);
        };
        const last = window === undefined ? first : await waited();
        const counters = window === undefined ? first.counters : between(first, last);
        const { top, found } = rank(counters, { ...input, ours: input.all ? new Set() : oursOn(instance) });
        const texts = await readTexts(
          instance,
          extension,
          top.map(({ queryId }) => queryId),
        );
        const masked = await mask();
        const rows = top.map((one) => rowOf(one, masked.mask(texts.get(one.queryId) ?? '', false), last));
        return {
          kind: 'table',
          columns: [...COLUMNS],
          rows,
          notes: [...spanOf({ first, last, extension, window }), ...notesOf(rows, { found, input, environment })],
          empty: emptyOf(input, counters),
        };
      }),
  });
}

function windowOf(text: string): number {
  const seconds = secondsOf(text);
  if (seconds >= 1 && seconds <= LONGEST_WINDOW) return seconds;
  return refuse(`A window of ${text} cannot be watched.`, { remedy: 'Take one from 1s to 5m, such as --window 30s.' });
}

async function pass(
  seconds: number,
  { progress, signal }: { progress: (said: { message: string; done: number; total: number }) => void; signal: AbortSignal },
): Promise<void> {
  for (let done = 0; done < seconds; done++) {
    progress({ message: 'seconds watched', done, total: seconds });
    await sleep(1000, undefined, { signal });
  }
}

/** Guichet's own logins: what it asks to show this would else stand among what it shows. */
function oursOn({ observer, actor, settings: { admin } }: Instance): ReadonlySet<string> {
  return new Set([observer.user, actor.user, ...(admin === undefined ? [] : [admin.user])]);
}

const COLUMNS = [
  { key: 'queryId', title: 'Query id', type: 'number' }, // numbers are never cut, and this one is to be copied
  { key: 'total', title: 'Total', type: 'duration' },
  { key: 'share', title: 'Share %', type: 'number' },
  { key: 'calls', title: 'Calls', type: 'number' },
  { key: 'meanMs', title: 'Mean ms', type: 'number' },
  { key: 'rows', title: 'Rows', type: 'number' },
  { key: 'read', title: 'Read', type: 'bytes' },
  { key: 'temp', title: 'Temp', type: 'bytes' },
  { key: 'database', title: 'Database', type: 'code' },
  { key: 'query', title: 'Query', type: 'code' },
  { key: 'user', title: 'User', type: 'code', wide: true },
  { key: 'minMs', title: 'Min ms', type: 'number', wide: true },
  { key: 'maxMs', title: 'Max ms', type: 'number', wide: true },
  { key: 'stddevMs', title: 'Stddev ms', type: 'number', wide: true },
  { key: 'planningMs', title: 'Planning ms', type: 'number', wide: true },
  { key: 'hitPercent', title: 'Cache hit %', type: 'number', wide: true },
  { key: 'written', title: 'Written', type: 'bytes', wide: true },
  { key: 'io', title: 'I/O time', type: 'duration', wide: true },
  { key: 'wal', title: 'WAL', type: 'bytes', wide: true },
] as const;

function rowOf(one: Ranked, query: string, { timesIo }: Sample) {
  const { queryId, user, database, calls, total, rows, read, temp, written, hit, wal } = one;
  return {
    queryId,
    total,
    share: Math.round(one.share * 1000) / 10,
    calls,
    meanMs: milliseconds(one.mean),
    rows,
    read,
    temp,
    database,
    query,
    user,
    minMs: milliseconds(one.min),
    maxMs: milliseconds(one.max),
    stddevMs: milliseconds(one.stddev),
    planningMs: milliseconds(one.planning),
    hitPercent: hit + read === 0 ? null : Math.round((1000 * hit) / (hit + read)) / 10,
    written,
    io: timesIo ? one.io : null,
    wal,
  };
}

/** Three digits that count: statements take from microseconds to hours. */
function milliseconds(seconds: number | null): number | null {
  if (seconds === null) return null;
  const ms = seconds * 1000;
  return ms >= 100 ? Math.round(ms) : Number(ms.toPrecision(3));
}

interface Span {
  readonly first: Sample;
  readonly last: Sample;
  readonly extension: Extension;
  readonly window: number | undefined;
}

/** Since when, and what is not in it. */
function spanOf({ first, last, extension, window }: Span): string[] {
  const dropped = (last.dropped ?? 0) - (window === undefined ? 0 : (first.dropped ?? 0));
  const span =
    window !== undefined
      ? `What ended within ${formatDuration(window)} up to ${iso(last.takenAt)}; what still runs is in activity.`
      : first.since === null
        ? `Since the last reset; pg_stat_statements 1.${extension.minor} does not say when that was.`
        : `Since the reset of ${iso(first.since)}, ${formatDuration((first.takenAt.getTime() - first.since.getTime()) / 1000)} ago; waiting for locks counts too. --window 30s shows what costs most now.`;
  return [
    span,
    ...(dropped > 0
      ? [`Of rare statements some were forgotten ${dropped} times, for there are more than pg_stat_statements.max.`]
      : []),
  ];
}

const iso = (at: Date): string => `${at.toISOString().slice(0, 19)}Z`;

function notesOf(
  rows: readonly ReturnType<typeof rowOf>[],
  { found, input, environment }: { found: number; input: Input; environment: string },
): string[] {
  const heaviest = rows.find(({ query }) => EXPLAINABLE.test(query));
  const flags = { instance: input.instance, 'query-id': heaviest?.queryId ?? '', env: environment };
  return [
    ...(found > rows.length ? [`The first ${rows.length} of ${found} statements; raise --limit, or filter.`] : []),
    ...(heaviest === undefined ? [] : [`How the server runs one of them: ${commandLine('slow-queries explain', flags)}`]),
  ];
}

/** Masked statements that have a plan begin so. */
export const EXPLAINABLE = /^(?:select|with|insert|update|delete|merge|values|table)\b/i;

function emptyOf({ database, user, window }: Input, counters: readonly Counters[]): string {
  const what = [
    ...(database === undefined ? [] : [`in database '${database}'`]),
    ...(user === undefined ? [] : [`of user '${user}'`]),
  ];
  if (counters.length > 0 && what.length > 0) return `No statement ${what.join(' ')} was counted.`;
  return window === undefined ? 'No statement was counted yet.' : `No statement ended within ${window}.`;
}
