import { type Actor, type AuditEvent, type AuditEventType, formatRequestId } from '@guichet/contract';
import { type Queryable, type Statement, statement } from '../db/index.ts';

export interface NewAuditEvent {
  readonly type: AuditEventType;
  readonly actor: Actor;
  readonly outcome: 'ok' | 'denied' | 'failed';
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  /** `TYPE:ID` */
  readonly resource?: string | undefined;
  /** Number of the request. */
  readonly request?: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

const INSERT = statement(
  'audit-insert',
  `insert into audit_events (type, actor_id, actor_name, outcome, action, environment, resource, request, data)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
);

/** Appends one event; with a transaction, in it. When it rejects, what it describes must not happen. */
export async function appendAudit(db: Queryable, event: NewAuditEvent): Promise<void> {
  const { type, actor, outcome, action = null, environment = null, resource = null, request = null, data } = event;
  await db.query(INSERT, [type, actor.id, actor.name, outcome, action, environment, resource, request, JSON.stringify(data)]);
}

export interface AuditFilter {
  readonly request?: string | undefined;
  readonly actorId?: string | undefined;
  readonly action?: string | undefined;
  readonly environment?: string | undefined;
  readonly type?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Only what comes after this one: the last one of the page before. */
  readonly after?: AuditPlace | undefined;
  readonly limit: number;
}

/** Where an event stands in the list: by its time, in microseconds, then by its id. */
export interface AuditPlace {
  readonly at: string;
  readonly id: string;
}

export interface AuditRow {
  readonly id: string;
  readonly at: string;
  readonly type: string;
  readonly actor_id: string;
  readonly actor_name: string;
  readonly action: string | null;
  readonly environment: string | null;
  readonly resource: string | null;
  readonly request: string | null;
  readonly outcome: AuditEvent['outcome'];
  readonly data: Record<string, unknown>;
}

const STATEMENTS = new Map<string, Statement>();

/** A time as the log writes it: UTC, to the microsecond, which is how exactly PostgreSQL keeps it. */
export const AT_TEXT = `to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Newest first: by time, so that a search of a time reads that time alone. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditEvent[]> {
  const { after } = filter;
  const conditions: [string, unknown[]][] = [
    ['request = ?', [filter.request]],
    ['actor_id = ?', [filter.actorId]],
    ['action = ?', [filter.action]],
    ['environment = ?', [filter.environment]],
    ['type = ?', [filter.type]],
    ['at >= ?', [filter.since]],
    ['at < ?', [filter.until]],
    ['(at, id) < (?, ?)', [after?.at, after?.id]],
    // Says what the line above does, so that parts are left out for it: they are by time alone.
    ['at <= ?', [after?.at]],
  ];
  const present = conditions.filter(([, [value]]) => value !== undefined);
  const values = present.flatMap(([, parameters]) => parameters);
  let number = 0;
  const where = present.map(([condition]) => condition.replaceAll('?', () => `$${++number}`)).join(' and ') || 'true';
  const text = `select id, ${AT_TEXT} as at, type, actor_id, actor_name, action, environment, resource, request, outcome, data
    from audit_events where ${where} order by audit_events.at desc, id desc limit $${values.length + 1}`;
  const known = STATEMENTS.get(text) ?? statement(`audit-list-${STATEMENTS.size}`, text);
  STATEMENTS.set(text, known);
  const rows = await db.query<AuditRow>(known, [...values, filter.limit]);
  return rows.map(toAuditEvent);
}

export function toAuditEvent({ actor_id, actor_name, request, ...row }: AuditRow): AuditEvent {
  return {
    ...row,
    actor: { id: actor_id, name: actor_name },
    request: request === null ? null : formatRequestId(request),
  };
}
