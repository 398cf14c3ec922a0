import { formatRequestId } from '@guichet/contract';
import type { Deed } from './effect-log.ts';
import { type Came, query } from './errands.ts';

export interface TermFindings {
  /** What was undone more than once, or at another time than it should have been. */
  readonly wrongUndos: string[];
  /** What began before its time. */
  readonly earlyStarts: string[];
  /** Times of schedules that filed more than one request, or of which nobody is told what became of them. */
  readonly wrongFirings: string[];
}

interface Undone {
  readonly number: string;
  readonly state: string;
  readonly undoState: string | null;
  readonly undoAt: Date | null;
  readonly overdue: boolean;
  readonly undos: readonly { number: number; state: string; byClock: boolean; early: boolean }[];
}

const UNDONE = `select r.number, r.state, r.undo_state as "undoState", r.undo_at as "undoAt",
    coalesce(r.undo_state = 'scheduled' and r.undo_at < clock_timestamp(), false) as overdue,
    coalesce((select json_agg(json_build_object('number', u.number, 'state', u.state, 'byClock', u.by_clock,
      'early', u.by_clock and (r.undo_at is null or u.created_at < r.undo_at))) from requests u where u.undo_of = r.number), '[]') as undos
  from requests r where r.undo_state is not null or exists (select from requests u where u.undo_of = r.number)`;

const EARLY = `select r.number, r.start_at as "startAt" from requests r where exists
  (select from request_events e where e.request = r.number and e.type = 'request.started' and e.at < r.start_at)`;

interface FiringRow {
  readonly name: string;
  readonly at: Date;
  readonly since: Date | null;
  readonly outcome: string;
  readonly request: string | null;
}

const FIRINGS = `select s.name, f.at, f.since, f.outcome, f.request from schedule_firings f join schedules s on s.id = f.schedule`;
/** Each request that a schedule has filed says so. */
const FILED = `select number, (regexp_match(reason, '^Schedule ''([^'']+)'':'))[1] as name from requests where reason like 'Schedule ''%'`;
const MINUTES = `select s.name, m as at from schedules s,
  generate_series(date_trunc('minute', s.created_at) + interval '1 minute', $1::timestamptz, interval '1 minute') m where m < $1`;

/** What became of undos, later starts and schedules. `toTheEnd`: everything has had the time to end. */
export async function judgeTerms({
  databaseUrl,
  deeds,
  came,
  notedUntil,
  toTheEnd,
}: {
  databaseUrl: string;
  deeds: readonly Deed[];
  came: readonly Came[];
  notedUntil: Date | undefined;
  toTheEnd: boolean;
}): Promise<TermFindings> {
  const effects = Map.groupBy(
    deeds.filter(({ kind }) => kind === 'effect'),
    ({ request }) => request,
  );
  const undone = await query<Undone>(databaseUrl, UNDONE);
  const early = await query<{ number: string; startAt: Date }>(databaseUrl, EARLY);
  return {
    wrongUndos: undone.flatMap((row) => wrongUndo(row, { effects, toTheEnd })),
    earlyStarts: early.map(({ number, startAt }) => `${formatRequestId(number)} began before ${startAt.toISOString()}`),
    wrongFirings: await wrongFirings({ databaseUrl, came, notedUntil, toTheEnd }),
  };
}

function wrongUndo(
  { number, state, undoState, overdue, undos }: Undone,
  { effects, toTheEnd }: { effects: ReadonlyMap<string, readonly Deed[]>; toTheEnd: boolean },
): string[] {
  const id = formatRequestId(number);
  const idOf = (undo: { number: number }): string => formatRequestId(String(undo.number));
  const done = undos.reduce((sum, undo) => sum + (effects.get(idOf(undo))?.length ?? 0), 0);
  const succeeded = undos.filter((undo) => undo.state === 'succeeded').length;
  return [
    ...(done > 1 ? [`${id} was undone ${done} times`] : []),
    ...(succeeded > 1 ? [`${succeeded} undos of ${id} have succeeded`] : []),
    ...(undos.length > 0 && state !== 'succeeded' ? [`${id} is ${state}, and is undone`] : []),
    ...(undoState === 'undone' && succeeded !== 1 ? [`${id} is undone, and ${succeeded} undos of it have succeeded`] : []),
    ...(undoState === 'scheduled' && succeeded > 0 ? [`${id} was undone, and is still to be`] : []),
    ...undos.filter((undo) => undo.early).map((undo) => `${idOf(undo)} undoes ${id} before its time`),
    ...(toTheEnd && overdue ? [`the time of ${id} is over, and nothing undoes it`] : []),
  ];
}

async function wrongFirings({
  databaseUrl,
  came,
  notedUntil,
  toTheEnd,
}: {
  databaseUrl: string;
  came: readonly Came[];
  notedUntil: Date | undefined;
  toTheEnd: boolean;
}): Promise<string[]> {
  const firings = await query<FiringRow>(databaseUrl, FIRINGS);
  const filed = await query<{ number: string; name: string }>(databaseUrl, FILED);
  const minutes = await query<{ name: string; at: Date }>(databaseUrl, MINUTES, [notedUntil ?? new Date(0)]);
  const due = [...came.map(({ schedule, at }) => ({ name: schedule, at })), ...minutes];
  const byRequest = Map.groupBy(
    firings.filter(({ request }) => request !== null),
    ({ request }) => request,
  );
  const isTold = ({ name, at }: { name: string; at: Date }): boolean =>
    firings.some((firing) => firing.name === name && firing.at >= at && (firing.since ?? firing.at) <= at);
  return [
    ...due.filter((each) => !isTold(each)).map(({ name, at }) => `nobody says what became of ${name} at ${at.toISOString()}`),
    ...filed
      .filter(({ number }) => byRequest.get(number)?.length !== 1)
      .map(
        ({ number, name }) => `${formatRequestId(number)} was filed by ${name} for ${byRequest.get(number)?.length ?? 0} times`,
      ),
    ...firings
      .filter(({ outcome, request }) => (outcome === 'filed') !== (request !== null))
      .map(({ name, at, outcome }) => `${name} at ${at.toISOString()} is ${outcome}, which its request does not fit`),
    ...firings
      .filter(({ outcome }) => outcome === 'denied' || (toTheEnd && outcome === 'filing'))
      .map(({ name, at, outcome }) => `${name} at ${at.toISOString()} is ${outcome}`),
  ];
}
