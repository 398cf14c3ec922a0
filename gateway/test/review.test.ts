import { type Actor, REQUEST_STATES, type Review } from '@guichet/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeReview, REMINDER_MS, remindReview } from '../src/requests/index.ts';
import { NADIA, NOW, secondsAfter } from './support/lives.ts';

const AMINE: Actor = { id: 'user:amine', name: 'Amine Diallo' };
const OPEN: Review = {
  state: 'open',
  brokenBy: NADIA,
  person: NADIA.id,
  incident: 'INC-7',
  reason: 'orders stand still',
  at: secondsAfter(-60).toISOString(),
  verdict: null,
  closedBy: null,
  comment: null,
  closedAt: null,
};
const CLOSED: Review = { ...OPEN, state: 'closed', verdict: 'justified', closedBy: AMINE, comment: 'ok', closedAt: OPEN.at };
const answer = { by: AMINE, comment: 'it was down', verdict: 'justified' } as const;

describe('the review of a broken glass', () => {
  test.each(REQUEST_STATES)('is closed once, and leaves a request that is %s as it is', (state) => {
    const next = closeReview({ state, review: OPEN, reviewRemindedAt: null }, answer, NOW);
    expect(next).toEqual({
      ok: true,
      changes: {
        state,
        review: {
          ...OPEN,
          state: 'closed',
          verdict: 'justified',
          closedBy: AMINE,
          comment: 'it was down',
          closedAt: NOW.toISOString(),
        },
      },
      told: [
        {
          type: 'request.reviewed',
          actor: AMINE,
          data: { verdict: 'justified', comment: 'it was down', incident: 'INC-7', brokenBy: NADIA },
        },
      ],
    });
    expect(closeReview({ state, review: CLOSED, reviewRemindedAt: null }, answer, NOW)).toEqual({ ok: false, reason: 'state' });
    expect(closeReview({ state, review: null, reviewRemindedAt: null }, answer, NOW)).toEqual({ ok: false, reason: 'state' });
  });

  test('is told again once a day at most, however often timers ring, and no more when it is closed', () => {
    const rings = fc.array(fc.integer({ min: 0, max: 10 * REMINDER_MS }), { maxLength: 50 });
    fc.assert(
      fc.property(rings, fc.nat(50), (times, closedAfter) => {
        const told: number[] = [];
        let remindedAt: Date | null = null;
        for (const [index, time] of times.sort((one, other) => one - other).entries()) {
          const review: Review = index < closedAfter ? { ...OPEN, at: NOW.toISOString() } : CLOSED;
          const now = new Date(NOW.getTime() + time);
          const next = remindReview({ state: 'succeeded', review, reviewRemindedAt: remindedAt }, { approvers: [AMINE] }, now);
          if (!next.ok) continue;
          expect(review.state).toBe('open');
          expect(next.changes).toEqual({ state: 'succeeded', reviewRemindedAt: now });
          remindedAt = now;
          told.push(time);
        }
        const gaps = told.map((time, index) => time - (told[index - 1] ?? 0));
        for (const gap of gaps) expect(gap).toBeGreaterThanOrEqual(REMINDER_MS);
      }),
    );
  });
});
