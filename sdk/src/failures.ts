import { GuichetError } from '@guichet/contract';

export interface FailureOptions {
  /** What the person who asked for the run can do next, in one sentence. */
  readonly remedy?: string | undefined;
  /** The real cause. It goes to the provider's own log and never leaves the process. */
  readonly cause?: unknown;
}

/** Thrown by a handler: the action did not succeed, and trying again unchanged would not help. */
export class PermanentFailure extends Error {
  readonly remedy: string | undefined;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'PermanentFailure';
    this.remedy = options.remedy;
  }
}

/** Thrown by a handler: the action did not succeed this time (a connection was lost, a lock was busy); trying again may. */
export class RetryableFailure extends Error {
  readonly remedy: string | undefined;

  constructor(message: string, options: FailureOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RetryableFailure';
    this.remedy = options.remedy;
  }
}

/**
 * Says no to a call that is well-formed but must not happen, e.g. cancelling a query of a superuser.
 * In `plan`, `options` and reads the caller gets `action.refused`; in the `run` of a write, a permanent failure.
 */
export function refuse(message: string, options: { readonly remedy?: string | undefined } = {}): never {
  throw new GuichetError('action.refused', message, { remedy: options.remedy });
}
