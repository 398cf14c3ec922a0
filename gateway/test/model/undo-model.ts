import { change, type Known, type Model, type Step, submitted } from './parts.ts';

/** The part of the model about undoing: by people, by the clock, and after the word of a person. */

const MOST_UNDO_TRIES = 5;
const ENDS = new Set(['succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void']);

/** The provider has said that it has succeeded, and how it is undone. */
export const succeeded = ({ kind }: Known): Partial<Known> =>
  kind === 'temp' ? { state: 'succeeded', undoState: 'scheduled', clockIsSet: true, canBeUndone: true } : { state: 'succeeded' };

/** The word of a person: nobody stands behind their own request, and nobody knows from it how it is undone. */
/** An end that says that nothing was done. Nobody says so while a try was sent whose end nobody saw. */
export const doneNothing = ({ doubt }: Known, state: 'cancelled' | 'expired'): Partial<Known> =>
  doubt === 'unseen' ? { state: 'unknown', dispatched: true } : { state };

/** The end of what has waited too long. */
export const tooLate = (request: Known): Partial<Known> => doneNothing(request, request.cancelWished ? 'cancelled' : 'expired');

export function resolved(request: Known, { who, outcome }: Extract<Step, { do: 'resolve' }>): Partial<Known> {
  const { state, kind, cancelWished, windowOver } = request;
  // Whatever is asked of it, what has waited too long has expired.
  if (windowOver && (state === 'awaiting_approval' || state === 'queued')) return tooLate(request);
  if (state !== 'unknown' || who === 'nadia') return {};
  if (outcome === 'succeeded') return kind === 'temp' ? { state: outcome, undoState: 'held' } : { state: outcome };
  return { state: outcome === 'not_started' && cancelWished ? 'cancelled' : 'failed' };
}

/** Whether a request undoes this one, or did. */
const isBeingUndone = ({ requests }: Model, at: number): boolean =>
  requests.some(({ undoOf, state }) => undoOf === at && (state === 'succeeded' || !ENDS.has(state)));

/** Anybody who sees it may ask for its undoing. */
export function undone(model: Model, at: number): Model {
  const original = model.requests[at];
  if (original?.state !== 'succeeded' || !original.canBeUndone || isBeingUndone(model, at)) return model;
  return { ...model, requests: [...model.requests, { ...submitted('back', original.thing), undoOf: at }] };
}

export function timeOver(model: Model, at: number): Model {
  const original = model.requests[at];
  if (original?.undoState !== 'scheduled' || !original.clockIsSet || isBeingUndone(model, at)) return model;
  const filed = { ...submitted('back', original.thing), undoOf: at, byClock: true };
  const { requests, holdings } = change(model, at, ({ undoTries }) => ({ clockIsSet: false, undoTries: undoTries + 1 }));
  return { requests: [...requests, filed], holdings };
}

/** What the end of an undo means for what it undoes. */
export function afterUndos(before: Model, after: Model): Model {
  const ended = after.requests.filter(
    ({ undoOf, state }, index) => undoOf !== null && ENDS.has(state) && !ENDS.has(before.requests[index]?.state ?? 'queued'),
  );
  return ended.reduce((model, { undoOf, state }) => change(model, undoOf ?? -1, (original) => afterUndo(original, state)), after);
}

function afterUndo({ undoState, clockIsSet, undoTries }: Known, state: Known['state']): Partial<Known> {
  if (state === 'succeeded') return { undoState: 'undone', clockIsSet: false };
  // Filed by a person: the one that is scheduled comes all the same.
  if (undoState !== 'scheduled' || clockIsSet) return {};
  // That nothing was done is known; what has failed is not tried again, for it is not idempotent.
  const nothingDone = state === 'void' || state === 'expired';
  return nothingDone && undoTries < MOST_UNDO_TRIES ? { clockIsSet: true } : { undoState: 'held' };
}
