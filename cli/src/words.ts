/** Flags that may stand before or between the words of a command, and whether they take a value. */
const EARLY_FLAGS: ReadonlyMap<string, boolean> = new Map([
  ['--profile', true],
  ['-o', true],
  ['--output', true],
  ['-e', true],
  ['--env', true],
  ['-r', true],
  ['--reason', true],
  ['-y', false],
  ['--yes', false],
  ['--no-color', false],
  ['--color', false],
  ['-h', false],
  ['--help', false],
]);

export interface Words {
  /** The words up to the first flag that belongs to one command only. */
  readonly words: readonly string[];
  /** Flags that stood before or between them, and all that came after. */
  readonly rest: readonly string[];
}

/** Splits a command line into the words that name a command (and its arguments) and its flags, without knowing the command. */
export function splitWords(argv: readonly string[]): Words {
  const words: string[] = [];
  const early: string[] = [];
  let index = 0;
  for (; index < argv.length; index++) {
    const token = argv[index] ?? '';
    if (!token.startsWith('-') || token === '-') {
      words.push(token);
      continue;
    }
    const takesValue = EARLY_FLAGS.get(token.split('=', 1)[0] ?? token);
    if (takesValue === undefined) break;
    early.push(token);
    if (takesValue && !token.includes('=') && index + 1 < argv.length) early.push(argv[++index] ?? '');
  }
  return { words, rest: [...early, ...argv.slice(index)] };
}
