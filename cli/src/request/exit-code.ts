import { EXIT, type ExitCode, type RequestState } from '@guichet/contract';

/** The exit code of a command that followed a request to this state. docs/spec/exit-codes.md */
export const EXIT_OF_STATE: Readonly<Record<RequestState, ExitCode>> = {
  awaiting_approval: EXIT.ok,
  queued: EXIT.ok,
  running: EXIT.ok,
  succeeded: EXIT.ok,
  failed: EXIT.failed,
  cancelled: EXIT.cancelled,
  rejected: EXIT.rejected,
  withdrawn: EXIT.withdrawn,
  expired: EXIT.expired,
  void: EXIT.void,
  unknown: EXIT.unknown,
};
