import { GuichetError } from '@guichet/contract';
import { Command, CommanderError, Help, InvalidArgumentError, Option } from 'commander';
import type { Context, OutputStream } from './context.ts';
import { paintFor } from './output/paint.ts';
import { type CommonFlags, FORMATS, type Format } from './shell.ts';
import { didYouMean } from './suggest.ts';

/** Help was asked for and printed: nothing more to do. */
export class HelpShown extends Error {}

/** A command that throws instead of ending the process, prints to the context's streams, and takes the common flags. */
export function createCommand(context: Context, name: string): Command {
  const command = new Command(name)
    .exitOverride()
    .helpOption('-h, --help', 'Show this')
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
  return command
    .optionsGroup('Common flags:')
    .addOption(
      new Option('-o, --output <format>', `${FORMATS.join(', ')}; json and yaml print one document`).argParser(oneOf(FORMATS)),
    )
    .option('--profile <name>', 'Use this profile instead of the current one')
    .option('--no-color', 'Without colours (as with NO_COLOR)');
}

export function commonFlagsOf(options: Readonly<Record<string, unknown>>): CommonFlags {
  return {
    output: (options['output'] as Format | undefined) ?? 'table', // checked by its parser
    profile: options['profile'] as string | undefined, // commander gives a string for <name>
    color: options['color'] !== false,
  };
}

/** What of the common flags can be read from a command line that may be wrong: so that its error has the right form. */
export function guessCommonFlags(argv: readonly string[]): CommonFlags {
  const value = (...names: string[]): string | undefined => {
    const at = argv.findIndex((token) => names.includes(token.split('=', 1)[0] ?? ''));
    const token = argv[at];
    return token?.includes('=') === true ? token.slice(token.indexOf('=') + 1) : at < 0 ? undefined : argv[at + 1];
  };
  const short = argv.find((token) => /^-o\w+$/.test(token))?.slice(2);
  const output = FORMATS.find((format) => format === (value('-o', '--output') ?? short)) ?? 'table';
  return { output, profile: value('--profile'), color: !argv.includes('--no-color') };
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

/** A parser that takes one of a closed set of words. */
export function oneOf<Word extends string>(words: readonly Word[]): (value: string) => Word {
  return (value) => {
    const found = words.find((word) => word === value);
    if (found !== undefined) return found;
    throw new InvalidArgumentError(`\n${didYouMean(value, words) ?? `Allowed: ${words.join(', ')}.`}`);
  };
}

/** A parser of a whole number of at least `least`. */
export function wholeNumber(least: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && Number.isSafeInteger(number)) return number;
    throw new InvalidArgumentError(`It must be a whole number of at least ${least}.`);
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
    // The hidden "help" subcommand would repeat what --help is.
    visibleCommands: (parent) => new Help().visibleCommands(parent).filter((child) => child.name() !== 'help'),
  });
}
