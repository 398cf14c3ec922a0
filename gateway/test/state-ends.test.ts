import type { Output } from '@guichet/contract';
import { describe, expect, test } from 'vitest';
import { MAX_ATTEMPTS, transition } from '../src/requests/index.ts';
import type { Life, LifeEvent, LifeEventType, Transition } from '../src/requests/life.ts';
import { EVENTS, lifeOf, NADIA, NOW, refused, START_WINDOW_MS, secondsAfter, taken } from './support/lives.ts';

const OUTPUT: Output = { kind: 'text', text: 'done' };

describe('an unknown run', () => {
  const settle = (observation: Extract<LifeEvent, { type: 'settle' }>['observation']): LifeEvent => ({
    type: 'settle',
    observation,
    grantMs: 70_000,
    startWindowMs: START_WINDOW_MS,
    againMs: 2000,
  });
  const life = (more: Partial<Life> = {}) => lifeOf({ state: 'unknown', dispatchedAt: secondsAfter(-10), attempt: 1, ...more });
  const types = (next: Transition): string[] => taken(next).told.map(({ type }) => type);

  test('that is observed to have succeeded or failed is settled so', () => {
    const succeeded = transition(life(), settle({ status: 'succeeded', output: OUTPUT }), NOW);
    expect(types(succeeded)).toEqual(['request.settled', 'request.succeeded']);
    expect(taken(succeeded).changes).toMatchObject({ state: 'succeeded', output: OUTPUT, observeAt: null });
    const failed = transition(life(), settle({ status: 'failed', failure: { kind: 'permanent', message: 'no' } }), NOW);
    expect(types(failed)).toEqual(['request.settled', 'request.failed']);
    expect(taken(failed).changes).toMatchObject({ failure: { code: 'run.failed', message: 'no', retryable: false } });
  });

  test('that is observed not to have started is tried again only when its lost call can arrive no more', () => {
    const notStarted = settle({ status: 'not_started' });
    expect(taken(transition(life(), notStarted, NOW)).changes).toMatchObject({ state: 'queued', runAfter: secondsAfter(60) });
    const long = life({ dispatchedAt: secondsAfter(-100) });
    expect(taken(transition(long, notStarted, NOW)).changes).toMatchObject({ state: 'queued', runAfter: NOW });
  });

  test('that has not started ends only when its lost call can arrive no more', () => {
    const notStarted = settle({ status: 'not_started' });
    for (const last of [life({ attempt: MAX_ATTEMPTS }), life({ cancelRequestedAt: secondsAfter(-5) })]) {
      const { changes } = taken(transition(last, notStarted, NOW));
      expect(changes).toMatchObject({ state: 'queued', runAfter: secondsAfter(60), doubt: 'arriving' });
      const waiting = lifeOf({ ...last, state: 'queued', runAfter: secondsAfter(-1), dispatchedAt: null, doubt: 'arriving' });
      const ended = taken(transition(waiting, { type: 'claim', runId: 'run', worker: 'w', leaseMs: 8000 }, NOW));
      expect(ended.changes.state).toBe(last.cancelRequestedAt === null ? 'failed' : 'cancelled');
    }
  });

  test('that is observed not to have started five times has failed, for nothing was done', () => {
    const last = life({ attempt: MAX_ATTEMPTS, dispatchedAt: secondsAfter(-100) });
    const next = transition(last, settle({ status: 'not_started' }), NOW);
    expect(taken(next).changes).toMatchObject({ state: 'failed', failure: { retryable: true } });
  });

  test('that somebody wanted cancelled is cancelled when it has not started or says that it stopped', () => {
    const wanted = life({ cancelRequestedAt: secondsAfter(-20) });
    const over = { ...wanted, dispatchedAt: secondsAfter(-100) };
    expect(taken(transition(over, settle({ status: 'not_started' }), NOW)).changes.state).toBe('cancelled');
    const stopped = settle({ status: 'failed', failure: { kind: 'cancelled', message: 'stopped' } });
    expect(taken(transition(wanted, stopped, NOW)).changes.state).toBe('cancelled');
    expect(taken(transition(life(), stopped, NOW)).changes.state).toBe('failed');
  });

  test.each(['running', 'unknown'] as const)('that is observed as %s is asked about again, and nobody is bothered', (status) => {
    expect(taken(transition(life(), settle({ status }), NOW))).toEqual({
      ok: true,
      changes: { state: 'unknown', observeAt: secondsAfter(2) },
      told: [],
    });
  });
});

describe('cancelling', () => {
  const cancel: LifeEvent = { type: 'request_cancel', by: NADIA, comment: 'stop' };
  const told = (next: Transition) => taken(next).told.map(({ type }) => type satisfies string);

  test('a queued request is cancelled at once', () => {
    const next = transition(lifeOf({ state: 'queued' }), cancel, NOW);
    expect(taken(next).changes).toMatchObject({ state: 'cancelled', decidedBy: NADIA, comment: 'stop' });
  });

  test('a queued request whose lost call may still arrive is cancelled when it can no more', () => {
    const waiting = lifeOf({ state: 'queued', runAfter: secondsAfter(60), doubt: 'arriving' });
    const next = transition(waiting, cancel, NOW);
    expect(taken(next).changes).toEqual({ state: 'queued', cancelRequestedAt: NOW, decidedBy: NADIA, comment: 'stop' });
    expect(told(next)).toEqual(['request.cancel_requested']);
    expect(taken(transition({ ...waiting, runAfter: NOW }, cancel, NOW)).changes.state).toBe('cancelled');
  });

  test('a queued request that was sent before, and nobody saw the end of, is unknown: a person finds out', () => {
    const next = transition(lifeOf({ state: 'queued', doubt: 'unseen', runAfter: secondsAfter(2) }), cancel, NOW);
    expect(taken(next).changes).toMatchObject({ state: 'unknown', cancelRequestedAt: NOW, decidedBy: NADIA, observeAt: null });
    expect(told(next)).toEqual(['request.cancel_requested', 'request.lost']);
  });

  test('a running request is asked to stop, once', () => {
    const first = transition(lifeOf({ state: 'running' }), cancel, NOW);
    expect(taken(first).changes).toMatchObject({ state: 'running', cancelRequestedAt: NOW, decidedBy: NADIA });
    expect(told(first)).toEqual(['request.cancel_requested']);
    const second = transition(lifeOf({ state: 'running', cancelRequestedAt: secondsAfter(-1) }), cancel, NOW);
    expect(taken(second)).toEqual({ ok: true, changes: { state: 'running' }, told: [] });
  });

  test.each(['dispatch', 'void', 'requeue', 'lose'] satisfies LifeEventType[])(
    'the wish to cancel wins over %s as long as nothing was dispatched',
    (type) => {
      const life = lifeOf({ state: 'running', cancelRequestedAt: secondsAfter(-1) });
      for (const event of EVENTS.filter((each) => each.type === type))
        expect(taken(transition(life, event, NOW)).changes.state).toBe('cancelled');
    },
  );

  test('nobody confirms a cancel that nobody asked for', () => {
    expect(refused(transition(lifeOf({ state: 'running' }), { type: 'confirm_cancel' }, NOW))).toBe('not_cancelled');
  });
});
