import {
  type Actor,
  type Approval,
  type Failure,
  type Gate,
  inBrief,
  type Observation,
  type Output,
  type Plan,
  type RequestEventType,
  type RequestState,
} from '@guichet/contract';

/**
 * The life of a request, as one pure function: (request, event, now) -> changes and what to tell, or why not.
 *
 *   submit --> awaiting_approval --approve--> queued --claim--> running --succeed--> succeeded
 *     |          | reject   | expire            | expire          | fail -----------> failed
 *     |          v withdraw v void              | void            | confirm_cancel -> cancelled
 *     |        rejected  withdrawn  expired     | request_cancel  | void -----------> void     (not dispatched yet)
 *     '--> queued (no gate)                     v                 | requeue --------> queued   (nothing happened)
 *                                           cancelled             '-lose--> unknown --settle--> succeeded|failed|queued
 *
 * docs/spec/request-life.md has the whole table and the invariants.
 */
export type LifeEvent =
  | {
      readonly type: 'approve';
      readonly approval: Approval;
      readonly gates: readonly Gate[];
      readonly lifted: boolean;
      readonly expiresAt: Date;
    }
  | { readonly type: 'reject'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'withdraw'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'expire' }
  | { readonly type: 'void'; readonly failure: Failure; readonly drift?: Plan }
  | { readonly type: 'request_cancel'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'claim'; readonly runId: string; readonly worker: string; readonly leaseUntil: Date }
  | { readonly type: 'dispatch'; readonly deadlineAt: Date }
  | {
      readonly type: 'requeue';
      readonly failure: Failure;
      readonly runAfter: Date;
      readonly expiresAt: Date;
      readonly unsent: boolean;
    }
  | { readonly type: 'succeed'; readonly output: Output }
  | { readonly type: 'fail'; readonly failure: Failure }
  | { readonly type: 'confirm_cancel' }
  | { readonly type: 'lose'; readonly message: string; readonly observeAt: Date; readonly expiresAt: Date }
  | {
      readonly type: 'settle';
      readonly observation: Observation;
      readonly runAfter: Date;
      readonly expiresAt: Date;
      readonly observeAt: Date;
    };

export type LifeEventType = LifeEvent['type'];

/** What the function needs to know of a request. */
export interface Life {
  readonly state: RequestState;
  readonly expiresAt: Date | null;
  readonly runAfter: Date;
  readonly cancelRequestedAt: Date | null;
  readonly dispatchedAt: Date | null;
  readonly idempotent: boolean;
  readonly observable: boolean;
  readonly attempt: number;
}

/** Columns that a transition changes; an absent one stays. */
export interface Changes {
  readonly state: RequestState;
  readonly gates?: readonly Gate[];
  readonly expiresAt?: Date | null;
  readonly decidedBy?: Actor;
  readonly comment?: string;
  readonly cancelRequestedAt?: Date;
  readonly runId?: string;
  readonly attempt?: number;
  readonly runAfter?: Date;
  readonly worker?: string;
  readonly leaseUntil?: Date | null;
  readonly startedAt?: Date;
  readonly dispatchedAt?: Date | null;
  readonly deadlineAt?: Date | null;
  readonly finishedAt?: Date | null;
  readonly observeAt?: Date | null;
  readonly drift?: Plan;
  readonly output?: Output;
  readonly failure?: Failure;
}

export interface Told {
  readonly type: RequestEventType;
  /** Absent: the gateway itself. */
  readonly actor?: Actor;
  readonly data: Readonly<Record<string, unknown>>;
}

export type Transition =
  | { readonly ok: true; readonly changes: Changes; readonly told: readonly Told[] }
  /** `state`: the event does not belong in this state. `early`: it does, but not yet; `late`: no more. */
  | { readonly ok: false; readonly reason: 'state' | 'early' | 'late' | 'dispatched' | 'not_cancelled' };

/** Which events a state takes. Final states take none. */
export const ACCEPTED: Readonly<Record<RequestState, readonly LifeEventType[]>> = {
  awaiting_approval: ['approve', 'reject', 'withdraw', 'expire', 'void'],
  queued: ['expire', 'void', 'request_cancel', 'claim'],
  running: ['void', 'request_cancel', 'dispatch', 'requeue', 'succeed', 'fail', 'confirm_cancel', 'lose'],
  unknown: ['settle'],
  succeeded: [],
  failed: [],
  cancelled: [],
  rejected: [],
  withdrawn: [],
  expired: [],
  void: [],
};

