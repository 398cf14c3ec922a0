import {
  change,
  type Holding,
  KINDS,
  type Known,
  type Model,
  type ModelRequest,
  type Person,
  type Step,
  submitted,
} from './parts.ts';
import { afterUndos, doneNothing, resolved, succeeded, timeOver, tooLate, undone } from './undo-model.ts';

const MAX_ATTEMPTS = 5;

/** What a step leads to. Written from docs/spec/request-life.md, not from the code. */
export function next(model: Model, step: Step): Model {
  return afterUndos(model, taken(model, step));
}

function taken(model: Model, step: Step): Model {
  switch (step.do) {
    case 'submit':
      return { ...model, requests: [...model.requests, submitted(step.kind, step.thing)] };
    case 'approve':
    case 'reject':
    case 'withdraw':
    case 'cancel':
      return change(model, step.at, (request) => decided(request, step.do, step.who));
    case 'undo':
      return undone(model, step.at);
    case 'resolve':
      return change(model, step.at, (request) => resolved(request, step));
    case 'time_over':
      return timeOver(model, step.at);
    case 'pass_time':
      return change(model, step.at, (request) => ({
        windowOver: request.state === 'awaiting_approval' || request.state === 'queued',
      }));
    case 'claim':
      return claimed(model);
    case 'crash':
      return change(model, step.at, (request) =>
        request.state === 'running' ? { ...lost(request), token: request.token + 1 } : {},
      );
    case 'observe':
      return change(model, step.at, (request) =>
        request.state === 'unknown' && KINDS[request.kind].observable ? settled(request, step.status) : {},
      );
    default: {
      const holding = model.holdings[step.at];
      if (holding === undefined) return model;
      return change(model, holding.request, (request) => {
        if (request.state !== 'running' || request.token !== holding.token) return {};
        return reported(model, request, step);
      });
    }
  }
}

function decided(request: Known, what: 'approve' | 'reject' | 'withdraw' | 'cancel', who: Person): Partial<Known> {
  const { state, windowOver, approvers, kind } = request;
  // Whoever stands behind what was asked for a while keeps it by no means.
  if (request.byClock && who === 'nadia') return {};
  if (windowOver && (state === 'awaiting_approval' || state === 'queued')) return tooLate(request);
  if (what === 'cancel') {
    if (state === 'queued' && request.waits) return { cancelWished: true };
    if (state === 'queued') return { ...doneNothing(request, 'cancelled'), cancelWished: true };
    return state === 'running' ? { cancelWished: true } : {};
  }
  if (state !== 'awaiting_approval') return {};
  if (what === 'withdraw') return who === 'nadia' ? { state: 'withdrawn' } : {};
  if (who === 'nadia') return {}; // nobody decides on their own request
  if (what === 'reject') return { state: 'rejected' };
  if (approvers.includes(who)) return {};
  const after = { approvers: [...approvers, who], approvals: approvers.length + 1 };
  return after.approvals < KINDS[kind].needs ? after : { ...after, state: 'queued', windowOver: false };
}

const isHeld = ({ requests }: Model, { thing }: Known): boolean =>
  requests.some((other) => other.state === 'unknown' && other.thing === thing);

function claimed(model: Model): Model {
  const holdings: Holding[] = [];
  const requests = model.requests.map((request, index) => {
    if (request.state !== 'queued') return request;
    if (request.windowOver) return { ...request, ...tooLate(request) };
    if (isHeld(model, request)) return { ...request, waits: false };
    const token = request.token + 1;
    if (request.cancelWished) return { ...request, ...doneNothing(request, 'cancelled'), token };
    if (request.doubt === 'arriving' && request.attempt >= MAX_ATTEMPTS) return { ...request, state: 'failed' as const, token };
    holdings.push({ request: index, token });
    const doubt = request.doubt === 'arriving' ? null : request.doubt;
    return { ...request, state: 'running' as const, token, attempt: request.attempt + 1, dispatched: false, doubt, waits: false };
  });
  return { requests, holdings: [...model.holdings, ...holdings] };
}

type Report = Extract<Step, { do: 'dispatch' | 'succeed' | 'fail' | 'confirm_cancel' | 'lose' | 'requeue' }>;

function reported(model: Model, request: Known, step: Report): Partial<Known> {
  const { dispatched, cancelWished, kind, attempt } = request;
  switch (step.do) {
    case 'dispatch':
      if (dispatched) return {};
      if (cancelWished) return doneNothing(request, 'cancelled');
      return isHeld(model, request) ? { state: 'queued' } : { dispatched: true };
    case 'succeed':
      return dispatched ? succeeded(request) : {};
    case 'fail':
      return dispatched ? { state: 'failed' } : {};
    case 'confirm_cancel':
      return cancelWished ? doneNothing(request, 'cancelled') : {};
    case 'lose':
      return lost(request);
    case 'requeue': {
      const sent = dispatched && !step.unsent;
      if (sent && !KINDS[kind].idempotent) return {};
      if (cancelWished) return doneNothing(request, 'cancelled');
      if (sent && attempt >= MAX_ATTEMPTS) return { state: 'failed' };
      return { state: 'queued', dispatched: false, ...(sent && { windowOver: false }) };
    }
  }
}

function lost(request: Known): Partial<Known> {
  const { dispatched, cancelWished, kind, attempt } = request;
  if (!dispatched) return cancelWished ? doneNothing(request, 'cancelled') : { state: 'queued' };
  const { idempotent, observable } = KINDS[kind];
  const blindRetry = idempotent && !observable && !cancelWished && attempt < MAX_ATTEMPTS;
  return blindRetry ? { state: 'queued', dispatched: false, windowOver: false, doubt: 'unseen' } : { state: 'unknown' };
}

function settled(request: Known, status: Extract<Step, { do: 'observe' }>['status']): Partial<Known> {
  if (status === 'succeeded') return succeeded(request);
  if (status === 'failed') return { state: status };
  // Its call was sent a moment ago, and may still arrive.
  return status === 'not_started'
    ? { state: 'queued', dispatched: false, windowOver: false, doubt: 'arriving', waits: true }
    : {};
}

/** What of a model is compared with the database. `dispatched` says nothing after the end. */
export const comparable = ({ requests }: Model): ModelRequest[] =>
  requests.map(({ state, approvals, cancelWished, dispatched, attempt, token, undoState, clockIsSet }) => ({
    state,
    approvals,
    cancelWished,
    dispatched: (state === 'running' || state === 'unknown') && dispatched,
    attempt,
    token,
    undoState,
    clockIsSet,
  }));
