import { type Actor, type Approval, formatRequestId, parseRequestId } from '@guichet/contract';
import { type Queryable, type Sent, type Statement, statement, type Transaction } from '../db/index.ts';
import type { Changes, Told } from './life.ts';
import { columnsOf, type NewRequest, type RequestRow, ROW } from './row.ts';

/** Who the gateway is in its own log. */
export const SYSTEM: Actor = { id: 'system', name: 'Guichet' };

const OUTCOME: Readonly<Record<string, string>> = {
  'request.failed': 'failed',
  'request.voided': 'failed',
  'request.lost': 'failed',
  'request.undo_failed': 'failed',
  'request.undo_held': 'failed',
};

/** Arrays for unnest: type, actor id, actor name, data, audit outcome. Events and audit rows are made of the same. */
function eventParameters(told: readonly Told[], auditData: readonly Readonly<Record<string, unknown>>[]): unknown[] {
  return [
    told.map(({ type }) => type),
    told.map(({ actor }) => actor?.id ?? null),
    told.map(({ actor }) => actor?.name ?? null),
    told.map(({ data }) => JSON.stringify(data)),
    told.map(({ data }, index) => JSON.stringify(auditData[index] ?? data)),
    told.map(({ type }) => OUTCOME[type] ?? 'ok'),
  ];
}

/** Writes of the events that a change tells, beside the change itself (a CTE named `changed`), numbered under its lock. */
const tellAfter = (first: number): string => `
  told as (select * from unnest($${first}::text[], $${first + 1}::text[], $${first + 2}::text[], $${first + 3}::text[], $${first + 4}::text[],
    $${first + 5}::text[]) with ordinality as t (type, actor_id, actor_name, data, audit_data, outcome, position)),
  events as (insert into request_events (request, number, type, actor_id, actor_name, data)
    select c.number, c.event_count - cardinality($${first}::text[]) + t.position, t.type, t.actor_id, t.actor_name, t.data::json from changed c, told t),
  audited as (insert into audit_events (type, actor_id, actor_name, action, environment, resource, request, outcome, data)
    select t.type, coalesce(t.actor_id, '${SYSTEM.id}'), coalesce(t.actor_name, '${SYSTEM.name}'), c.action, c.environment,
      c.resource_type || ':' || c.resource_id, c.number, t.outcome, t.audit_data::json from changed c, told t order by t.position)`;

const INSERTS = new Map<string, Statement>();
const UPDATES = new Map<string, Statement>();

function cached(cache: Map<string, Statement>, prefix: string, columns: readonly string[], text: () => string): Statement {
  const key = columns.join();
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = statement(`${prefix}-${cache.size}`, text());
  cache.set(key, made);
  return made;
}

export interface Inserted {
  readonly number: string;
  readonly expiresAt: Date;
}

/**
 * Inserts a request with its first events and audit rows. Undefined when the requester used the idempotency key before.
 * When its window ends is reckoned by the clock of the database, the one that the end is compared with.
 * `auditData` replaces the data of the events in the audit log, index by index.
 */
export async function insertRequest(
  db: Queryable,
  { row, told, auditData }: { row: NewRequest; told: readonly Told[]; auditData: readonly Readonly<Record<string, unknown>>[] },
): Promise<Inserted | undefined> {
  const { window, ...stored } = row;
  const { columns, parameters } = columnsOf(stored);
  const insert = cached(INSERTS, 'request-insert', columns, () => {
    const [from, ms, first] = [columns.length + 1, columns.length + 2, columns.length + 3];
    const values = columns.map((_, index) => `$${index + 1}`);
    return `with changed as (insert into requests (${columns.join(', ')}, expires_at, event_count)
      values (${values.join(', ')}, greatest(clock_timestamp(), $${from}::timestamptz) + make_interval(secs => $${ms}::float8 / 1000),
        cardinality($${first}::text[]))
      on conflict (requester_id, idempotency_key) where idempotency_key is not null do nothing
      returning number, expires_at, event_count, action, environment, resource_type, resource_id),
      ${tellAfter(first)} select number, expires_at as "expiresAt" from changed`;
  });
  const values = [...parameters, window.from, window.ms, ...eventParameters(told, auditData)];
  return (await db.query<Inserted>(insert, values))[0];
}