const NO_RUN = { leaseUntil: null, expiresAt: null } as const;

export function transition(life: Life, event: LifeEvent, now: Date): Transition {
  if (!ACCEPTED[life.state].includes(event.type)) return { ok: false, reason: 'state' };
  switch (event.type) {
    case 'approve':
      return approve(event);
    case 'reject':
      return ended('rejected', now, 'request.rejected', { decidedBy: event.by, comment: event.comment });
    case 'withdraw':
      return ended('withdrawn', now, 'request.withdrawn', { decidedBy: event.by, comment: event.comment });
    case 'expire':
      if (life.expiresAt === null || life.expiresAt > now) return { ok: false, reason: 'early' };
      return ended('expired', now, 'request.expired', {}, { was: life.state });
    case 'void':
      if (life.dispatchedAt !== null) return { ok: false, reason: 'dispatched' };
      return voided(event, now);
    case 'request_cancel':
      return requestCancel(life, event, now);
    case 'claim':
      return claim(life, event, now);
    case 'dispatch':
      return dispatch(life, event, now);
    case 'requeue':
      return requeue(life, event, now);
    case 'succeed':
      return ended('succeeded', now, 'request.succeeded', { output: event.output }, { result: inBrief(event.output) });
    case 'fail':
      return ended('failed', now, 'request.failed', { failure: event.failure }, { failure: event.failure });
    case 'confirm_cancel':
      if (life.cancelRequestedAt === null) return { ok: false, reason: 'not_cancelled' };
      return ended('cancelled', now, 'request.cancelled', {});
    case 'lose':
      return lose(life, event, now);
    case 'settle':
      return settle(life, event, now);
  }
}

function ended(
  state: RequestState,
  now: Date,
  type: RequestEventType,
  changes: Omit<Changes, 'state'>,
  data: Readonly<Record<string, unknown>> = {},
): Transition {
  const actor = changes.decidedBy;
  const comment = changes.comment === undefined ? {} : { comment: changes.comment };
  return {
    ok: true,
    changes: { ...changes, ...NO_RUN, state, finishedAt: now },
    told: [{ type, ...(actor !== undefined && { actor }), data: { ...comment, ...data } }],
  };
}

function approve(event: Extract<LifeEvent, { type: 'approve' }>): Transition {
  const { approval, gates, lifted, expiresAt } = event;
  const told: Told[] = [
    { type: 'request.approved', actor: approval.by, data: { comment: approval.comment, teams: approval.teams } },
  ];
  if (!lifted) return { ok: true, changes: { state: 'awaiting_approval', gates }, told };
  // A new clock starts: the approval holds for so long, however long it took to be given.
  return { ok: true, changes: { state: 'queued', gates, expiresAt }, told: [...told, { type: 'request.queued', data: {} }] };
}

function voided(event: Extract<LifeEvent, { type: 'void' }>, now: Date): Transition {
  const { failure, drift } = event;
  const changes = { failure, ...(drift !== undefined && { drift }) };
  return ended('void', now, 'request.voided', changes, { failure, ...(drift !== undefined && { planned: drift.summary }) });
}

function requestCancel(life: Life, event: Extract<LifeEvent, { type: 'request_cancel' }>, now: Date): Transition {
  const { by, comment } = event;
  const asked: Told = { type: 'request.cancel_requested', actor: by, data: { comment } };
  if (life.state === 'queued')
    return ended('cancelled', now, 'request.cancelled', { decidedBy: by, comment, cancelRequestedAt: now });
  if (life.cancelRequestedAt !== null) return { ok: true, changes: { state: 'running' }, told: [] };
  return { ok: true, changes: { state: 'running', cancelRequestedAt: now, decidedBy: by, comment }, told: [asked] };
}

