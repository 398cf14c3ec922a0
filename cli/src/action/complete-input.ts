import { readFileSync } from 'node:fs';
import { type Action, GuichetError } from '@guichet/contract';
import type { Field } from '@guichet/contract/command-line';
import type { Shell } from '../shell.ts';
import { didYouMean } from '../suggest.ts';
import { type ActionCommand, inputFromFlags } from './action-flags.ts';
import { readSecrets, readStdin, readsStdin } from './secret-flag.ts';

interface Unfinished {
  readonly shell: Shell;
  readonly action: Action;
  readonly command: ActionCommand;
  readonly flags: Readonly<Record<string, unknown>>;
  /** Where the action is offered. */
  readonly environments: readonly string[];
}

/** The environment and the whole input: from the file, the flags, and, on a terminal, from answers to questions. */
export async function completeInput(unfinished: Unfinished): Promise<{ environment: string; input: Record<string, unknown> }> {
  const { shell, command, flags, environments } = unfinished;
  const input = {
    ...(await inputFromFile(shell, flags['input'])),
    ...inputFromFlags(command),
    ...(await readSecrets(shell, command, flags['input'] === '-')),
  };
  const environment = checkEnvironment(flags['env'], unfinished);
  const missing = command.fields.filter(({ name, required }) => required && input[name] === undefined);
  if (environment !== undefined && missing.length === 0) return { environment, input };
  // Stdin that gave the input cannot answer questions too.
  if (!shell.interactive || flags['input'] === '-' || readsStdin(command))
    throw missingValues(missing, environment === undefined ? environments : undefined);
  const { askForMissing } = await import('../prompt/ask-for-missing.ts');
  return askForMissing({ ...unfinished, input, environment, missing });
}

function checkEnvironment(given: unknown, { environments, action }: Unfinished): string | undefined {
  if (given === undefined) return environments.length === 1 ? environments[0] : undefined;
  const environment = String(given);
  if (environments.includes(environment)) return environment;
  throw new GuichetError('usage.invalid', `${action.id} is not offered in '${environment}'.`, {
    remedy: didYouMean(environment, environments),
  });
}

function missingValues(missing: readonly Field[], environments: readonly string[] | undefined): GuichetError {
  const errors = missing.map(({ flag, description, choices, secret }) => ({
    field: `--${flag}`,
    message: description || 'required',
    ...(secret ? { remedy: '@FILE, or - for stdin' } : choices.length > 0 && { remedy: `one of ${choices.join(', ')}` }),
  }));
  if (environments !== undefined) errors.push({ field: '--env', message: 'Where', remedy: `one of ${environments.join(', ')}` });
  return new GuichetError('usage.invalid', `Missing: ${errors.map(({ field }) => field).join(', ')}.`, {
    errors,
    remedy: 'Add them; --help shows an example.',
  });
}

async function inputFromFile(shell: Shell, path: unknown): Promise<Record<string, unknown>> {
  if (path === undefined) return {};
  const source = path === '-' ? 'stdin' : String(path);
  const text = path === '-' ? await readStdin(shell) : readFile(source);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new GuichetError('usage.invalid', `${source} is not JSON: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
    });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new GuichetError('usage.invalid', `${source} is not a JSON object with the fields of the input.`);
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    // Node's message names the path once more, and the system call.
    const why = cause instanceof Error ? cause.message.replace(/,.*$/, '') : String(cause);
    throw new GuichetError('usage.invalid', `The input file ${path} cannot be read: ${why}.`, {
      remedy: 'Give the path of a JSON file, or - for stdin.',
      cause,
    });
  }
}
