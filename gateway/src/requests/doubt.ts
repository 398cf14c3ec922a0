import type { RequestState } from '@guichet/contract';
import type { Doubt, Life, Told, Transition } from './life.ts';

/** Ends that say that nothing was done. */
const UNDONE: readonly RequestState[] = ['cancelled', 'expired', 'void'];
/** What would be a guess, and why. `arriving` ends by itself. */
const GUESSES: Readonly<Record<Exclude<Doubt, 'arriving'>, { states: readonly RequestState[]; why: string }>> = {
  unseen: { states: UNDONE, why: 'An earlier try was sent, and nobody saw how it ended.' },
  restored: {
    states: [...UNDONE, 'queued'],
    why: 'The database was restored to an earlier time, and it may have been tried again since.',
  },
};

/** Whoever says that nothing was done guesses. */
export const isGuess = ({ doubt }: Pick<Life, 'doubt'>): boolean => doubt === 'unseen' || doubt === 'restored';

/**
 * What would end as if nothing had been done, though a try of it was sent whose end nobody saw, is unknown instead: a person
 * finds out. It is not tried again.
 */
export function withoutGuess(life: Life, next: Transition, now: Date): Transition {
  // What still waits for approvals was never tried.
  if (!next.ok || life.doubt === null || life.doubt === 'arriving' || life.state === 'awaiting_approval') return next;
  const guess = GUESSES[life.doubt];
  if (!guess.states.includes(next.changes.state)) return next;
  const { state, decidedBy, comment, cancelRequestedAt, failure } = next.changes;
  const because = failure === undefined ? '' : ` (${failure.message})`;
  const message = `${guess.why} It is not tried again: it would be ${state}${because}.`;
  const told: Told[] = [{ type: 'request.lost', data: { message, observable: false } }];
  const changes = { state: 'unknown', leaseUntil: null, observeAt: null, dispatchedAt: life.dispatchedAt ?? now } as const;
  if (cancelRequestedAt === undefined || decidedBy === undefined) return { ok: true, changes, told };
  return {
    ok: true,
    changes: { ...changes, cancelRequestedAt, decidedBy, ...(comment !== undefined && { comment }) },
    told: [{ type: 'request.cancel_requested', actor: decidedBy, data: { comment } }, ...told],
  };
}
