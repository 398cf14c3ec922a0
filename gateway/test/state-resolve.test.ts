import { isFinal } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { type Life, type LifeEvent, type RequestRow, transition } from '../src/requests/index.ts';
import { resolveRun } from '../src/requests/resolve.ts';
import { EVENTS, lifeOf, livesIn, NADIA, NOW, refused, secondsAfter, taken } from './support/lives.ts';

describe('resolving', () => {
  const life = (more: Partial<Life> = {}): Life => lifeOf({ state: 'unknown', dispatchedAt: secondsAfter(-100), ...more });
  const resolve = (outcome: 'succeeded' | 'failed' | 'not_started'): LifeEvent => {
    return { type: 'resolve', by: NADIA, outcome, reason: 'I looked at it', provider: 'unknown', grantMs: 70_000 };
  };

  test.each([
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
    ['not_started', 'failed'],
  ] as const)('%s ends it as %s, and says who said so and why', (outcome, state) => {
    const { changes, told } = taken(transition(life(), resolve(outcome), NOW));
    expect(changes).toMatchObject({ state, decidedBy: NADIA, comment: 'I looked at it', observeAt: null, sealed: null });
    expect(told.map(({ type, actor }) => [type, actor])).toEqual([
      ['request.resolved', NADIA],
      [`request.${state}`, NADIA],
    ]);
    expect(told[0]?.data).toEqual({ outcome, comment: 'I looked at it', provider: 'unknown' });
  });

  test('what somebody wanted cancelled and did not start is cancelled', () => {
    const { changes } = taken(transition(life({ cancelRequestedAt: NOW }), resolve('not_started'), NOW));
    expect(changes.state).toBe('cancelled');
  });

  test('nothing is said to be undone as long as its lost call may still arrive', () => {
    const recent = life({ dispatchedAt: secondsAfter(-69) });
    expect(refused(transition(recent, resolve('failed'), NOW))).toBe('early');
    expect(refused(transition(recent, resolve('not_started'), NOW))).toBe('early');
    expect(taken(transition(recent, resolve('succeeded'), NOW)).changes.state).toBe('succeeded');
  });

  test('what a provider says of the last try settles nothing while earlier ones are in doubt: a person may', () => {
    const run = { ...life({ doubt: 'unseen', cancelRequestedAt: NOW }), number: '7', runId: 'run', readAt: NOW };
    const row = run as unknown as RequestRow; // all that it looks at
    const observed = { observation: { status: 'not_started' }, undo: null, said: 'not_started', againMs: 1000 } as const;
    const answer = { outcome: 'succeeded', reason: 'I looked at it', force: false } as const;
    const command = { type: 'resolve', asked: { runId: 'run', observed }, ...answer } as const;
    const resolved = resolveRun(row, { by: NADIA, command, startWindowMs: 1000 });
    expect('refusal' in resolved ? resolved.refusal.message : taken(resolved.next).changes.state).toBe('succeeded');
    const sure = resolveRun({ ...row, doubt: null }, { by: NADIA, command, startWindowMs: 1000 });
    expect('refusal' in sure && sure.refusal.message).toContain('That settles it.');
  });

  test('nothing is sent again on the word of a person, whatever its action is', () => {
    for (const each of livesIn('unknown'))
      for (const event of EVENTS.filter(({ type }) => type === 'resolve')) {
        const next = transition(each, event, NOW);
        if (next.ok) expect(isFinal(next.changes.state)).toBe(true);
      }
  });
});
