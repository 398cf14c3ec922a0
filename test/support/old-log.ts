import { migrate } from '@guichet/gateway';
import { sql } from './beside.ts';

/** The first of a month so many months ago, UTC. */
export function monthAgo(months: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
}

/** As many as a head has, so that these are under one of their own. */
export const OLD_EVENTS = 10_000;

/** Makes the tables, and an audit log that begins in a month of the past, in a part of its own. */
export async function oldLog(databaseUrl: string, month: Date): Promise<void> {
  await migrate(databaseUrl);
  const next = new Date(Date.UTC(month.getUTCFullYear(), month.getUTCMonth() + 1, 1));
  const part = `audit_events_${month.toISOString().slice(0, 7).replace('-', '_')}`;
  await sql(
    databaseUrl,
    `create table ${part} partition of audit_events for values from ('${month.toISOString()}') to ('${next.toISOString()}')`,
  );
  await sql(
    databaseUrl,
    `insert into audit_events (at, type, actor_id, actor_name, outcome, data)
     select '${month.toISOString()}'::timestamptz + n * interval '1 minute', 'test.event', 'user:a', 'A', 'ok', '{"text":"une\u2028ligne"}' from generate_series(1, ${OLD_EVENTS}) n`,
  );
}
