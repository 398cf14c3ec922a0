import type { AuditEvent } from '@guichet/contract';

/** Somebody outside who takes events of the audit log. */
export interface Sink {
  /** Rejects unless all of them were taken for good. The same events may come again: their ids tell. */
  deliver(events: readonly AuditEvent[], signal: AbortSignal): Promise<void>;
  close?(): Promise<void>;
}
