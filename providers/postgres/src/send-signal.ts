import type { Instance } from './estate.ts';
import { InstanceError } from './instance-error.ts';
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
  const { pid, backendStart, queryStart, state, boundTo } = seen;
  await checkActor(instance);
  try {
    const rows = await instance.actor.ask<{ sent: boolean }>({
      text: boundSignal(kind),
      values: [pid, backendStart, queryStart, state, boundTo],
    });
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

interface Now {
  readonly state: string | null;
  readonly sameStatement: boolean;
}

const LOOK = `
select state, query_start is not distinct from $3::timestamptz as "sameStatement"
from pg_stat_activity where pid = $1 and backend_start = $2::timestamptz`;

/**
 * What has become of it. `same`: as it was seen. `moved on`: the session lives, at something else. `gone`: the session has
 * ended; its pid may be somebody else's by now. Rejects with an InstanceError.
 */
export async function lookAgain(instance: Instance, seen: Seen): Promise<'same' | 'moved on' | 'gone'> {
  const { pid, backendStart, queryStart, state } = seen;
  const [now] = await instance.observer.query<Now>(LOOK, [pid, backendStart, queryStart]);
  if (now === undefined) return 'gone';
  return now.sameStatement && now.state === state ? 'same' : 'moved on';
}

/** True once the signal has had its effect: the session has ended, or, for a cancel, has left the statement. */
export async function isStopped(kind: SignalKind, instance: Instance, seen: Seen): Promise<boolean> {
  const found = await lookAgain(instance, seen);
  return found === 'gone' || (found === 'moved on' && kind.action === 'cancel-query');
}