/**
 * Changes a request and writes its events and audit rows, in one statement. Refused (false) when the row's fencing token
 * is no longer the one that was read: somebody else owns the run now. `fence` raises the token: whoever held it before
 * can write no more.
 */
export async function applyChanges(
  db: Queryable,
  { row, changes, told, fence = false }: { row: RequestRow; changes: Changes; told: readonly Told[]; fence?: boolean },
): Promise<boolean> {
  const { columns, parameters } = columnsOf(changes);
  const update = cached(UPDATES, 'request-update', [...columns, fence ? 'fence' : ''], () => {
    const first = columns.length + 3;
    const sets = columns.map((column, index) => `${column} = $${index + 3}`);
    return `with changed as (update requests set ${sets.join(', ')}, updated_at = clock_timestamp(),
        event_count = event_count + cardinality($${first}::text[])${fence ? ', fencing_token = fencing_token + 1' : ''}
      where number = $1 and fencing_token = $2
      returning number, event_count, action, environment, resource_type, resource_id),
      ${tellAfter(first)} select number from changed`;
  });
  const rows = await db.query(update, [row.number, row.fencingToken, ...parameters, ...eventParameters(told, [])]);
  return rows.length === 1;
}

const LOCK = statement('request-lock', 'select from requests where number = $1 for update');
const SHOW = statement('request-show', `select ${ROW} from requests r where r.number = $1`);
const BY_KEY = statement('request-by-key', `select ${ROW} from requests r where r.requester_id = $1 and r.idempotency_key = $2`);

/**
 * Locks a request, then reads it. Two statements, for a statement that waits for a lock goes on with the snapshot that it
 * had before: it would miss the approval that the other one has just given, and carry an old time.
 */
export async function lockRequest(tx: Transaction, number: string): Promise<RequestRow | undefined> {
  return (await tx.queryAhead<RequestRow>([LOCK, [number]], readingOf(number)))[0];
}

/** The statement that reads a request. */
export const readingOf = (number: string): Sent => [SHOW, [number]];

export async function findRequest(db: Queryable, number: string): Promise<RequestRow | undefined> {
  return (await db.query<RequestRow>(SHOW, [number]))[0];
}

const SEVERAL = statement('request-several', `select ${ROW} from requests r where r.number = any ($1::bigint[])`);

/** Those of them that there are, in no order. */
export function findRequests(db: Queryable, numbers: readonly string[]): Promise<RequestRow[]> {
  return db.query<RequestRow>(SEVERAL, [numbers]);
}

export async function findByIdempotencyKey(db: Queryable, requesterId: string, key: string): Promise<RequestRow | undefined> {
  return (await db.query<RequestRow>(BY_KEY, [requesterId, key]))[0];
}

const APPROVE = statement(
  'approval-insert',
  `insert into approvals (request, principal_id, principal_name, person_id, groups, comment, at, reused_from)
   values ($1, $2, $3, $4, $5, $6, $7, $8)
   on conflict do nothing returning request`,
);

/** False when this person has approved it before. */
export async function insertApproval(db: Queryable, number: string, approval: Approval): Promise<boolean> {
  const { by, person, groups, comment, at, reusedFrom } = approval;
  const reused = reusedFrom === null ? null : (parseRequestId(reusedFrom) ?? null);
  return (await db.query(APPROVE, [number, by.id, by.name, person, groups, comment, at, reused])).length === 1;
}

export interface StoredEvent {
  readonly number: number;
  readonly type: string;
  readonly at: Date;
  readonly actorId: string | null;
  readonly actorName: string | null;
  readonly data: Readonly<Record<string, unknown>>;
}

const EVENTS = statement(
  'request-events',
  `select number, type, at, actor_id as "actorId", actor_name as "actorName", data from request_events
   where request = $1 and number > $2 order by number limit $3`,
);

/** The statement that reads events after a number. */
export const readingEvents = (number: string, after: number, limit: number): Sent => [EVENTS, [number, after, limit]];

/** Events after a number, oldest first, `limit` at most. */
export async function eventsAfter(db: Queryable, number: string, after: number, limit = 500): Promise<StoredEvent[]> {
  return db.query<StoredEvent>(EVENTS, [number, after, limit]);
}

export const requestName = (row: Pick<RequestRow, 'number'>): string => formatRequestId(row.number);
