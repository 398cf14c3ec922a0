import type { ExitCode } from '@guichet/contract';
import type { Builtin } from './builtin/table.ts';
import { createCommand, parseFlags, withCommonFlags } from './command.ts';
import { commonFlagsOf } from './common-flags.ts';
import { Shell } from './shell.ts';
import type { Words } from './words.ts';

/** Runs one of the CLI's own commands. */
export async function runBuiltin(builtin: Builtin, { shell, line }: { shell: Shell; line: Words }): Promise<ExitCode> {
  const leaf = await builtin.load();
  const command = createCommand(shell.context, ['guichet', ...builtin.words].join(' ')).description(`${builtin.summary}.`);
  command.optionsGroup('Flags:');
  leaf.define(command);
  withCommonFlags(command);
  parseFlags(command, [...line.words.slice(builtin.words.length), ...line.rest]);
  const flags = command.opts();
  return leaf.run(new Shell(shell.context, commonFlagsOf(flags)), { args: command.args, flags });
}

/** Reports the first flag of a command line without a command that is no flag of guichet. */
export function checkFlags(shell: Shell, flags: readonly string[]): void {
  parseFlags(withCommonFlags(createCommand(shell.context, 'guichet')), flags);
}
