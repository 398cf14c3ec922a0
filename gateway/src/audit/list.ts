import type { AuditEvent } from '@guichet/contract';
import { type Queryable, type Statement, statement } from '../db/index.ts';
import { type SearchFilter, searchAudit, searchQuery } from './search.ts';
import { type AuditPlace, type AuditRow, COLUMNS, toAuditEvent } from './store.ts';

export interface AuditFilter extends SearchFilter {
  /** Number of the request. */
  readonly request?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  /** Only what comes after this one: the last one of the page before. */
  readonly after?: AuditPlace | undefined;
  readonly limit: number;
}

const STATEMENTS = new Map<string, Statement>();

/** Newest first: by time, so that a search of a time reads that time alone. */
export async function listAudit(db: Queryable, filter: AuditFilter): Promise<AuditEvent[]> {
  const { request, actorId, action, environment, type, outcome, resource, search, after, limit } = filter;
  const since = filter.since === undefined ? undefined : toMicroseconds(filter.since);
  const until = filter.until === undefined ? undefined : toMicroseconds(filter.until);
  const isSearch = [action, environment, type, outcome, resource, search].some((value) => value !== undefined);
  const query = isSearch ? await searchQuery(db, filter) : undefined;
  if (isSearch && query === undefined) return [];
  // Of one request there are few events, of which an index of their own knows; all else that is not a time is searched for.
  if (query !== undefined && request === undefined)
    return (await searchAudit(db, query, { since, until, after, limit })).map(toAuditEvent);
  const conditions: [string, unknown[]][] = [
    ['request = ?', [request]],
    ['actor_id = ?', [actorId]],
    ['audit_terms(type, actor_id, actor_name, action, environment, resource, request, outcome, data) @@ ?::tsquery', [query]],
    ['at >= ?', [since]],
    ['at < ?', [until]],
    ['(at, id) < (?, ?)', [after?.at, after?.id]],
    // Says what the line above does, so that parts are left out for it: they are by time alone.
    ['at <= ?', [after?.at]],
  ];
  const present = conditions.filter(([, [value]]) => value !== undefined);
  const values = present.flatMap(([, parameters]) => parameters);
  let number = 0;
  const where = present.map(([condition]) => condition.replaceAll('?', () => `$${++number}`)).join(' and ') || 'true';
  const text = `select ${COLUMNS} from audit_events where ${where} order by audit_events.at desc, id desc limit $${values.length + 1}`;
  const known = STATEMENTS.get(text) ?? statement(`audit-list-${STATEMENTS.size}`, text);
  STATEMENTS.set(text, known);
  return (await db.query<AuditRow>(known, [...values, limit])).map(toAuditEvent);
}

const ARCHIVED = statement(
  'audit-list-archived',
  'select max(before) as before from audit_archives where dropped_at is not null',
);

/** The time before which events are in an archive; undefined when none are, or none of the time that is asked for. */
export async function archivedBefore(db: Queryable, since: string | undefined): Promise<string | undefined> {
  const before = (await db.query<{ before: Date | null }>(ARCHIVED))[0]?.before ?? undefined;
  return before === undefined || (since !== undefined && new Date(since) >= before) ? undefined : before.toISOString();
}

/** A time as the log writes it, so that times compare as texts. */
function toMicroseconds(time: string): string {
  const fraction = /\.(\d+)/.exec(time)?.[1] ?? '';
  return `${new Date(time).toISOString().slice(0, 19)}.${fraction.padEnd(6, '0').slice(0, 6)}Z`;
}
