import type { Instance } from './estate.ts';
import { InstanceError } from './instance-error.ts';
import type { Ask } from './login.ts';
import type { Seen } from './seen.ts';
import { lacksRight } from './sessions.ts';
import type { SignalKind } from './signal-kind.ts';

const RIGHTS = `
select pg_has_role('pg_signal_backend', 'usage') as signals, pg_has_role('pg_read_all_stats', 'usage') as sees`;

/**
 * Rejects with an InstanceError when the actor cannot log in or lacks a right. Without pg_read_all_stats it would see no
 * times and no states of others, the bound statement would match nothing, and every query would seem to have finished.
 */
export async function checkActor(instance: Instance): Promise<void> {
  const [rights] = await instance.actor.query<{ signals: boolean; sees: boolean }>(RIGHTS);
  if (rights?.signals !== true) throw lacksRight(instance, 'actor', 'pg_signal_backend');
  if (!rights.sees) throw lacksRight(instance, 'actor', 'pg_read_all_stats');
}

/** Looks and signals in one statement, so that it hits what was seen or nothing. */
function boundSignal({ sends }: SignalKind): string {
  return `
select ${sends}(pid) as sent from pg_stat_activity
where pid = $1 and backend_start = $2::timestamptz
  and ($5 = 'session' or (query_start is not distinct from $3::timestamptz and state = $4))`;
}

/**
 * Sends the signal to what was seen. False when that is not there any more: nothing was signalled then. Sending it twice is
 * harmless for the same reason. Rejects with an InstanceError.
 */
export async function sendSignal(kind: SignalKind, instance: Instance, seen: Seen): Promise<boolean> {
  await checkActor(instance);
  return instance.actor.askSeveral((ask) => askSignal(kind, { ask, instance, seen }));
}

/** What became of the sending of one of several signals. */
export type Sending = 'sent' | 'gone' | { readonly refusedBecause: string };

/**
 * Sends the signal to each of those that were seen, one after the other, so that no more than microseconds lie between the
 * look at one and the signal to it, and tells of each. One that the server refuses does not keep the others from theirs.
 * Rejects with an InstanceError, or with the reason of the abort.
 */
export async function sendSignals(
  kind: SignalKind,
  { instance, targets, signal }: { instance: Instance; targets: readonly Seen[]; signal: AbortSignal },
  tell: (seen: Seen, sending: Sending) => void,
): Promise<void> {
  await checkActor(instance);
  await instance.actor.askSeveral(async (ask) => {
    for (const seen of targets) {
      signal.throwIfAborted();
      tell(seen, await sendingOf(kind, { ask, instance, seen }));
    }
  });
}

async function sendingOf(kind: SignalKind, asked: Asked): Promise<Sending> {
  try {
    return (await askSignal(kind, asked)) ? 'sent' : 'gone';
  } catch (error) {
    if (error instanceof InstanceError && codeOf(error.cause) === '42501') return { refusedBecause: error.message };
    throw error;
  }
}

interface Asked {
  readonly ask: Ask;
  readonly instance: Instance;
  readonly seen: Seen;
}

async function askSignal(kind: SignalKind, { ask, instance, seen }: Asked): Promise<boolean> {
  const { pid, backendStart, queryStart, state, boundTo } = seen;
  try {
    const rows = await ask<{ sent: boolean }>(boundSignal(kind), [pid, backendStart, queryStart, state, boundTo]);
    return rows.some(({ sent }) => sent);
  } catch (error) {
    if (!(error instanceof InstanceError) || codeOf(error.cause) !== '42501') throw error;
    throw new InstanceError(
      `The instance '${instance.name}' does not let '${instance.actor.user}' signal ${seen.who} (pid ${pid}).`,
      {
        remedy: 'Its user is a superuser or has become one; ask a superuser of the instance.',
        passing: false,
        cause: error.cause,
      },
    );
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/** `same`: as it was seen. `moved on`: the session lives, at something else. `gone`: it has ended; its pid may be another's. */
export type Found = 'same' | 'moved on' | 'gone';

const LOOK = `
select s.place::int, a.pid is not null as there, a.state,
  a.query_start is not distinct from s.query_start::timestamptz as "sameStatement"
from unnest($1::int[], $2::text[], $3::text[]) with ordinality as s(pid, backend_start, query_start, place)
left join pg_stat_activity a on a.pid = s.pid and a.backend_start = s.backend_start::timestamptz`;

interface Now {
  /** From 1. */
  readonly place: number;
  readonly there: boolean;
  readonly state: string | null;
  readonly sameStatement: boolean;
}

/** What has become of each of them, in their order. Rejects with an InstanceError. */
export async function lookAtAll(instance: Instance, targets: readonly Seen[]): Promise<Found[]> {
  const rows = await instance.observer.query<Now>(LOOK, [
    targets.map(({ pid }) => pid),
    targets.map(({ backendStart }) => backendStart),
    targets.map(({ queryStart }) => queryStart),
  ]);
  const now = new Map(rows.map((row) => [row.place, row]));
  return targets.map((seen, index) => {
    const row = now.get(index + 1);
    if (row?.there !== true) return 'gone';
    return row.sameStatement && row.state === seen.state ? 'same' : 'moved on';
  });
}

/** What has become of it. Rejects with an InstanceError. */
export async function lookAgain(instance: Instance, seen: Seen): Promise<Found> {
  const [found] = await lookAtAll(instance, [seen]);
  return found ?? 'gone';
}

/** True once the signal has had its effect: the session has ended, or, for a cancel, has left the statement. */
export function isOver(kind: SignalKind, found: Found): boolean {
  return found === 'gone' || (found === 'moved on' && kind.action === 'cancel-query');
}

export async function isStopped(kind: SignalKind, instance: Instance, seen: Seen): Promise<boolean> {
  return isOver(kind, await lookAgain(instance, seen));
}
