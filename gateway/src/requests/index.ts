export type { Emergency, ReviewAnswer, Verdict } from './commands.ts';
export { connectRefusal } from './connect.ts';
export { Decisions } from './decisions.ts';
export { extendedUntil, extensionHindrance, extensionOutput } from './extension.ts';
export { Extensions } from './extensions.ts';
export { Filing } from './filing.ts';
export type { Life, LifeEvent, LifeEventType, Told } from './life.ts';
export type { RequestFilter } from './list.ts';
export { GRANT_MS, type ObserveOptions, observeRun } from './observe.ts';
export { openRequests } from './open-requests.ts';
export type { News, Outbox } from './outbox.ts';
export { placeOf } from './place.ts';
export { lockRequestOn, lockResource, type ResourceKey } from './resource.ts';
export { type EndedByRestore, endWhatMayHaveRun } from './restored.ts';
export { closeReview, REMINDER_MS, remindReview } from './review.ts';
export { type RequestRow, ROW } from './row.ts';
export { type OpenedInput, openInput } from './secrets.ts';
export { Requests } from './service.ts';
export {
  aboutRequest,
  countedApprovals,
  failureOf,
  formerText,
  recordedApprovals,
  type Standing,
  standingOf,
  type World,
} from './standing.ts';
export { ACCEPTED, backoffMs, MAX_ATTEMPTS, transition } from './state.ts';
export {
  applyChanges,
  eventsAfter,
  findRequest,
  findRequests,
  lockRequest,
  requestName,
  type StoredEvent,
  SYSTEM,
} from './store.ts';
export type { RequestsOptions, SubmitCall, Windows, WriteCall } from './submission.ts';
export { liveUndo, tell, tellUndone, undoFrom } from './undo.ts';
export { UndoClock } from './undo-clock.ts';
export { Undos } from './undos.ts';
export { toRequestEvent } from './view.ts';
