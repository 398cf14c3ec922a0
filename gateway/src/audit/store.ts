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
  /** Only events with a smaller id than this. */
  readonly before?: string | undefined;
  readonly limit: number;
}

interface AuditRow {
  readonly id: string;
  readonly at: Date;
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

/** Newest first. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditEvent[]> {
  const conditions: [unknown, string][] = [
    [filter.request, 'request ='],
    [filter.actorId, 'actor_id ='],
    [filter.action, 'action ='],
    [filter.environment, 'environment ='],
    [filter.type, 'type ='],
    [filter.since, 'at >='],
    [filter.until, 'at <'],
    [filter.before, 'id <'],
  ];
  const present = conditions.filter(([value]) => value !== undefined);
  const where = present.map(([, condition], index) => `${condition} $${index + 1}`).join(' and ') || 'true';
  const text = `select id, at, type, actor_id, actor_name, action, environment, resource, request, outcome, data
    from audit_events where ${where} order by id desc limit $${present.length + 1}`;
  const known = STATEMENTS.get(text) ?? statement(`audit-list-${STATEMENTS.size}`, text);
  STATEMENTS.set(text, known);
  const rows = await db.query<AuditRow>(known, [...present.map(([value]) => value), filter.limit]);
  return rows.map(toAuditEvent);
}

function toAuditEvent({ actor_id, actor_name, request, at, ...row }: AuditRow): AuditEvent {
  return {
    ...row,
    at: at.toISOString(),
    actor: { id: actor_id, name: actor_name },
    request: request === null ? null : formatRequestId(request),
  };
}
