import {
  type Approval,
  type Failure,
  formatRequestId,
  inBrief,
  type Output,
  type RequestEventType,
  type RequestState,
  type Review,
  type Undo,
} from '@guichet/contract';
import { isGuess, withoutGuess } from './doubt.ts';
import type { Changes, Doubt, Life, LifeEvent, LifeEventType, Told, Transition } from './life.ts';
import { scheduleUndo } from './temporary.ts';

/** A run that was sent is tried so many times at most. */
export const MAX_ATTEMPTS = 5;

/** How long the next try waits, in ms: 1, 2, 4 ... 30 s. */
export const backoffMs = (attempt: number): number => Math.min(30_000, 1000 * 2 ** Math.max(0, attempt - 1));

/** Which events a state takes. Final states take none. */
export const ACCEPTED: Readonly<Record<RequestState, readonly LifeEventType[]>> = {
  awaiting_approval: ['approve', 'reuse', 'break_glass', 'reject', 'withdraw', 'expire', 'void'],
  queued: ['expire', 'void', 'request_cancel', 'claim'],
  running: ['void', 'request_cancel', 'dispatch', 'requeue', 'succeed', 'fail', 'confirm_cancel', 'lose'],
  unknown: ['settle', 'resolve'],
  succeeded: [],
  failed: [],
  cancelled: [],
  rejected: [],
  withdrawn: [],
  expired: [],
  void: [],
};

const NO_RUN = { leaseUntil: null, expiresAt: null } as const;

/**
 * The life of a request, as one pure function: (request, event, now) -> changes and what to tell, or why not.
 *
 *   submit --> awaiting_approval --approve--> queued --claim--> running --succeed--> succeeded      (reuse and break_glass
 *     |          | reject   | expire            | expire          | fail -----------> failed          lead where approve leads)
 *     |          v withdraw v void              | void            | confirm_cancel -> cancelled
 *     |        rejected  withdrawn  expired     | request_cancel  | void -----------> void     (not dispatched yet)
 *     '--> queued (no gate)                     v                 | requeue --------> queued   (nothing happened)
 *                                           cancelled             '-lose--> unknown --settle--> succeeded|failed|cancelled|queued
 *                                                                           '-resolve--> succeeded|failed|cancelled
 *
 * docs/spec/request-life.md has the whole table and the invariants.
 */
export function transition(life: Life, event: LifeEvent, now: Date): Transition {
  if (!ACCEPTED[life.state].includes(event.type)) return { ok: false, reason: 'state' };
  const next = step(life, event, now);
  // A person may know what nobody saw; everybody else would guess.
  return event.type === 'resolve' ? next : withoutGuess(life, next, now);
}

function step(life: Life, event: LifeEvent, now: Date): Transition {
  switch (event.type) {
    case 'approve':
      return approve(life, event, now);
    case 'reuse':
      return reuse(life, event, now);
    case 'break_glass':
      return breakGlass(life, event, now);
    case 'reject':
      return ended('rejected', now, 'request.rejected', { decidedBy: event.by, comment: event.comment });
    case 'withdraw':
      return ended('withdrawn', now, 'request.withdrawn', { decidedBy: event.by, comment: event.comment });
    case 'expire':
      if (life.expiresAt === null || life.expiresAt > now) return { ok: false, reason: 'early' };
      if (life.cancelRequestedAt !== null) return cancelled(now);
      return ended('expired', now, 'request.expired', {}, { was: life.state, ...held(life) });
    case 'void':
      if (life.dispatchedAt !== null) return { ok: false, reason: 'dispatched' };
      return life.cancelRequestedAt === null ? voided(event, now) : cancelled(now);
    case 'request_cancel':
      return requestCancel(life, event, now);
    case 'claim':
      return claim(life, event, now);
    case 'dispatch':
      return dispatch(life, event, now);
    case 'requeue':
      return requeue(life, event, now);
    case 'succeed':
      if (life.dispatchedAt === null) return { ok: false, reason: 'not_dispatched' };
      return succeeded(life, event, now);
    case 'fail':
      if (life.dispatchedAt === null) return { ok: false, reason: 'not_dispatched' };
      return ended('failed', now, 'request.failed', { failure: event.failure }, { failure: event.failure });
    case 'confirm_cancel':
      return life.cancelRequestedAt === null ? { ok: false, reason: 'not_cancelled' } : cancelled(now);
    case 'lose':
      return lose(life, event, now);
    case 'settle':
      return settle(life, event, now);
    case 'resolve':
      return resolve(life, event, now);
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
    changes: { ...changes, ...NO_RUN, state, finishedAt: now, sealed: null },
    told: [{ type, ...(actor !== undefined && { actor }), data: { ...comment, ...data } }],
  };
}

