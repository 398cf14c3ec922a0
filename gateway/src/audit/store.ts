import { type Actor, type AuditEvent, type AuditEventType, formatRequestId } from '@guichet/contract';
import { type Queryable, statement } from '../db/index.ts';

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

/** A time as the log writes it: UTC, to the microsecond, which is how exactly PostgreSQL keeps it. */
export const AT_TEXT = `to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** The select list of an AuditRow. */
export const COLUMNS = `id, ${AT_TEXT} as at, type, actor_id, actor_name, action, environment, resource, request, outcome, data`;

/** The columns of the table. */
export const COLUMNS_STORED = 'id, xid, at, type, actor_id, actor_name, action, environment, resource, request, outcome, data';

export function toAuditEvent({ actor_id, actor_name, request, ...row }: AuditRow): AuditEvent {
  return {
    ...row,
    actor: { id: actor_id, name: actor_name },
    request: request === null ? null : formatRequestId(request),
  };
}
