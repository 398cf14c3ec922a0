import { readFileSync } from 'node:fs';
import { GuichetError } from '@guichet/contract';
import type { Field } from '@guichet/contract/command-line';
import { type Command, Option } from 'commander';
import type { Shell } from '../shell.ts';
import { attribute } from './attribute.ts';
import { parseSecret } from './parse-value.ts';

/** The command of an action, and its fields. */
interface FlagsOfAction {
  readonly command: Command;
  readonly fields: readonly Field[];
}

/** Where a secret is: in a file, or on stdin. */
type Source = { readonly file: string } | 'stdin';

/** The flag of a secret field. It takes the place where the secret is; one that is typed out is refused. */
export function secretOption({ flag, kind }: Field, description: string): Option {
  return new Option(`--${flag} <@file>`, description).argParser((text: string, before: unknown): readonly Source[] => {
    const sources = sourcesOf(before);
    if (sources.length > 0 && kind !== 'list') throw new GuichetError('usage.invalid', `--${flag} was given twice.`);
    return [...sources, sourceOf(flag, text)];
  });
}

function sourceOf(flag: string, text: string): Source {
  if (text === '-') return 'stdin';
  if (text.startsWith('@') && text.length > 1) return { file: text.slice(1) };
  // The value itself is not repeated: it would be shown, and perhaps logged.
  throw new GuichetError('usage.invalid', `--${flag} is a secret, and a command line is no place for one.`, {
    remedy: `It stays in the history of your shell, and others on this machine can read it: change it if it was a real one. Leave --${flag} out to be asked, or give --${flag} @FILE, or --${flag} - for stdin.`,
  });
}

/** True when a secret comes from stdin, which then answers no questions. */
export function readsStdin({ command, fields }: FlagsOfAction): boolean {
  return fields.some(({ flag, secret }) => secret && sourcesOf(command.getOptionValue(attribute(flag))).includes('stdin'));
}

/** The secret fields of the input, from where the flags say that they are. */
export async function readSecrets(
  shell: Shell,
  { command, fields }: FlagsOfAction,
  isStdinTaken: boolean,
): Promise<Record<string, unknown>> {
  const given = fields
    .filter(({ secret }) => secret)
    .map((field) => ({ field, sources: sourcesOf(command.getOptionValue(attribute(field.flag))) }))
    .filter(({ sources }) => sources.length > 0);
  const fromStdin = given.flatMap(({ sources }) => sources).filter((source) => source === 'stdin').length;
  if (fromStdin > 1 || (fromStdin === 1 && isStdinTaken))
    throw new GuichetError('usage.invalid', 'Stdin can give one thing only.', {
      remedy: 'Take the others from files: --password @FILE.',
    });
  const input: Record<string, unknown> = {};
  for (const { field, sources } of given) {
    const values: unknown[] = [];
    for (const source of sources) values.push(await readSecret(shell, field, source));
    input[field.name] = field.kind === 'list' ? values : values[0];
  }
  return input;
}

async function readSecret(shell: Shell, field: Field, source: Source): Promise<unknown> {
  const text = source === 'stdin' ? await secretFromStdin(shell, field) : readFile(field, source.file);
  // Editors and echo end a file with a line break that is no part of the secret.
  const parsed = parseSecret(text.replace(/\r?\n$/, ''), field);
  if (text.trim() === '' || !parsed.ok)
    throw new GuichetError(
      'usage.invalid',
      `--${field.flag} ${parsed.ok ? 'is empty' : parsed.message}${source === 'stdin' ? '' : ` in ${source.file}`}.`,
    );
  return parsed.value;
}

/** At a terminal it is asked for, so that it is not shown while it is typed. */
async function secretFromStdin(shell: Shell, { flag }: Field): Promise<string> {
  if (!shell.interactive) return readStdin(shell);
  const { askSecret } = await import('../prompt/ask.ts');
  return askSecret(shell, { message: `${flag} (not shown)`, check: (text) => (text === '' ? 'It is required.' : undefined) });
}

function readFile({ flag }: Field, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/,.*$/, '') : String(cause); // Node names the path once more
    throw new GuichetError('usage.invalid', `The file for --${flag} cannot be read: ${why}.`, {
      remedy: `Give the path of a file that holds it alone: --${flag} @FILE.`,
      cause,
    });
  }
}

export async function readStdin({ context }: Pick<Shell, 'context'>): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of context.stdin) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString('utf8');
}

// Commander keeps what the parser gave, and that is a list of these.
const sourcesOf = (value: unknown): readonly Source[] => (Array.isArray(value) ? value : []);
