import { type Logger, pino } from 'pino';

/** The log of the gateway: JSON lines on standard output. */
export function createLogger(level: string): Logger {
  return pino({ level, serializers: { err: safeError } });
}

interface SafeError {
  readonly type: string;
  readonly message: string;
  readonly code?: string;
  readonly stack?: string | undefined;
  readonly cause?: SafeError;
}

/**
 * An error as it is logged: only what an error itself says. Libraries hang whole objects on theirs (pg its client, with
 * the password of the connection), and none of that belongs in a log.
 */
export function safeError(error: unknown): SafeError {
  if (!(error instanceof Error)) return { type: typeof error, message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const cause = error.cause === undefined ? {} : { cause: safeError(error.cause) };
  return { type: error.name, message: error.message, ...code, stack: error.stack, ...cause };
}
