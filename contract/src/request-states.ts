import type { RequestState } from './request.ts';

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

export const FINAL_STATES = ['succeeded', 'failed', 'cancelled', 'rejected', 'withdrawn', 'expired', 'void'] as const;
export type FinalState = (typeof FINAL_STATES)[number];
export function isFinal(state: RequestState): state is FinalState {
  return (FINAL_STATES as readonly RequestState[]).includes(state);
}
