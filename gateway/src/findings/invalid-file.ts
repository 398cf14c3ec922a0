import { type FieldError, GuichetError } from '@guichet/contract';

/** `config.invalid` about a file: each field, what is wrong with it, and what to do. */
export function invalidFile(
  path: string,
  findings: readonly FieldError[],
  remedy = 'Mend the file and start again.',
): GuichetError {
  const lines = findings.map(
    ({ field, message, remedy: hint }) => `\n  ${field} ${message}.${hint === undefined ? '' : ` ${hint}`}`,
  );
  return new GuichetError('config.invalid', `${path} is not valid:${lines.join('')}`, { errors: findings, remedy });
}

export function notYaml(path: string, error: unknown): GuichetError {
  const what = error instanceof Error ? error.message : 'unknown error';
  return new GuichetError('config.invalid', `${path} is not valid YAML: ${what}`, { remedy: 'Mend the file and start again.' });
}
