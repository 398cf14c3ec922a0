import { type Actor, isFinal, REQUEST_STATES, type RequestState } from '@guichet/contract';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACCEPTED, MAX_ATTEMPTS, transition } from '../src/requests/index.ts';
import type { Life, LifeEvent, LifeEventType, Transition } from '../src/requests/life.ts';
import {
  APPROVAL_WINDOW_MS,
  EVENTS,
  FAILURE,
  lifeOf,
  NADIA,
  NOW,
  refused,
  START_WINDOW_MS,
  secondsAfter,
  taken,
} from './support/lives.ts';

const EVENT_TYPES = [...new Set(EVENTS.map(({ type }) => type))];
const NON_FINAL = REQUEST_STATES.filter((state) => !isFinal(state));

const anyLife = fc
  .record({
    state: fc.constantFrom(...REQUEST_STATES),
    expiresAt: fc.constantFrom(null, secondsAfter(-1), NOW, secondsAfter(60)),
    runAfter: fc.constantFrom(new Date(0), NOW, secondsAfter(60)),
    cancelRequestedAt: fc.constantFrom(null, secondsAfter(-5)),
    dispatchedAt: fc.constantFrom(null, secondsAfter(-100), secondsAfter(-10)),
    idempotent: fc.boolean(),
    observable: fc.boolean(),
    attempt: fc.integer({ min: 0, max: MAX_ATTEMPTS + 2 }),
    doubt: fc.constantFrom(null, 'arriving' as const, 'unseen' as const, 'restored' as const),
    waitsFor: fc.constantFrom(null, '7'),
    lastsSeconds: fc.constantFrom(null, 3600),
    extensionOf: fc.constantFrom(null, '7'),
  })
  // Only what was dispatched can be unknown: see `lose`.
  .map((life): Life => (life.state === 'unknown' ? { ...life, dispatchedAt: life.dispatchedAt ?? secondsAfter(-10) } : life));
const anyEvent = fc.constantFrom(...EVENTS);

describe('every state and every event', () => {
  test.each(REQUEST_STATES.flatMap((state) => EVENT_TYPES.map((type) => [state, type] as const)))(
    '%s takes %s exactly when the table says so',
    (state, type) => {
      const answers = EVENTS.filter((event) => event.type === type).map((event) => transition(lifeOf({ state }), event, NOW));
      const foreign = answers.every((answer) => !answer.ok && answer.reason === 'state');
      expect(foreign).toBe(!ACCEPTED[state].includes(type));
    },
  );

  test('a final state takes no event', () => {
    for (const state of REQUEST_STATES.filter(isFinal)) expect(ACCEPTED[state]).toEqual([]);
  });

  test('every state that is not final can still come to an end', () => {
    const ends = (state: RequestState, seen: ReadonlySet<RequestState>): boolean =>
      isFinal(state) ||
      ACCEPTED[state].some((type) =>
        EVENTS.filter((event) => event.type === type).some((event) => {
          const life = { dispatchedAt: secondsAfter(-1), expiresAt: secondsAfter(-1), cancelRequestedAt: secondsAfter(-1) };
          const next = transition(lifeOf({ state, ...life }), event, NOW);
          return next.ok && !seen.has(next.changes.state) && ends(next.changes.state, new Set([...seen, state]));
        }),
      );
    for (const state of NON_FINAL) expect(ends(state, new Set([state])), state).toBe(true);
  });
});

/** Neither of the two goes on with what somebody wants cancelled. */
const isEndedBy = (type: LifeEventType, state: RequestState): boolean =>
  (type === 'dispatch' || type === 'claim') && (isFinal(state) || state === 'unknown');

