import {
  type ErrorCode,
  GuichetError,
  type Manifest,
  type ManifestAction,
  type Phase,
  type ProviderFailure,
} from '@guichet/contract';
import { PermanentFailure, RetryableFailure } from './failures.ts';
import type { ProviderLogger } from './provider-logger.ts';
import { StopReason } from './run-stream.ts';

/** Where a handler was called, for logs and messages. */
export interface HandlerSite {
  readonly provider: Manifest;
  readonly action: ManifestAction;
  readonly phase: Phase;
  readonly run: string | null;
  readonly logger: ProviderLogger;
}

/** Codes that a handler may throw by itself; any other GuichetError is a bug or came from a call of its own. */
const AUTHORS_CODES: readonly ErrorCode[] = ['action.refused', 'input.invalid'];

/** True for an error with which a handler says no, as opposed to having failed. */
export function isRefusal(error: unknown): error is GuichetError {
  return error instanceof GuichetError && AUTHORS_CODES.includes(error.code);
}

/** What leaves the provider when a handler that answers once threw. */
export function errorOf(error: unknown, site: HandlerSite, signal: AbortSignal): GuichetError {
  const { action, phase } = site;
  if (isRefusal(error)) {
    const { code, message, remedy, errors, details } = error;
    return new GuichetError(code, message, { remedy, errors, details });
  }
  if (signal.aborted)
    return new GuichetError('provider.timeout', `The call '${phase}' of '${action.name}' was ended before it had answered.`);
  if (error instanceof PermanentFailure) {
    report(error, site);
    return new GuichetError('provider.failed', error.message, { remedy: error.remedy });
  }
  if (error instanceof RetryableFailure) {
    report(error, site);
    return new GuichetError('action.unavailable', error.message, { remedy: error.remedy ?? 'Try again in a moment.' });
  }
  const { message, remedy } = unexpected(error, site);
  return new GuichetError('provider.failed', message, { remedy });
}

/** What the stream says when the handler of a run threw. */
export function failureOf(error: unknown, site: HandlerSite, signal: AbortSignal): ProviderFailure {
  const failure = ownFailure(error, site);
  if (!signal.aborted) return failure ?? { kind: 'permanent', ...unexpected(error, site) };
  const { reason } = signal;
  const message = reason instanceof StopReason ? reason.message : 'The run was stopped before it had finished.';
  return { message, ...failure, kind: 'cancelled' };
}

/** The failure that the author put in words, if that is what was thrown. */
function ownFailure(error: unknown, site: HandlerSite): ProviderFailure | undefined {
  const retryable = error instanceof RetryableFailure;
  if (!retryable && !(error instanceof PermanentFailure) && !isRefusal(error)) return undefined;
  report(error, site);
  return {
    kind: retryable ? 'retryable' : 'permanent',
    message: error.message,
    ...(error.remedy !== undefined && { remedy: error.remedy }),
  };
}

/** The cause stays in the provider's log: a driver's message may hold a host, a statement or a secret. */
function unexpected(error: unknown, site: HandlerSite): { message: string; remedy: string } {
  const { logger, action, phase, run, provider } = site;
  logger.error(
    { err: error, provider: provider.provider, action: action.name, phase, run },
    'A handler threw something that it had not foreseen',
  );
  return {
    message: `The handler '${phase}' of the action '${action.name}' failed in a way that it had not foreseen.`,
    remedy: `Ask the team '${provider.team}' to look for ${run === null ? `'${action.name}'` : `the run ${run}`} in the log of their provider.`,
  };
}

function report(error: Error, site: HandlerSite): void {
  if (error.cause === undefined) return;
  const { logger, action, phase, run, provider } = site;
  logger.warn({ err: error.cause, provider: provider.provider, action: action.name, phase, run }, error.message);
}
