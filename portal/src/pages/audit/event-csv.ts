import type { AuditEvent } from '@guichet/contract';

const COLUMNS = ['id', 'at', 'type', 'actor', 'name', 'action', 'environment', 'resource', 'request', 'outcome', 'data'] as const;

export const CSV_HEAD: string = COLUMNS.join(',');

/** An event as a line of a table, its data as JSON. */
export function csvOf({ actor, data, ...event }: AuditEvent): string {
  const row = { ...event, actor: actor.id, name: actor.name, data: JSON.stringify(data) };
  return COLUMNS.map((column) => csvCell(row[column] ?? '')).join(',');
}

/** What a table calculator would take for a formula is written as a text; a name or a reason may have been made to be one. */
function csvCell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
