import { ERRORS, EXIT, type ExitCode, GuichetError, toProblem } from '@guichet/contract';
import { type Context, Interrupted } from './context.ts';
import { HelpShown } from './help-shown.ts';
import { clean, cleanLines, escaped } from './output/clean.ts';
import { type Paint, paintFor } from './output/paint.ts';
import { type CommonFlags, toText } from './shell.ts';

/**
 * Says on stderr what went wrong and what to do next, and gives the exit code for it. With -o json the problem document
 * is the last line of stderr.
 */
export async function reportError(
  error: unknown,
  { context, flags }: { context: Context; flags: CommonFlags },
): Promise<ExitCode> {
  if (error instanceof HelpShown) return EXIT.ok;
  const interrupted = error instanceof Interrupted ? error : context.interrupt.aborted ? context.interrupt.reason : undefined;
  if (interrupted instanceof Interrupted) {
    context.stderr.write(interrupted.message === '' ? '\n' : `\n${cleanLines(interrupted.message)}\n`);
    return EXIT.interrupted;
  }
  const failure = namingProfile(error instanceof GuichetError ? error : unexpected(error, context), flags.profile);
  if (flags.output === 'json') context.stderr.write(`${escaped(JSON.stringify(toProblem(failure)))}\n`);
  else if (flags.output === 'yaml') context.stderr.write(`${await toText(toProblem(failure), 'yaml')}\n`);
  else context.stderr.write(describeError(failure, paintFor(context.stderr, context, flags.color)));
  return ERRORS[failure.code].exit;
}

/**
 * A gateway does not know the profiles of its callers: its `guichet login` would sign in the current one, when this command
 * was about another.
 */
function namingProfile(error: GuichetError, profile: string | undefined): GuichetError {
  const remedy = error.remedy?.replace(/\bguichet login\b(?! --(?:profile|url)\b)/g, () => `guichet login --profile ${profile}`);
  if (profile === undefined || remedy === undefined || remedy === error.remedy) return error;
  const { code, message, details, errors, cause } = error;
  return new GuichetError(code, message, { remedy, details, errors, cause });
}

function describeError(error: GuichetError, paint: Paint): string {
  const lines = [`${paint.bold(paint.red('error:'))} ${cleanLines(error.message)}`];
  const remedies = new Set<string>();
  // One finding that the message has said already is not listed once more.
  const findings = error.errors?.filter(({ message }) => error.errors?.length !== 1 || !error.message.includes(message)) ?? [];
  for (const { field, message, remedy } of findings) {
    lines.push(`  ${paint.bold(clean(field))}  ${clean(message)}${remedy === undefined ? '' : `  ${paint.dim(clean(remedy))}`}`);
    if (remedy !== undefined) remedies.add(remedy);
  }
  // The remedy of the whole is often that of its first field: once is enough.
  if (error.remedy !== undefined && !remedies.has(error.remedy)) lines.push(`  ${paint.cyan('→')} ${cleanLines(error.remedy)}`);
  const trace = error.details?.['trace'];
  if (error.code === 'internal' && typeof trace === 'string')
    lines.push(paint.dim(`  The gateway logged it as ${clean(trace)}.`));
  return `${lines.join('\n')}\n`;
}

function unexpected(error: unknown, { env }: Context): GuichetError {
  const message = error instanceof Error ? error.message : String(error);
  const stack = env['GUICHET_DEBUG'] && error instanceof Error ? `\n${error.stack}` : '';
  return new GuichetError('internal', `guichet met something that it did not expect: ${message}${stack}`, {
    remedy: stack === '' ? 'Run it again with GUICHET_DEBUG=1 to see where, and report that.' : 'Please report this.',
    cause: error,
  });
}
