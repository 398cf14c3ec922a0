import { type Firing, formatRequestId, type MissedPolicy, type Schedule, type TokenScope } from '@guichet/contract';
import { type Queryable, statement } from '../db/index.ts';

export interface ScheduleRow {
  readonly id: string;
  readonly name: string;
  readonly ownerId: string;
  readonly ownerName: string;
  readonly scope: TokenScope;
  readonly behind: readonly string[];
  readonly team: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly reason: string;
  readonly missed: MissedPolicy;
  readonly state: Schedule['state'];
  readonly pausedReason: string | null;
  readonly createdAt: Date;
  /** Its owner, or somebody who stands behind it, had another account when they made it: the name may be somebody else's. */
  readonly ownerIsFormer: boolean;
  readonly nextAt: Date | null;
  /** By the clock of the database. */
  readonly readAt: Date;
}

export type NewSchedule = Omit<ScheduleRow, 'id' | 'state' | 'pausedReason' | 'createdAt' | 'ownerIsFormer' | 'readAt'>;

const ROW = `s.id, s.name, s.owner_id as "ownerId", s.owner_name as "ownerName", s.scope, s.behind, s.team, s.cron, s.time_zone as "timeZone",
  s.action, s.environment, s.input, s.reason, s.missed, s.state, s.paused_reason as "pausedReason", s.created_at as "createdAt",
  s.next_at as "nextAt", exists (select from principals p where (p.id = s.owner_id or p.id = any (s.behind))
    and p.held_since > coalesce(s.owned_since, s.created_at)) as "ownerIsFormer", clock_timestamp() as "readAt"`;

const INSERT = statement(
  'schedule-insert',
  `insert into schedules as s (name, owner_id, owner_name, scope, behind, team, cron, time_zone, action, environment, input, reason, missed, next_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
   on conflict (name) where state <> 'deleted' do nothing returning ${ROW}`,
);
const LIST = statement('schedule-list', `select ${ROW} from schedules s where s.state <> 'deleted' order by s.name`);
const FIND = statement('schedule-find', `select ${ROW} from schedules s where s.name = $1 and s.state <> 'deleted'`);
const LOCK = statement('schedule-lock', `select ${ROW} from schedules s where s.id = $1 for update`);
const CHANGE = statement(
  'schedule-change',
  `update schedules s set state = $2, paused_reason = $3, next_at = $4 where s.id = $1 returning ${ROW}`,
);
const DUE = `s.state = 'active' and s.next_at <= clock_timestamp()`;
const TAKE_OVER = statement(
  'schedule-take-over',
  `update schedules s set owner_id = $2, owner_name = $3, scope = $4, behind = $5, owned_since = clock_timestamp() where s.id = $1`,
);
const LOCK_DUE = statement(
  'schedule-lock-due',
  `select ${ROW} from schedules s where ${DUE} order by s.next_at limit $1 for update skip locked`,
);
const MOVE = statement('schedule-move', 'update schedules set next_at = $2 where id = $1');

/** Undefined when another one has the name. */
export async function insertSchedule(db: Queryable, row: NewSchedule): Promise<ScheduleRow | undefined> {
  const { name, ownerId, ownerName, scope, behind, team, cron, timeZone, action, environment, input, reason, missed, nextAt } =
    row;
  const values = [name, ownerId, ownerName, JSON.stringify(scope), behind, team, cron, timeZone, action, environment];
  return (await db.query<ScheduleRow>(INSERT, [...values, JSON.stringify(input), reason, missed, nextAt]))[0];
}

export const listSchedules = (db: Queryable): Promise<ScheduleRow[]> => db.query(LIST);

export async function findSchedule(db: Queryable, name: string): Promise<ScheduleRow | undefined> {
  return (await db.query<ScheduleRow>(FIND, [name]))[0];
}

export async function lockSchedule(db: Queryable, id: string): Promise<ScheduleRow | undefined> {
  return (await db.query<ScheduleRow>(LOCK, [id]))[0];
}

export async function changeSchedule(
  db: Queryable,
  id: string,
  { state, pausedReason, nextAt }: Pick<ScheduleRow, 'state' | 'pausedReason' | 'nextAt'>,
): Promise<ScheduleRow | undefined> {
  return (await db.query<ScheduleRow>(CHANGE, [id, state, pausedReason, nextAt]))[0];
}

const RESTORED_FILINGS = statement(
  'firing-restored',
  `update schedule_firings set outcome = 'missed', try_at = null, message = $1 where outcome = 'filing'`,
);
const RESTORED_SCHEDULES = statement(
  'schedule-restored',
  `update schedules s set state = 'paused', paused_reason = $1, next_at = null
   where s.state = 'active' and s.missed = 'once' and s.next_at <= clock_timestamp() returning ${ROW}`,
);

const RESTORED_DUE = statement(
  'schedule-restored-due',
  `select ${ROW} from schedules s where ${DUE} and s.missed = 'skip' order by s.id for update`,
);

/**
 * The database is back at an earlier time: what was being filed, or would be made up for, may have been filed since. Gives
 * the schedules that are paused by it; others go on with the next time to come: see lockSkipping.
 */
export async function pauseWhatMayHaveFiled(db: Queryable, message: string): Promise<ScheduleRow[]> {
  await db.query(RESTORED_FILINGS, [message]);
  return db.query<ScheduleRow>(RESTORED_SCHEDULES, [message]);
}

