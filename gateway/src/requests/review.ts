import type { Actor, Review, ReviewVerdict } from '@guichet/contract';
import type { Life, Transition } from './life.ts';

/** A review that is still open is told of again after so long, in ms, and never sooner. */
export const REMINDER_MS = 24 * 3600 * 1000;

interface Reviewed extends Pick<Life, 'state'> {
  readonly review: Review | null;
  readonly reviewRemindedAt: Date | null;
}

/*
 * The review that a broken glass leaves behind. It goes on beside the life of the request, which may have ended long ago:
 *
 *   break_glass --> open --close--> closed
 *                    '--remind--> open        once a day
 */

/** Somebody else has looked at it, and says what they think of it. */
export function closeReview(
  { state, review }: Reviewed,
  { by, comment, verdict }: { by: Actor; comment: string; verdict: ReviewVerdict },
  now: Date,
): Transition {
  if (review?.state !== 'open') return { ok: false, reason: 'state' };
  const closed: Review = { ...review, state: 'closed', verdict, closedBy: by, comment, closedAt: now.toISOString() };
  const { incident, brokenBy } = review;
  return {
    ok: true,
    changes: { state, review: closed },
    told: [{ type: 'request.reviewed', actor: by, data: { verdict, comment, incident, brokenBy } }],
  };
}

/** When the next reminder is due; null once nobody needs one. */
export function reminderDue({ review, reviewRemindedAt }: Omit<Reviewed, 'state'>): Date | null {
  if (review?.state !== 'open') return null;
  return new Date((reviewRemindedAt?.getTime() ?? Date.parse(review.at)) + REMINDER_MS);
}

/** Tells of it again those who could close it. */
export function remindReview(life: Reviewed, { approvers }: { approvers: readonly Actor[] }, now: Date): Transition {
  const { state, review } = life;
  const due = reminderDue(life);
  if (review === null || due === null) return { ok: false, reason: 'state' };
  if (due > now) return { ok: false, reason: 'early' };
  const { incident, reason, brokenBy, at } = review;
  return {
    ok: true,
    changes: { state, reviewRemindedAt: now },
    told: [{ type: 'request.review_reminded', data: { incident, reason, brokenBy, brokenAt: at, approvers } }],
  };
}
