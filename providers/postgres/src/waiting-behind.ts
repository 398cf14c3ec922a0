import type { Instance } from './estate.ts';
import type { Session } from './sessions.ts';
import { graphOf } from './wait-graph.ts';

/** One wait of one session: a session that waits at its next statement is another wait. */
function waitKey({ pid, backendStart, queryStart }: Pick<Session, 'pid' | 'backendStart' | 'queryStart'>): string {
  return `${pid} ${backendStart} ${queryStart}`;
}

/** The sessions that wait behind one, and which of them go on when it is gone. */
export interface WaitingBehind {
  readonly all: ReadonlySet<string>;
  readonly expected: ReadonlySet<string>;
}

export function waitingBehind(pid: number, sessions: readonly Session[]): WaitingBehind {
  const graph = graphOf(sessions);
  const keys = (nodes: ReadonlySet<unknown>) =>
    new Set(sessions.filter((session) => session.pid !== pid && nodes.has(session.pid)).map(waitKey));
  return { all: keys(graph.behind(pid)), expected: keys(graph.freedBy(pid)) };
}

const STILL_WAITING = `
select pid, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "backendStart",
  to_char(query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "queryStart"
from pg_stat_activity where wait_event_type = 'Lock'`;

/** How many of them wait no longer. Rejects with an InstanceError. */
export async function countFreed(
  instance: Instance,
  { all, expected }: WaitingBehind,
): Promise<{ freed: number; settled: boolean }> {
  if (all.size === 0) return { freed: 0, settled: true };
  const rows = await instance.observer.query<Pick<Session, 'pid' | 'backendStart' | 'queryStart'>>(STILL_WAITING);
  const still = new Set(rows.map(waitKey));
  return {
    freed: [...all].filter((key) => !still.has(key)).length,
    settled: [...expected].every((key) => !still.has(key)),
  };
}
