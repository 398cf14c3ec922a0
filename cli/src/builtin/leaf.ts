import type { ExitCode } from '@guichet/contract';
import type { Command } from 'commander';
import type { Shell } from '../shell.ts';

/** What a command got: its arguments in order, and its flags under their camelCase names. */
export interface Given {
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, unknown>>;
}

/** A command of the CLI's own. */
export interface Leaf {
  /** Its arguments, flags and examples. */
  define(command: Command): void;
  run(shell: Shell, given: Given): Promise<ExitCode>;
}

/** The examples at the end of a command's help. */
export function addExamples(command: Command, examples: readonly string[]): void {
  command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
}

export const textFlag = (flags: Given['flags'], name: string): string | undefined => {
  const value = flags[name];
  return typeof value === 'string' ? value : undefined;
};

export const numberFlag = (flags: Given['flags'], name: string): number | undefined => {
  const value = flags[name];
  return typeof value === 'number' ? value : undefined;
};

export const listFlag = (flags: Given['flags'], name: string): string[] | undefined => {
  const value = flags[name];
  return Array.isArray(value) ? value.map(String) : undefined;
};
