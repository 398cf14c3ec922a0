import type { LogLevel, Progress } from '@guichet/sdk';

/** How work tells people what it does, and hears that it should stop. */
export interface Voice {
  readonly signal: AbortSignal;
  log(message: string, level?: LogLevel): void;
  progress(progress: Progress): void;
}
