/** The two signals. Their words differ, their life does not: planned, bound, sent once, watched to the end. */
export interface SignalKind {
  readonly action: 'cancel-query' | 'terminate-session';
  readonly sends: 'pg_cancel_backend' | 'pg_terminate_backend';
  /** `Ends the session of 'orders-migration'` */
  readonly does: string;
  /** What is gone when it has worked: `the session` */
  readonly target: string;
  /** `ended`: what the target did */
  readonly done: string;
}

export const CANCEL: SignalKind = {
  action: 'cancel-query',
  sends: 'pg_cancel_backend',
  does: 'Cancels the query of',
  target: 'the query',
  done: 'was cancelled',
};

export const TERMINATE: SignalKind = {
  action: 'terminate-session',
  sends: 'pg_terminate_backend',
  does: 'Ends the session of',
  target: 'the session',
  done: 'ended',
};
