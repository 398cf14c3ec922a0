import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GuichetError, type PolicyFile, type PolicyFinding } from '@guichet/contract';
import { whyUnreadable } from '../findings/index.ts';

/** The rules that a company can start with. */
export const DEFAULT_POLICIES = fileURLToPath(new URL('../../policies/', import.meta.url));

/** The files of a folder of policies, in the order of their names. `config.invalid` when there are none. */
export function readPolicyFiles(folder: string): PolicyFile[] {
  let names: string[];
  try {
    names = readdirSync(folder).filter((name) => name.endsWith('.cedar'));
  } catch (cause) {
    throw new GuichetError('config.invalid', `The folder of policies ${folder} cannot be read: ${whyUnreadable(cause)}.`, {
      remedy: "Set 'policies' in the configuration to a folder of .cedar files.",
      cause,
    });
  }
  if (names.length === 0)
    throw new GuichetError('config.invalid', `The folder ${folder} holds no .cedar file: nothing would be permitted.`, {
      remedy: `Copy those of ${DEFAULT_POLICIES} into it, and change them.`,
    });
  return names.sort().map((name) => ({ path: name, text: readFileSync(join(folder, name), 'utf8') }));
}

/** The error of a set that is refused: all of its findings, the first in the message. */
export function badPolicies(folder: string, findings: readonly PolicyFinding[]): GuichetError {
  const errors = findings.filter(({ severity }) => severity === 'error');
  const lines = errors.map(
    ({ path, line, column, message, remedy }) =>
      `${path}:${line}:${column} ${message}${remedy === undefined ? '' : ` (${remedy})`}`,
  );
  return new GuichetError('config.invalid', `The policies of ${folder} are not valid: ${lines.join('; ')}.`, {
    remedy: 'Mend them; guichet policy check shows the places.',
    errors: errors.map(({ path, line, column, message, remedy }) => ({ field: `${path}:${line}:${column}`, message, remedy })),
  });
}