function succeeded(
  life: Life,
  { output, undo = null }: { output: Output; undo?: Undo | null | undefined },
  now: Date,
): Transition {
  const { changes, told } = scheduleUndo(life, undo, now);
  const next = ended('succeeded', now, 'request.succeeded', { output, undo, ...changes }, { result: inBrief(output) });
  return next.ok ? { ...next, told: [...next.told, ...told] } : next;
}

/** The end of a run that somebody had asked to cancel: who and why were written down then. */
const cancelled = (now: Date): Transition => ended('cancelled', now, 'request.cancelled', {});

/** What it waits for, for whoever reads its events. */
const held = ({ waitsFor }: Life): { waitsFor?: string } => (waitsFor === null ? {} : { waitsFor: formatRequestId(waitsFor) });

const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

/** The start window begins when it may start: what is asked for later waits until then first. */
const startEnd = ({ runAfter }: Life, startWindowMs: number, now: Date): Date =>
  after(runAfter > now ? runAfter : now, startWindowMs);

function approve(life: Life, event: Extract<LifeEvent, { type: 'approve' }>, now: Date): Transition {
  const { approval, digest, gates, lifted, startWindowMs } = event;
  const { comment, groups } = approval;
  const told: Told[] = [{ type: 'request.approved', actor: approval.by, data: { comment, groups, digest } }];
  if (!lifted) return { ok: true, changes: { state: 'awaiting_approval', gates }, told };
  // A new clock starts: the approval holds for so long, however long it took to be given.
  const changes = { state: 'queued', gates, expiresAt: startEnd(life, startWindowMs, now) } as const;
  return { ok: true, changes, told: [...told, { type: 'request.queued', data: {} }] };
}

/** An approval that was given for another request counts for this one. */
export function reusedApproval({ by, person, groups, comment, at, reusedFrom }: Approval, digest: string): Told {
  return { type: 'request.approval_reused', data: { reusedFrom, by, person, groups, comment, approvedAt: at, digest } };
}

function reuse(
  life: Life,
  { approvals, digest, lifted, startWindowMs }: Extract<LifeEvent, { type: 'reuse' }>,
  now: Date,
): Transition {
  // Nobody approves anything at this moment, so that the gateway tells it, and says who had.
  const told: Told[] = approvals.map((approval) => reusedApproval(approval, digest));
  if (!lifted) return { ok: true, changes: { state: 'awaiting_approval' }, told };
  const changes = { state: 'queued', expiresAt: startEnd(life, startWindowMs, now) } as const;
  return { ok: true, changes, told: [...told, { type: 'request.queued', data: {} }] };
}

function breakGlass(life: Life, event: Extract<LifeEvent, { type: 'break_glass' }>, now: Date): Transition {
  const { by, person, incident, reason, passed, approvers, startWindowMs } = event;
  const review: Review = {
    state: 'open',
    brokenBy: by,
    person,
    incident,
    reason,
    at: now.toISOString(),
    verdict: null,
    closedBy: null,
    comment: null,
    closedAt: null,
  };
  return {
    ok: true,
    changes: { state: 'queued', review, expiresAt: startEnd(life, startWindowMs, now) },
    told: [
      { type: 'request.glass_broken', actor: by, data: { incident, reason, gates: passed, approvers } },
      { type: 'request.queued', data: {} },
    ],
  };
}

function voided(event: Extract<LifeEvent, { type: 'void' }>, now: Date): Transition {
  const { failure, drift } = event;
  const changes = { failure, ...(drift !== undefined && { drift }) };
  return ended('void', now, 'request.voided', changes, { failure, ...(drift !== undefined && { planned: drift.summary }) });
}

function requestCancel(life: Life, event: Extract<LifeEvent, { type: 'request_cancel' }>, now: Date): Transition {
  const { by, comment } = event;
  const asked: Told = { type: 'request.cancel_requested', actor: by, data: { comment } };
  const { state } = life;
  // Until its lost call can arrive no more nobody can promise that it does nothing: then it ends, at its next claim.
  const mayArrive = life.doubt === 'arriving' && life.runAfter > now;
  if (state === 'queued' && !mayArrive)
    return ended('cancelled', now, 'request.cancelled', { decidedBy: by, comment, cancelRequestedAt: now });
  if (life.cancelRequestedAt !== null) return { ok: true, changes: { state }, told: [] };
  return { ok: true, changes: { state, cancelRequestedAt: now, decidedBy: by, comment }, told: [asked] };
}

