import { type CommonFlags, FORMATS, type Format } from './shell.ts';

/** Flags that every command takes, with what they are for. */
export const COMMON_FLAGS = [
  ['-o, --output <format>', `${FORMATS.join(', ')}; json and yaml print one document`],
  ['--profile <name>', 'Use this profile instead of the current one'],
  ['--no-color', 'Without colours (as with NO_COLOR)'],
  ['-h, --help', 'Show this'],
] as const;

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
