import type { Actor, Failure, Observation } from '@guichet/contract';
import type { Life, LifeEvent, Transition } from '../../src/requests/life.ts';

export const NOW = new Date('2031-03-04T05:06:07.000Z');
export const secondsAfter = (seconds: number): Date => new Date(NOW.getTime() + seconds * 1000);
export const APPROVAL_WINDOW_MS = 24 * 3600 * 1000;
export const START_WINDOW_MS = 3600 * 1000;
export const NADIA: Actor = { id: 'user:nadia', name: 'Nadia Benali' };
export const FAILURE: Failure = { code: 'run.failed', message: 'It broke.', retryable: true };

export function lifeOf(more: Partial<Life>): Life {
  return {
    state: 'queued',
    expiresAt: secondsAfter(600),
    runAfter: new Date(0),
    cancelRequestedAt: null,
    dispatchedAt: null,
    idempotent: false,
    observable: true,
    attempt: 1,
    doubt: null,
    lastsSeconds: null,
    extensionOf: null,
    waitsFor: null,
    ...more,
  };
}

const OBSERVATIONS: readonly Observation[] = [
  { status: 'succeeded', output: { kind: 'text', text: 'done' } },
  { status: 'failed', failure: { kind: 'permanent', message: 'no' } },
  { status: 'failed', failure: { kind: 'cancelled', message: 'stopped' } },
  { status: 'not_started' },
  { status: 'running' },
  { status: 'unknown' },
];

const approval = {
  by: { id: 'user:amine', name: 'Amine Diallo' },
  person: 'user:amine',
  groups: ['team:payments'],
  reusedFrom: null,
  comment: '',
  at: NOW.toISOString(),
};

/** Every event there is, in every variant that the function tells apart. */
export const EVENTS: readonly LifeEvent[] = [
  ...[true, false].map(
    (lifted): LifeEvent => ({ type: 'approve', approval, digest: 'd', gates: [], lifted, startWindowMs: START_WINDOW_MS }),
  ),
  ...[true, false].map(
    (lifted): LifeEvent => ({
      type: 'reuse',
      approvals: [{ ...approval, reusedFrom: 'REQ-1' }],
      digest: 'd',
      lifted,
      startWindowMs: START_WINDOW_MS,
    }),
  ),
  {
    type: 'break_glass',
    by: NADIA,
    person: NADIA.id,
    incident: 'INC-7',
    reason: 'orders stand still',
    passed: [],
    approvers: [],
    startWindowMs: START_WINDOW_MS,
  },
  { type: 'reject', by: NADIA, comment: 'no' },
  { type: 'withdraw', by: NADIA, comment: '' },
  { type: 'expire' },
  { type: 'void', failure: FAILURE },
  { type: 'request_cancel', by: NADIA, comment: '' },
  { type: 'claim', runId: 'run', worker: 'worker', leaseMs: 8000 },
  { type: 'dispatch', timeoutMs: 60_000 },
  ...[true, false].map(
    (unsent): LifeEvent => ({ type: 'requeue', failure: FAILURE, delayMs: 1000, startWindowMs: START_WINDOW_MS, unsent }),
  ),
  { type: 'succeed', output: { kind: 'text', text: 'done' } },
  { type: 'fail', failure: FAILURE },
  { type: 'confirm_cancel' },
  { type: 'lose', message: 'gone', startWindowMs: START_WINDOW_MS },
  ...OBSERVATIONS.map(
    (observation): LifeEvent => ({
      type: 'settle',
      observation,
      grantMs: 70_000,
      startWindowMs: START_WINDOW_MS,
      againMs: 2000,
    }),
  ),
  ...(['succeeded', 'failed', 'not_started'] as const).flatMap((outcome) =>
    [0, 70_000].map(
      (grantMs): LifeEvent => ({ type: 'resolve', by: NADIA, outcome, reason: 'looked at it', provider: 'unknown', grantMs }),
    ),
  ),
];

const one = <Value>(...values: Value[]): readonly Value[] => values;

/** What is in doubt in a state, and whether somebody may want it cancelled then. */
const DOUBTS: Partial<Record<Life['state'], readonly Pick<Life, 'doubt' | 'cancelRequestedAt'>[]>> = {
  queued: [
    { doubt: null, cancelRequestedAt: null },
    { doubt: 'unseen', cancelRequestedAt: null },
    { doubt: 'arriving', cancelRequestedAt: null },
    { doubt: 'arriving', cancelRequestedAt: secondsAfter(-5) },
  ],
};
const STOPPED = [null, 'unseen' as const, 'restored' as const].flatMap((doubt) =>
  [null, secondsAfter(-5)].map((cancelRequestedAt) => ({ doubt, cancelRequestedAt })),
);

/** Every combination of what the function looks at that can be in a state: nothing that waits was dispatched. */
export function livesIn(state: Life['state']): Life[] {
  const started = state === 'running' || state === 'unknown';
  const doubts = DOUBTS[state] ?? (started ? STOPPED : [{ doubt: null, cancelRequestedAt: null }]);
  const times = state === 'queued' ? one(new Date(0), secondsAfter(30)) : one(new Date(0));
  const dispatches = { running: one(null, secondsAfter(-10)), unknown: one(secondsAfter(-10)) };
  return one(null, secondsAfter(-1), secondsAfter(60)).flatMap((expiresAt) =>
    doubts.flatMap((doubted) =>
      (state === 'running' || state === 'unknown' ? dispatches[state] : one(null)).flatMap((dispatchedAt) =>
        one(true, false).flatMap((idempotent) =>
          one(true, false).flatMap((observable) =>
            one(1, 5).flatMap((attempt) =>
              (state === 'queued' || state === 'running' ? one(null, '7') : one(null)).flatMap((waitsFor) =>
                times.map((runAfter) =>
                  lifeOf({ state, expiresAt, ...doubted, dispatchedAt, idempotent, observable, attempt, waitsFor, runAfter }),
                ),
              ),
            ),
          ),
        ),
      ),
    ),
  );
}

/** What an event leads to; throws when it is refused. */
export function taken(next: Transition): Extract<Transition, { ok: true }> {
  if (!next.ok) throw new Error(`not taken: ${next.reason}`);
  return next;
}

/** Why an event is refused. */
export const refused = (next: Transition): string => (next.ok ? `taken: ${next.changes.state}` : next.reason);
