/** The first of a month so many months ago, UTC. */
export function monthAgo(months: number): Date {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, 1));
}

/** SQL that makes the part of a month as it was made when the month began. */
export function partOf(first: Date): string {
  const next = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1));
  const name = `audit_events_${first.toISOString().slice(0, 7).replace('-', '_')}`;
  return `create table ${name} (like audit_events including defaults including constraints including indexes);
    create trigger audit_events_no_truncate before truncate on ${name} for each statement execute function refuse_change();
    alter table audit_events attach partition ${name} for values from ('${first.toISOString()}') to ('${next.toISOString()}');`;
}

/** SQL that writes an event for each time; with texts that some take for the end of a line. */
export const eventsAt = (times: readonly Date[]): string =>
  times
    .map(
      (at) => `insert into audit_events (at, type, actor_id, actor_name, outcome, data)
        values ('${at.toISOString()}', 'test.event', 'user:a', 'Ana "A"', 'ok', '{"text":"une\u2028ligne\u2029\u0085"}');`,
    )
    .join('\n');

/** A time some hours after another. */
export const hoursAfter = (time: Date, hours: number): Date => new Date(time.getTime() + hours * 3_600_000);
