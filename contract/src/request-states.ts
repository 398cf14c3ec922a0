/** The states of a request. docs/spec/request-life.md has the table of states x events. */
export const REQUEST_STATES = [
  'awaiting_approval',
  'queued',
  'running',
  'unknown',
  'succeeded',
  'failed',
  'cancelled',
  'rejected',
  'withdrawn',
  'expired',
  'void',
] as const;
export type RequestStateName = (typeof REQUEST_STATES)[number];

export const FINAL_STATES = ['succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export function isFinal(state: RequestStateName): state is FinalState {
  return (FINAL_STATES as readonly RequestStateName[]).includes(state);
}