describe('whatever happens', () => {
  const always = (property: (life: Life, event: LifeEvent, next: Extract<Transition, { ok: true }>) => void): void => {
    fc.assert(
      fc.property(anyLife, anyEvent, (life, event) => {
        const next = transition(life, event, NOW);
        if (next.ok) property(life, event, next);
      }),
      { numRuns: 5000 },
    );
  };

  test('a change of state is always told, and an end says when', () => {
    always((life, _, { changes, told }) => {
      if (changes.state !== life.state) expect(told.length).toBeGreaterThan(0);
      expect(isFinal(changes.state)).toBe(changes.finishedAt !== undefined);
      if (isFinal(changes.state)) expect(changes).toMatchObject({ finishedAt: NOW, expiresAt: null, leaseUntil: null });
    });
  });

  test('a run that was dispatched goes back to the queue only when it is idempotent, was never sent, or was observed not to have started', () => {
    always((life, event, { changes }) => {
      if (life.state !== 'running' && life.state !== 'unknown') return;
      if (changes.state !== 'queued' || life.dispatchedAt === null) return;
      const unsent = event.type === 'requeue' && event.unsent;
      const notStarted = event.type === 'settle' && event.observation.status === 'not_started';
      expect(life.idempotent || unsent || notStarted).toBe(true);
    });
  });

  test('a run that vanished after its dispatch never becomes failed, cancelled or void', () => {
    always((life, event, { changes }) => {
      if (event.type === 'lose' && life.dispatchedAt !== null) expect(['unknown', 'queued']).toContain(changes.state);
    });
  });

  test('a run that was never dispatched neither succeeds nor fails', () => {
    always((life, _, { changes }) => {
      if (life.state === 'running' && life.dispatchedAt === null)
        expect([
          'succeeded',
          'failed',
          ...(life.doubt === 'unseen' || life.doubt === 'restored' ? [] : ['unknown']),
        ]).not.toContain(changes.state);
    });
  });

  test('a request that somebody wants cancelled is never dispatched again, and waits only for its lost call', () => {
    always((life, { type }, { changes }) => {
      if (life.cancelRequestedAt === null) return;
      expect(type === 'dispatch' || type === 'claim').toBe(isEndedBy(type, changes.state));
      if (changes.state === 'queued' && life.state !== 'queued' && life.state !== 'awaiting_approval')
        expect([type, changes.doubt, (changes.runAfter ?? NOW) > NOW]).toEqual(['settle', 'arriving', true]);
    });
  });

  test('what was sent, and nobody saw the end of, is never said not to have been done', () => {
    always((life, { type }, { changes }) => {
      if ((life.doubt !== 'unseen' && life.doubt !== 'restored') || type === 'resolve') return;
      if (life.state === 'awaiting_approval') return;
      expect(['cancelled', 'expired', 'void']).not.toContain(changes.state);
    });
  });

  test('what was under way before a restore is not tried again, and is undone by a person alone', () => {
    always((life, { type }, { changes }) => {
      if (life.doubt !== 'restored') return;
      if (life.state === 'running' || life.state === 'unknown') expect(changes.state).not.toBe('queued');
      if (type !== 'resolve') expect(changes.undoState ?? 'held').toBe('held');
    });
  });

  test('nothing that was sent is tried more than five times', () => {
    always((life, event, { changes }) => {
      const sent = life.dispatchedAt !== null && !(event.type === 'requeue' && event.unsent);
      const tried = life.state === 'running' || life.state === 'unknown';
      const waits = changes.state === 'queued' && changes.doubt === 'arriving';
      if (tried && sent && life.attempt >= MAX_ATTEMPTS) expect(changes.state === 'queued' && !waits).toBe(false);
      const isOver = life.state === 'queued' && life.doubt === 'arriving' && life.attempt >= MAX_ATTEMPTS;
      if (isOver && event.type === 'claim') expect(changes.state).not.toBe('running');
    });
  });

  test('only an approval or another try after a sent one moves the end of the start window', () => {
    always((life, event, { changes }) => {
      if (
        changes.state !== 'queued' ||
        changes.expiresAt === undefined ||
        changes.expiresAt?.getTime() === life.expiresAt?.getTime()
      )
        return;
      expect(['approve', 'reuse', 'break_glass'].includes(event.type) || life.dispatchedAt !== null).toBe(true);
    });
  });

  test('what waits for approvals is queued only when they lift its gates, or by breaking the glass', () => {
    always((life, event, { changes }) => {
      if (life.state !== 'awaiting_approval' || changes.state !== 'queued') return;
      const lifted = (event.type === 'approve' || event.type === 'reuse') && event.lifted;
      expect(lifted || event.type === 'break_glass').toBe(true);
    });
  });

  test('nothing but breaking the glass opens a review, and breaking it always does', () => {
    always((_, event, { changes }) => {
      expect(changes.review?.state).toBe(event.type === 'break_glass' ? 'open' : undefined);
    });
  });
});

describe('approving', () => {
  const approve = (lifted: boolean): LifeEvent => {
    const by: Actor = { id: 'user:amine', name: 'Amine' };
    const approval = {
      by,
      person: 'user:amine',
      groups: ['team:payments'],
      reusedFrom: null,
      comment: 'go',
      at: NOW.toISOString(),
    };
    return { type: 'approve', approval, digest: 'sha256:x', gates: [], lifted, startWindowMs: START_WINDOW_MS };
  };

  test('an approval that is not the last leaves the approval window as it was', () => {
    const { changes, told } = taken(transition(lifeOf({ state: 'awaiting_approval' }), approve(false), NOW));
    expect(changes).toEqual({ state: 'awaiting_approval', gates: [] });
    expect(told).toEqual([
      {
        type: 'request.approved',
        actor: expect.anything(),
        data: { comment: 'go', groups: ['team:payments'], digest: 'sha256:x' },
      },
    ]);
  });

  test('the start window begins with the last approval, however long that took', () => {
    const life = lifeOf({ state: 'awaiting_approval', expiresAt: new Date(NOW.getTime() + APPROVAL_WINDOW_MS) });
    const { changes } = taken(transition(life, approve(true), NOW));
    expect(changes).toEqual({ state: 'queued', gates: [], expiresAt: new Date(NOW.getTime() + START_WINDOW_MS) });
  });
});

