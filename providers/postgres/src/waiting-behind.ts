import { setTimeout as sleep } from 'node:timers/promises';
import type { Instance } from './estate.ts';
import type { Session } from './sessions.ts';
import { graphOf } from './wait-graph.ts';

/** One wait of one session: a session that waits at its next statement is another wait. */
function waitKey({ pid, backendStart, queryStart }: Pick<Session, 'pid' | 'backendStart' | 'queryStart'>): string {
  return `${pid} ${backendStart} ${queryStart}`;
}

/** The sessions that wait behind some, and which of them go on when all of these are gone. */
export interface WaitingBehind {
  readonly all: ReadonlySet<string>;
  readonly expected: ReadonlySet<string>;
}

export function waitingBehind(pids: readonly number[], sessions: readonly Session[]): WaitingBehind {
  const graph = graphOf(sessions);
  const gone = new Set(pids);
  const behind = new Set(pids.flatMap((pid) => [...graph.behind(pid)]));
  const keys = (nodes: ReadonlySet<unknown>) =>
    new Set(sessions.filter(({ pid }) => !gone.has(pid) && nodes.has(pid)).map(waitKey));
  return { all: keys(behind), expected: keys(graph.freedBy(pids)) };
}

const STILL_WAITING = `
select pid, to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "backendStart",
  to_char(query_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "queryStart"
from pg_stat_activity where wait_event_type = 'Lock'`;

/** So long those behind may take to go on, in ms. */
const SETTLE_MS = 3000;

/** How many go on. Waits a moment for those that should; a run that is stopped meanwhile counts what it has. */
export async function freedSessions(
  instance: Instance,
  behind: WaitingBehind,
  { signal }: { readonly signal: AbortSignal },
): Promise<number> {
  const began = performance.now();
  for (let pause = 20; ; pause = Math.min(pause * 1.5, 300)) {
    const { freed, settled } = await countFreed(instance, behind);
    if (settled || performance.now() - began > SETTLE_MS || signal.aborted) return freed;
    await sleep(pause, undefined, { signal }).catch(() => {});
  }
}

/** How many of them wait no longer. Rejects with an InstanceError. */
async function countFreed(instance: Instance, { all, expected }: WaitingBehind): Promise<{ freed: number; settled: boolean }> {
  if (all.size === 0) return { freed: 0, settled: true };
  const rows = await instance.observer.query<Pick<Session, 'pid' | 'backendStart' | 'queryStart'>>(STILL_WAITING);
  const still = new Set(rows.map(waitKey));
  return {
    freed: [...all].filter((key) => !still.has(key)).length,
    settled: [...expected].every((key) => !still.has(key)),
  };
}
