import { GuichetError } from '@guichet/contract';
import { Command, CommanderError, Help, Option } from 'commander';
import { COMMON_FLAGS } from './common-flags.ts';
import type { Context, OutputStream } from './context.ts';
import { HelpShown } from './help-shown.ts';
import { paintFor } from './output/paint.ts';
import { FORMATS } from './shell.ts';
import { didYouMean } from './suggest.ts';

/** A command that throws instead of ending the process, prints to the context's streams, and takes the common flags. */
export function createCommand(context: Context, name: string): Command {
  const command = new Command(name)
    .exitOverride()
    .allowExcessArguments(false)
    .showSuggestionAfterError(true)
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: () => {}, // what commander would print arrives as an error, and is reported as all errors are
      getOutHelpWidth: () => helpWidth(context.stdout),
    });
  styleHelp(command, context);
  return command;
}

/** Adds the flags of every command; last, so that the command's own stand first in its help. */
export function withCommonFlags(command: Command): Command {
  command.optionsGroup('Common flags:');
  for (const [flags, text] of COMMON_FLAGS) {
    const option = new Option(flags, text);
    if (flags.startsWith('-h')) command.addHelpOption(option.helpGroup('Common flags:'));
    else command.addOption(flags.startsWith('-o') ? option.argParser(oneOf('--output', FORMATS)) : option);
  }
  return command;
}

/** Parses; throws `usage.invalid` for what does not fit, HelpShown after help. */
export function parseFlags(command: Command, argv: readonly string[]): void {
  try {
    command.parse([...argv], { from: 'user' });
  } catch (error) {
    throw fromCommander(error, command);
  }
}

export function fromCommander(error: unknown, command: Command): unknown {
  if (!(error instanceof CommanderError)) return error;
  if (error.exitCode === 0) return new HelpShown();
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const message = first.charAt(0).toUpperCase() + first.slice(1).replace(/\.$/, '');
  const hint = rest
    .join(' ')
    .replace(/^\((.*)\)$/, '$1')
    .trim();
  return new GuichetError('usage.invalid', `${message}.`, {
    remedy: hint === '' ? `See ${command.name()} --help.` : hint,
  });
}

/** A parser of a flag that takes one of a closed set of words. */
export function oneOf<Word extends string>(
  flag: string,
  words: readonly Word[],
): ((value: string) => Word) & { readonly words: readonly Word[] } {
  const parse = (value: string): Word => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw new GuichetError('usage.invalid', `${flag} cannot be '${value}'.`, {
      remedy: didYouMean(value, words) ?? `One of: ${words.join(', ')}.`,
    });
  };
  // What it takes is what completion offers.
  return Object.assign(parse, { words });
}

/** A parser of a flag that takes a whole number of at least `least`. */
export function wholeNumber(flag: string, least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && Number.isSafeInteger(number)) return number;
    throw new GuichetError('usage.invalid', `${flag} must be a whole number of at least ${least}, not '${value}'.`);
  };
}

/** A parser that collects each use of a flag. */
export function collect(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function helpWidth(stream: OutputStream): number {
  return stream.isTTY === true ? Math.min(stream.columns ?? 80, 120) : 100;
}

function styleHelp(command: Command, context: Context): void {
  const paint = paintFor(context.stdout, context, true);
  command.configureHelp({
    styleTitle: (text) => paint.bold(text),
    styleOptionTerm: (text) => paint.cyan(text),
    styleSubcommandTerm: (text) => paint.cyan(text),
    styleArgumentTerm: (text) => paint.cyan(text),
    subcommandTerm: (subcommand) => subcommand.name(),
    commandUsage: (shown) => new Help().commandUsage(shown).replace('[options]', '[flags]'),
    minWidthToWrap: 20,
    // The hidden "help" subcommand would repeat what --help is.
    visibleCommands: (parent) => new Help().visibleCommands(parent).filter((child) => child.name() !== 'help'),
  });
}