function claim(life: Life, event: Extract<LifeEvent, { type: 'claim' }>, now: Date): Transition {
  if (life.runAfter > now) return { ok: false, reason: 'early' };
  if (life.expiresAt !== null && life.expiresAt <= now) return { ok: false, reason: 'late' };
  const { runId, worker, leaseUntil } = event;
  const attempt = life.attempt + 1;
  return {
    ok: true,
    changes: { state: 'running', runId, worker, leaseUntil, attempt, startedAt: now, dispatchedAt: null, deadlineAt: null },
    told: [{ type: 'request.started', data: { run: runId, attempt, worker } }],
  };
}

function dispatch(life: Life, event: Extract<LifeEvent, { type: 'dispatch' }>, now: Date): Transition {
  if (life.dispatchedAt !== null) return { ok: false, reason: 'dispatched' };
  // From here on the effect may have happened; a wish to cancel that came first wins.
  if (life.cancelRequestedAt !== null) return ended('cancelled', now, 'request.cancelled', {});
  return {
    ok: true,
    changes: { state: 'running', dispatchedAt: now, deadlineAt: event.deadlineAt },
    told: [{ type: 'request.dispatched', data: { deadlineAt: event.deadlineAt.toISOString() } }],
  };
}

function requeue(life: Life, event: Extract<LifeEvent, { type: 'requeue' }>, now: Date): Transition {
  // Once the call may have reached the provider, only an action that is idempotent is called again.
  if (life.dispatchedAt !== null && !life.idempotent && !event.unsent) return { ok: false, reason: 'dispatched' };
  if (life.cancelRequestedAt !== null) return ended('cancelled', now, 'request.cancelled', {});
  return backToQueue(event.runAfter, life.dispatchedAt === null ? life.expiresAt : event.expiresAt, { failure: event.failure });
}

function backToQueue(runAfter: Date, expiresAt: Date | null, data: Readonly<Record<string, unknown>>): Transition {
  return {
    ok: true,
    changes: { state: 'queued', runAfter, expiresAt, leaseUntil: null, dispatchedAt: null, deadlineAt: null, observeAt: null },
    told: [{ type: 'request.requeued', data: { ...data, runAfter: runAfter.toISOString() } }],
  };
}

/** The worker vanished, or nobody saw the end of the call. Never `failed`: that would be a guess. */
function lose(life: Life, event: Extract<LifeEvent, { type: 'lose' }>, now: Date): Transition {
  const { message, observeAt, expiresAt } = event;
  if (life.dispatchedAt === null) {
    if (life.cancelRequestedAt !== null) return ended('cancelled', now, 'request.cancelled', {});
    return backToQueue(now, life.expiresAt, { message });
  }
  if (life.idempotent && !life.observable && life.cancelRequestedAt === null) return backToQueue(now, expiresAt, { message });
  return {
    ok: true,
    changes: { state: 'unknown', leaseUntil: null, observeAt: life.observable ? observeAt : null },
    told: [{ type: 'request.lost', data: { message, observable: life.observable } }],
  };
}

function settle(life: Life, event: Extract<LifeEvent, { type: 'settle' }>, now: Date): Transition {
  const { observation, runAfter, expiresAt, observeAt } = event;
  const settled: Told = { type: 'request.settled', data: { status: observation.status } };
  const then = (next: Transition): Transition => (next.ok ? { ...next, told: [settled, ...next.told] } : next);
  switch (observation.status) {
    case 'succeeded':
      return then(
        ended(
          'succeeded',
          now,
          'request.succeeded',
          { output: observation.output, observeAt: null },
          { result: inBrief(observation.output) },
        ),
      );
    case 'failed': {
      const { message, remedy, kind } = observation.failure;
      const failure: Failure = {
        code: 'run.failed',
        message,
        retryable: kind === 'retryable',
        ...(remedy !== undefined && { remedy }),
      };
      return then(ended('failed', now, 'request.failed', { failure, observeAt: null }, { failure }));
    }
    case 'not_started':
      if (life.cancelRequestedAt !== null) return then(ended('cancelled', now, 'request.cancelled', { observeAt: null }));
      return then(backToQueue(runAfter, expiresAt, {}));
    case 'running':
    case 'unknown':
      return { ok: true, changes: { state: 'unknown', observeAt }, told: [] };
  }
}
