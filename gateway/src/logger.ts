import { type Logger, type LoggerOptions, pino, stdTimeFunctions } from 'pino';
import { currentLogFields } from './telemetry/index.ts';
import { terminalLines } from './terminal-lines.ts';

/**
 * The log of the gateway: JSON lines on standard output (for people, when that is a terminal or `forPeople` says so), each with the call or the run that it is of. docs/spec/logs.md.
 */
export function createLogger(level: string, { forPeople = process.stdout.isTTY === true } = {}): Logger {
  const options: LoggerOptions = {
    level,
    base: { service: 'guichet-gateway', pid: process.pid },
    timestamp: stdTimeFunctions.isoTime,
    formatters: { level: (name) => ({ level: name }) },
    serializers: { err: safeError },
    mixin: currentLogFields,
  };
  return forPeople ? pino(options, terminalLines(process.stdout)) : pino(options);
}

/** PostgreSQL's data exceptions: their messages quote the value (`invalid input syntax for type uuid: "..."`). */
const QUOTES_VALUE = /^22[0-9A-Z]{3}$/;

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
  const quotesValue = QUOTES_VALUE.test(code.code ?? '');
  const message = quotesValue ? 'The database does not take a value.' : error.message;
  const stack = quotesValue ? error.stack?.slice(error.stack.indexOf('\n    at ') + 1) : error.stack;
  return { type: error.name, message, ...code, stack, ...cause };
}