/** Schedules that skip what they miss, and whose time has come; locked. */
export const lockSkipping = (tx: Queryable): Promise<ScheduleRow[]> => tx.query(RESTORED_DUE);

/** From now on it files as another owner. */
export async function takeOver(
  db: Queryable,
  id: string,
  { ownerId, ownerName, scope, behind }: Pick<ScheduleRow, 'ownerId' | 'ownerName' | 'scope' | 'behind'>,
): Promise<void> {
  await db.query(TAKE_OVER, [id, ownerId, ownerName, JSON.stringify(scope), behind]);
}

/** Schedules that are due, locked; those that another gateway has in hand are skipped. */
export const lockDue = (db: Queryable, limit: number): Promise<ScheduleRow[]> => db.query(LOCK_DUE, [limit]);

export async function moveSchedule(db: Queryable, id: string, nextAt: Date | null): Promise<void> {
  await db.query(MOVE, [id, nextAt]);
}

export interface FiringRow {
  readonly schedule: string;
  readonly at: Date;
  readonly outcome: Firing['outcome'];
  readonly count: number;
  readonly since: Date | null;
  readonly request: string | null;
  readonly message: string | null;
  /** How often its provider could not plan it. */
  readonly tries: number;
}

const FIRING = 'f.schedule, f.at, f.outcome, f.count, f.since, f.request, f.message, f.tries';
const ADD_FIRING = statement(
  'firing-add',
  `insert into schedule_firings (schedule, at, outcome, count, since, message, try_at)
   values ($1, $2, $3, $4, $5, $6, case when $3 = 'filing' then clock_timestamp() end) on conflict do nothing`,
);
const LANE = `split_part(s.action, '.', 1)`;
const DUE_FILING = `from schedule_firings f join schedules s on s.id = f.schedule where f.outcome = 'filing' and f.try_at <= clock_timestamp()`;
/** A condition: a time has come, or is to be filed. */
export const ANY_DUE = `(exists (select from schedules s where ${DUE}) or exists (select ${DUE_FILING}))`;
const FILING_LANES = statement('firing-lanes', `select ${LANE} as lane ${DUE_FILING} group by lane order by min(f.try_at)`);
const TAKE_FILING = statement(
  'firing-take',
  `with due as (select f.schedule, f.at ${DUE_FILING} and ${LANE} = $1 order by f.try_at limit 1 for update of f skip locked)
   update schedule_firings f set try_at = clock_timestamp() + make_interval(secs => $2)
   from due where f.schedule = due.schedule and f.at = due.at returning ${FIRING}`,
);
const COUNT_TRY = statement(
  'firing-count-try',
  `update schedule_firings set tries = tries + 1 where schedule = $1 and at = $2 and outcome = 'filing'`,
);
const END_FIRING = statement(
  'firing-end',
  `update schedule_firings set outcome = $3, request = $4, message = $5, try_at = null
   where schedule = $1 and at = $2 and outcome = 'filing' returning at`,
);
const FIRINGS = statement(
  'firing-list',
  `select ${FIRING} from schedule_firings f where f.schedule = $1 order by f.at desc limit $2`,
);
const BUSY = statement(
  'firing-busy',
  `select q.number from schedule_firings f join requests q on q.number = f.request
   where f.schedule = $1 and f.request is not null and q.state in ('awaiting_approval', 'queued', 'running', 'unknown') limit 1`,
);

export async function addFiring(
  db: Queryable,
  {
    schedule,
    at,
    outcome,
    count = 1,
    since = null,
    message = null,
  }: Pick<FiringRow, 'schedule' | 'at' | 'outcome'> & Partial<FiringRow>,
): Promise<void> {
  await db.query(ADD_FIRING, [schedule, at, outcome, count, since, message]);
}

/** The providers whose plans times wait for that are to be filed, the one that waits longest first. */
export const filingLanes = async (db: Queryable): Promise<string[]> =>
  (await db.query<{ lane: string }>(FILING_LANES)).map(({ lane }) => lane);

/** A time that is to be filed with a plan of this provider, this caller's alone for `seconds`. */
export const takeFiling = async (db: Queryable, lane: string, seconds: number): Promise<FiringRow | undefined> =>
  (await db.query<FiringRow>(TAKE_FILING, [lane, seconds]))[0];

/** It could not be filed now; whoever takes it next knows. */
export async function countTry(db: Queryable, { schedule, at }: Pick<FiringRow, 'schedule' | 'at'>): Promise<void> {
  await db.query(COUNT_TRY, [schedule, at]);
}

/** False when somebody else has ended it. */
export async function endFiring(
  db: Queryable,
  { schedule, at }: Pick<FiringRow, 'schedule' | 'at'>,
  { outcome, request = null, message = null }: Pick<FiringRow, 'outcome'> & Partial<Pick<FiringRow, 'request' | 'message'>>,
): Promise<boolean> {
  return (await db.query(END_FIRING, [schedule, at, outcome, request, message])).length === 1;
}

export const firingsOf = (db: Queryable, schedule: string, limit: number): Promise<FiringRow[]> =>
  db.query(FIRINGS, [schedule, limit]);

/** A request of the schedule that has not ended. */
export async function busyWith(db: Queryable, schedule: string): Promise<string | undefined> {
  const number = (await db.query<{ number: string }>(BUSY, [schedule]))[0]?.number;
  return number === undefined ? undefined : formatRequestId(number);
}
