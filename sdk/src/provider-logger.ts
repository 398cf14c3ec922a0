import { Scrubber, type SecretValue } from '@guichet/contract/secrets';

/** Where a provider tells its own operators what went wrong. A pino logger is one. */
export interface ProviderLogger {
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

function write(level: string, fields: Record<string, unknown>, message: string): void {
  const { err, ...rest } = fields;
  const error = err instanceof Error ? { err: err.stack ?? err.message } : err === undefined ? {} : { err: String(err) };
  process.stderr.write(`${JSON.stringify({ level, time: new Date().toISOString(), msg: message, ...rest, ...error })}\n`);
}

/** JSON lines on stderr. */
export const stderrLogger: ProviderLogger = {
  info: (fields, message) => write('info', fields, message),
  warn: (fields, message) => write('warn', fields, message),
  error: (fields, message) => write('error', fields, message),
};

/** The same logger, which keeps the secrets of a call to itself: drivers like to repeat in errors what they were given. */
export function discreetLogger(logger: ProviderLogger, secrets: readonly SecretValue[] = []): ProviderLogger {
  if (secrets.length === 0) return logger;
  let made: Scrubber | undefined;
  const quietly =
    (level: keyof ProviderLogger) =>
    ({ err, ...fields }: Record<string, unknown>, message: string): void => {
      made ??= new Scrubber(secrets.map(({ value }) => value));
      logger[level]({ ...fields, ...(err !== undefined && { err: made.scrubError(err) }) }, made.scrub(message));
    };
  return { info: quietly('info'), warn: quietly('warn'), error: quietly('error') };
}
