export { Decisions, type Verdict } from './decisions.ts';
export type { RequestFilter } from './list.ts';
export type { Outbox } from './outbox.ts';
export { type RequestRow, ROW } from './row.ts';
export { Requests, type RequestsOptions, type SubmitCall, type Windows, type WriteCall } from './service.ts';
export { failureOf, type Standing, standingOf, type World } from './standing.ts';
export { ACCEPTED, type LifeEvent, type LifeEventType, type Told, transition } from './state.ts';
export { applyChanges, eventsAfter, lockRequest, requestName, SYSTEM } from './store.ts';
export { toRequestEvent } from './view.ts';
