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
