import pg from 'pg';
import { commandLine } from '../describe-session.ts';
import { InstanceError } from '../instance-error.ts';

export interface Where {
  readonly instance: string;
  readonly database: string;
  readonly environment: string;
  readonly seconds: number;
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

export function tookTooLong(seconds: number, cause: unknown): InstanceError {
  return new InstanceError(`The statement took longer than ${seconds} s and was stopped.`, {
    remedy: 'Ask for less (a condition that an index serves), or raise --seconds.',
    passing: false,
    cause,
  });
}

/**
 * Why the server refused the statement, in words that may be kept: its own message is shown where it can only be about names
 * (unknown table, missing right), never where it may quote a row. Undefined for what is no answer of the server.
 */
export function saidByServer(error: unknown, { instance, database, environment, seconds }: Where): InstanceError | undefined {
  if (!(error instanceof pg.DatabaseError)) return undefined;
  const code = error.code ?? '';
  const because = (message: string, remedy: string, passing = false) =>
    new InstanceError(message, { remedy, passing, cause: error });
  switch (code) {
    case '57014':
      return tookTooLong(seconds, error);
    case '55P03':
      return because(
        'A table that it reads is locked, and it waited no longer.',
        `See who holds it: ${commandLine('blocking', { instance, env: environment })}`,
        true,
      );
    case '25006':
      return because(`It would change something: ${error.message}.`, 'Only read.');
    case '42501':
      return because(
        `The server refuses it: ${error.message}.`,
        /row-level security/.test(error.message)
          ? 'Who sees which rows of that table is decided by a policy; read it over a session of your own (connect).'
          : 'It is read with the rights of pg_read_all_data: every table, and nothing of the server itself.',
      );
    case '42P01':
      return because(
        `The server refuses it: ${error.message}.`,
        `See what there is: ${commandLine('tables', { instance, database, env: environment })}`,
      );
  }
  if (/^(?:42|0A)/.test(code)) return because(`The server refuses it: ${error.message}.`, error.hint ?? 'Mend the statement.');
  if (code.startsWith('53')) {
    return because(`The server lacks what the statement takes (${code}).`, 'Ask for less, or later.', true);
  }
  return because(
    `The server stopped the statement with error ${code}; its words are not shown, for they may quote a row.`,
    'Often a value cannot be cast or divided by; look at the expressions of the statement.',
  );
}
