import { type Failure, GuichetError, type ProviderFailure } from '@guichet/contract';
import { backoffMs, failureOf, type LifeEvent, type RequestRow } from '../requests/index.ts';

/** Why a run is being stopped. */
export type StopReason = 'cancel' | 'deadline' | 'fenced_out' | 'drain';

export interface Circumstances {
  readonly row: RequestRow;
  /** Everything that the run was stopped for by now. */
  readonly stops: ReadonlySet<StopReason>;
  readonly startWindowMs: number;
}

/** Refusals of a provider that come before its handler, and stay: nothing was done. */
const REFUSED = new Set([
  'action.refused',
  'action.unknown',
  'environment.not_offered',
  'input.invalid',
  'body.malformed',
  'body.too_large',
  'body.unsupported_type',
  'grant.invalid',
]);
/** The same, but another try may be luckier. */
const NOT_NOW = new Set(['provider.unreachable', 'action.unavailable']);

/** The event that ends a run whose provider says that it did not succeed. */
export function endOfFailure({ kind, message, remedy }: ProviderFailure, about: Circumstances): LifeEvent {
  const { row, stops } = about;
  const failure: Failure = {
    code: 'run.failed',
    message,
    retryable: kind === 'retryable',
    ...(remedy !== undefined && { remedy }),
  };
  if (kind === 'cancelled' && stops.has('cancel')) return { type: 'confirm_cancel' };
  if (stops.has('deadline')) {
    const text = `It took longer than its limit of ${row.timeoutSeconds} s and was stopped: ${message}`;
    return { type: 'fail', failure: { ...failure, code: 'run.deadline_exceeded', message: text } };
  }
  if (kind === 'cancelled' && stops.has('drain')) return lost('The gateway stopped while it ran.', about);
  if (kind === 'retryable' && row.idempotent) return again(failure, about);
  return { type: 'fail', failure };
}

/** The event that ends a run whose call broke, or was refused. */
export function endOfError(error: unknown, about: Circumstances): LifeEvent {
  const { stops } = about;
  if (!(error instanceof GuichetError)) {
    if (stops.has('deadline')) return lost('It did not stop at its time limit.', about);
    if (stops.has('cancel')) return lost('It was asked to stop, and did not say in time how it ended.', about);
    return lost('The call of the provider was cut off.', about);
  }
  if (NOT_NOW.has(error.code)) return again(failureOf(error), about, { unsent: true });
  if (REFUSED.has(error.code)) return { type: 'fail', failure: failureOf(error) };
  return lost(error.message, about);
}

export function lost(message: string, { startWindowMs }: Circumstances): LifeEvent {
  return { type: 'lose', message, startWindowMs };
}

/** Another try. Unless said otherwise, the call may have reached the provider, and the try comes later each time. */
export function again(
  failure: Failure,
  { row, startWindowMs }: Circumstances,
  { unsent = false, delayMs = backoffMs(row.attempt) }: { unsent?: boolean; delayMs?: number } = {},
): LifeEvent {
  return { type: 'requeue', failure, delayMs, startWindowMs, unsent };
}