function claim(life: Life, event: Extract<LifeEvent, { type: 'claim' }>, now: Date): Transition {
  if (life.runAfter > now) return { ok: false, reason: 'early' };
  if (life.expiresAt !== null && life.expiresAt <= now) return { ok: false, reason: 'late' };
  if (life.cancelRequestedAt !== null) return cancelled(now);
  if (life.doubt === 'arriving' && life.attempt >= MAX_ATTEMPTS) return neverStarted(life, now);
  if (life.waitsFor !== null) return { ok: false, reason: 'held' };
  const { runId, worker } = event;
  const attempt = life.attempt + 1;
  const leaseUntil = after(now, event.leaseMs);
  return {
    ok: true,
    changes: {
      state: 'running',
      runId,
      worker,
      leaseUntil,
      attempt,
      startedAt: now,
      dispatchedAt: null,
      deadlineAt: null,
      ...(life.doubt === 'arriving' && { doubt: null }),
    },
    told: [{ type: 'request.started', data: { run: runId, attempt, worker } }],
  };
}

function dispatch(life: Life, event: Extract<LifeEvent, { type: 'dispatch' }>, now: Date): Transition {
  if (life.dispatchedAt !== null) return { ok: false, reason: 'dispatched' };
  // From here on the effect may have happened; a wish to cancel that came first wins.
  if (life.cancelRequestedAt !== null) return cancelled(now);
  // What happened to its resource is not known since it was claimed: it waits, and uses no more of its approval's time up.
  if (life.waitsFor !== null) return backToQueue({ runAfter: now, expiresAt: life.expiresAt, data: held(life) });
  const deadlineAt = after(now, event.timeoutMs);
  return {
    ok: true,
    changes: { state: 'running', dispatchedAt: now, deadlineAt },
    told: [{ type: 'request.dispatched', data: { deadlineAt: deadlineAt.toISOString() } }],
  };
}

function requeue(life: Life, event: Extract<LifeEvent, { type: 'requeue' }>, now: Date): Transition {
  const { failure, delayMs, startWindowMs, unsent } = event;
  const sent = life.dispatchedAt !== null && !unsent;
  // Once the call may have reached the provider, only an action that is idempotent is called again.
  if (sent && !life.idempotent) return { ok: false, reason: 'dispatched' };
  if (life.cancelRequestedAt !== null) return cancelled(now);
  if (sent && life.attempt >= MAX_ATTEMPTS) return ended('failed', now, 'request.failed', { failure }, { failure });
  // What was never sent has not used its approval's time up, and gets no more of it.
  const expiresAt = sent ? after(now, startWindowMs) : life.expiresAt;
  return backToQueue({ runAfter: after(now, delayMs), expiresAt, data: { failure } });
}

function backToQueue({
  runAfter,
  expiresAt,
  data,
  doubt,
}: {
  runAfter: Date;
  expiresAt: Date | null;
  data: Readonly<Record<string, unknown>>;
  /** A new one; what was in doubt before stays so. */
  doubt?: Doubt;
}): Transition {
  const nothing = { leaseUntil: null, dispatchedAt: null, deadlineAt: null, observeAt: null } as const;
  return {
    ok: true,
    changes: { state: 'queued', runAfter, expiresAt, ...nothing, ...(doubt !== undefined && { doubt }) },
    told: [{ type: 'request.requeued', data: { ...data, runAfter: runAfter.toISOString() } }],
  };
}

/** The worker vanished, or nobody saw the end of the call. Never `failed`: that would be a guess. */
function lose(life: Life, event: Extract<LifeEvent, { type: 'lose' }>, now: Date): Transition {
  const { message, startWindowMs } = event;
  if (life.dispatchedAt === null) {
    if (life.cancelRequestedAt !== null) return cancelled(now);
    return backToQueue({ runAfter: now, expiresAt: life.expiresAt, data: { message } });
  }
  const blindRetry = life.idempotent && !life.observable && life.cancelRequestedAt === null;
  if (blindRetry && life.attempt < MAX_ATTEMPTS) {
    const runAfter = after(now, backoffMs(life.attempt));
    return backToQueue({ runAfter, expiresAt: after(runAfter, startWindowMs), data: { message }, doubt: 'unseen' });
  }
  return {
    ok: true,
    changes: { state: 'unknown', leaseUntil: null, observeAt: life.observable ? now : null },
    told: [{ type: 'request.lost', data: { message, observable: life.observable } }],
  };
}