describe('reuse', () => {
  const reuse = (lifted: boolean): LifeEvent => ({
    type: 'reuse',
    approvals: [
      {
        by: NADIA,
        person: NADIA.id,
        groups: ['team:payments'],
        comment: 'go',
        at: '2031-03-04T04:00:00.000Z',
        reusedFrom: 'REQ-7',
      },
    ],
    digest: 'sha256:x',
    lifted,
    startWindowMs: START_WINDOW_MS,
  });

  test('an approval that counts again says whose it is, when it was given and for which request', () => {
    const { changes, told } = taken(transition(lifeOf({ state: 'awaiting_approval' }), reuse(false), NOW));
    expect(changes).toEqual({ state: 'awaiting_approval' });
    expect(told).toEqual([
      {
        type: 'request.approval_reused',
        data: {
          reusedFrom: 'REQ-7',
          by: NADIA,
          person: NADIA.id,
          groups: ['team:payments'],
          comment: 'go',
          approvedAt: '2031-03-04T04:00:00.000Z',
          digest: 'sha256:x',
        },
      },
    ]);
  });

  test('when they lift every gate it may start, within the start window', () => {
    const { changes } = taken(transition(lifeOf({ state: 'awaiting_approval' }), reuse(true), NOW));
    expect(changes).toEqual({ state: 'queued', expiresAt: new Date(NOW.getTime() + START_WINDOW_MS) });
  });
});

describe('breaking the glass', () => {
  const gate = { policy: 'four-eyes', approvers: 'team:payments', count: 1, reason: 'two people' };
  const approvers = [{ id: 'user:amine', name: 'Amine Diallo' }];
  const event: LifeEvent = {
    type: 'break_glass',
    by: NADIA,
    person: 'user:nadia',
    incident: 'INC-7',
    reason: 'orders stand still',
    passed: [gate],
    approvers,
    startWindowMs: START_WINDOW_MS,
  };

  test('queues it, opens a review, and tells who did it, why, what was passed and who is to know', () => {
    const { changes, told } = taken(transition(lifeOf({ state: 'awaiting_approval' }), event, NOW));
    expect(changes).toMatchObject({ state: 'queued', expiresAt: new Date(NOW.getTime() + START_WINDOW_MS) });
    expect(changes.gates).toBeUndefined();
    expect(changes.review).toEqual({
      state: 'open',
      brokenBy: NADIA,
      person: 'user:nadia',
      incident: 'INC-7',
      reason: 'orders stand still',
      at: NOW.toISOString(),
      verdict: null,
      closedBy: null,
      comment: null,
      closedAt: null,
    });
    expect(told).toEqual([
      {
        type: 'request.glass_broken',
        actor: NADIA,
        data: { incident: 'INC-7', reason: 'orders stand still', gates: [gate], approvers },
      },
      { type: 'request.queued', data: {} },
    ]);
  });
});

describe('clocks', () => {
  test.each([
    ['before its time', secondsAfter(1), 'early'],
    ['without a time', null, 'early'],
    ['at its time', NOW, 'taken: expired'],
    ['after its time', secondsAfter(-1), 'taken: expired'],
  ])('expiry %s', (_, expiresAt, answer) => {
    expect(refused(transition(lifeOf({ state: 'queued', expiresAt }), { type: 'expire' }, NOW))).toBe(answer);
  });

  test('a claim waits for the time of the next try, and is refused when the approval is too old', () => {
    const claim: LifeEvent = { type: 'claim', runId: 'run', worker: 'w', leaseMs: 8000 };
    expect(refused(transition(lifeOf({ state: 'queued', runAfter: secondsAfter(1) }), claim, NOW))).toBe('early');
    expect(refused(transition(lifeOf({ state: 'queued', expiresAt: NOW }), claim, NOW))).toBe('late');
    const { changes } = taken(transition(lifeOf({ state: 'queued', attempt: 2 }), claim, NOW));
    expect(changes).toMatchObject({ attempt: 3, leaseUntil: secondsAfter(8), startedAt: NOW, dispatchedAt: null });
  });

  test('the deadline counts from the dispatch', () => {
    const { changes } = taken(transition(lifeOf({ state: 'running' }), { type: 'dispatch', timeoutMs: 60_000 }, NOW));
    expect(changes).toEqual({ state: 'running', dispatchedAt: NOW, deadlineAt: secondsAfter(60) });
  });

  test('what was never sent gets no new start window when it is put back', () => {
    const requeue = (unsent: boolean): LifeEvent => ({
      type: 'requeue',
      failure: FAILURE,
      delayMs: 4000,
      startWindowMs: START_WINDOW_MS,
      unsent,
    });
    const life = lifeOf({ state: 'running', dispatchedAt: NOW, expiresAt: secondsAfter(7) });
    expect(taken(transition(life, requeue(true), NOW)).changes).toMatchObject({
      expiresAt: secondsAfter(7),
      runAfter: secondsAfter(4),
    });
    const undispatched = { ...life, dispatchedAt: null };
    expect(taken(transition(undispatched, requeue(false), NOW)).changes).toMatchObject({ expiresAt: secondsAfter(7) });
    const again = taken(transition({ ...life, idempotent: true }, requeue(false), NOW)).changes;
    expect(again).toMatchObject({ expiresAt: new Date(NOW.getTime() + START_WINDOW_MS) });
  });
});
