import type { RequestState } from '@guichet/contract';
import type { Life, Told, Transition } from './life.ts';

/** Ends that say that nothing was done. */
const UNDONE: ReadonlySet<RequestState> = new Set(['cancelled', 'expired', 'void']);

/**
 * What would end as if nothing had been done, though a try of it was sent whose end nobody saw, is unknown instead: a person
 * finds out. It is not tried again.
 */
export function withoutGuess(life: Life, next: Transition, now: Date): Transition {
  if (!next.ok || !UNDONE.has(next.changes.state)) return next;
  const { state, decidedBy, comment, cancelRequestedAt, failure } = next.changes;
  const why = failure === undefined ? '' : ` (${failure.message})`;
  const message = `An earlier try was sent, and nobody saw how it ended. It is not tried again: it would be ${state}${why}.`;
  const told: Told[] = [{ type: 'request.lost', data: { message, observable: false } }];
  const changes = { state: 'unknown', leaseUntil: null, observeAt: null, dispatchedAt: life.dispatchedAt ?? now } as const;
  if (cancelRequestedAt === undefined || decidedBy === undefined) return { ok: true, changes, told };
  return {
    ok: true,
    changes: { ...changes, cancelRequestedAt, decidedBy, ...(comment !== undefined && { comment }) },
    told: [{ type: 'request.cancel_requested', actor: decidedBy, data: { comment } }, ...told],
  };
}