function settle(life: Life, event: Extract<LifeEvent, { type: 'settle' }>, now: Date): Transition {
  const { observation } = event;
  switch (observation.status) {
    case 'succeeded': {
      return settled(event, succeeded(life, { output: observation.output, undo: event.undo }, now));
    }
    case 'failed': {
      if (observation.failure.kind === 'cancelled' && life.cancelRequestedAt !== null) return settled(event, cancelled(now));
      const { message, remedy, kind } = observation.failure;
      const failure: Failure = {
        code: 'run.failed',
        message,
        retryable: kind === 'retryable',
        ...(remedy !== undefined && { remedy }),
      };
      return settled(event, ended('failed', now, 'request.failed', { failure }, { failure }));
    }
    case 'not_started':
      return settled(event, notStarted(life, event, now));
    case 'running':
    case 'unknown':
      return { ok: true, changes: { state: 'unknown', observeAt: after(now, event.againMs) }, told: [] };
  }
}

function settled({ observation }: Extract<LifeEvent, { type: 'settle' }>, next: Transition): Transition {
  if (!next.ok || next.changes.state === 'unknown') return next;
  const changes = { ...next.changes, observeAt: null };
  return { ok: true, changes, told: [{ type: 'request.settled', data: { status: observation.status } }, ...next.told] };
}

function notStarted(life: Life, { grantMs, startWindowMs }: Extract<LifeEvent, { type: 'settle' }>, now: Date): Transition {
  const isLast = life.cancelRequestedAt !== null || life.attempt >= MAX_ATTEMPTS;
  // Of the tries before it nobody knows.
  if (isLast && isGuess(life)) return { ok: true, changes: { state: 'unknown', observeAt: null }, told: [] };
  // The lost call may still be on its way: another try, or an end, waits until its grant is worth nothing.
  const grantIsDead = after(life.dispatchedAt ?? now, grantMs);
  if (grantIsDead > now)
    return backToQueue({
      runAfter: grantIsDead,
      expiresAt: after(grantIsDead, startWindowMs),
      data: {},
      doubt: life.doubt ?? 'arriving',
    });
  if (life.cancelRequestedAt !== null) return cancelled(now);
  if (life.attempt >= MAX_ATTEMPTS) return neverStarted(life, now);
  return backToQueue({ runAfter: now, expiresAt: after(now, startWindowMs), data: {} });
}

function neverStarted({ attempt }: Life, now: Date): Transition {
  const message = `It did not start in ${attempt} tries; nothing was done.`;
  const failure: Failure = { code: 'run.failed', message, remedy: 'File it again.', retryable: true };
  return ended('failed', now, 'request.failed', { failure }, { failure });
}

/**
 * A person's word ends a request and never sends anything again: were they wrong, it would be done twice. Whoever still
 * wants it files it again, with a new plan and new approvals.
 */
function resolve(life: Life, event: Extract<LifeEvent, { type: 'resolve' }>, now: Date): Transition {
  const { by, outcome, reason, provider, grantMs } = event;
  // As long as the lost call may still arrive nobody can know that nothing is done.
  if (outcome !== 'succeeded' && after(life.dispatchedAt ?? now, grantMs) > now) return { ok: false, reason: 'early' };
  const next = resolved(life, event, now);
  if (!next.ok) return next;
  const told: Told = { type: 'request.resolved', actor: by, data: { outcome, comment: reason, provider } };
  return { ok: true, changes: { ...next.changes, observeAt: null }, told: [told, ...next.told] };
}

function resolved(life: Life, { by, outcome, reason }: Extract<LifeEvent, { type: 'resolve' }>, now: Date): Transition {
  const found = `${by.name} found that it`;
  if (outcome === 'succeeded') {
    const { changes, told } = scheduleUndo(life, null, now);
    const next = ended(
      'succeeded',
      now,
      'request.succeeded',
      { decidedBy: by, comment: reason, ...changes },
      { result: `${found} was done` },
    );
    return next.ok ? { ...next, told: [...next.told, ...told] } : next;
  }
  if (outcome === 'not_started' && life.cancelRequestedAt !== null) return cancelled(now);
  const failure: Failure =
    outcome === 'failed'
      ? { code: 'run.failed', message: `${found} failed: ${reason}`, retryable: false }
      : { code: 'run.failed', message: `${found} did not start: ${reason}`, remedy: 'File it again.', retryable: true };
  return ended('failed', now, 'request.failed', { decidedBy: by, comment: reason, failure }, { failure });
}
