import { type Action, type Choice, GuichetError } from '@guichet/contract';
import type { Field } from '@guichet/contract/command-line';
import { parseSecret, parseValue } from '../action/parse-value.ts';
import { clean } from '../output/clean.ts';
import type { Shell } from '../shell.ts';
import { askSecret, askText, askYesNo } from './ask.ts';
import { pick } from './pick.ts';

export interface Missing {
  readonly shell: Shell;
  readonly action: Action;
  readonly environments: readonly string[];
  readonly environment: string | undefined;
  readonly input: Record<string, unknown>;
  readonly missing: readonly Field[];
}

/** Asks for the environment first (choices depend on it), then for each missing field in the order of its author. */
export async function askForMissing(given: Missing): Promise<{ environment: string; input: Record<string, unknown> }> {
  const { shell, environments, missing } = given;
  const environment =
    given.environment ??
    String(await pick(shell, { message: 'In which environment?', choices: environments.map((value) => ({ value })) }));
  const input = { ...given.input };
  for (const field of missing) input[field.name] = await askField(field, { ...given, environment, input });
  return { environment, input };
}

type Asked = Pick<Missing, 'shell' | 'action' | 'input'> & { readonly environment: string };

async function askField(field: Field, asked: Asked): Promise<unknown> {
  const { shell, action } = asked;
  const message = `${field.flag}${field.description === '' ? '' : `  ${clean(field.description)}`}`;
  if (field.secret) return askHidden(field, { shell, message });
  if (field.kind === 'boolean') return askYesNo(shell, { message, fallback: false });
  if (field.kind === 'choice') return pick(shell, { message, choices: field.choices.map((value) => ({ value })) });
  if (action.options.includes(field.name)) return askLive(field, { ...asked, message });
  const hint = field.kind === 'list' ? ' (separate several by commas)' : field.kind === 'json' ? ' (JSON)' : '';
  const typed = await askText(shell, { message: message + hint, check: (text) => problemOf(text, field) });
  return valueFrom(typed, field);
}

async function askHidden(field: Field, { shell, message }: { shell: Shell; message: string }): Promise<unknown> {
  const check = (text: string): string | undefined => {
    const parsed = text === '' ? undefined : parseSecret(text, field);
    return parsed === undefined ? 'It is required.' : parsed.ok ? undefined : `It ${parsed.message}.`;
  };
  const parsed = parseSecret(await askSecret(shell, { message: `${message} (not shown)`, check }), field);
  const value = parsed.ok ? parsed.value : undefined; // the check lets through only what parses
  return field.kind === 'list' ? [value] : value;
}

/** A picker whose choices the provider gives while it is typed in. */
async function askLive(field: Field, asked: Asked & { message: string }): Promise<unknown> {
  const { shell, action, environment, input, message } = asked;
  const client = await shell.client();
  const search = async (query: string): Promise<readonly Choice[]> => {
    const body = { environment, input, field: field.name, query };
    return (await client.call('actions.options', { params: { action: action.id }, body, signal: shell.context.interrupt }))
      .choices;
  };
  const choices = await search('').catch((error: unknown) => {
    // A list that cannot be had is no reason to give up: the value can still be typed.
    if (!(error instanceof GuichetError)) throw error;
    shell.say(shell.aside.dim(`The choices for ${field.flag} cannot be listed: ${clean(error.message)}`));
    return [];
  });
  const free = (text: string): string | number | undefined => {
    const parsed = parseValue(text, field);
    return parsed.ok && (typeof parsed.value === 'string' || typeof parsed.value === 'number') ? parsed.value : undefined;
  };
  const value = await pick(shell, { message, choices, search, free });
  return field.kind === 'list' ? [value] : value;
}

function problemOf(text: string, field: Field): string | undefined {
  if (text.trim() === '') return 'It is required.';
  for (const part of partsOf(text, field)) {
    const parsed = parseValue(part, field);
    if (!parsed.ok) return `It ${parsed.message}. ${parsed.remedy ?? ''}`.trim();
  }
  return undefined;
}

function valueFrom(text: string, field: Field): unknown {
  const values = partsOf(text, field).map((part) => {
    const parsed = parseValue(part, field);
    return parsed.ok ? parsed.value : part; // problemOf let through only what parses
  });
  return field.kind === 'list' ? values : values[0];
}

function partsOf(text: string, field: Field): string[] {
  return field.kind === 'list'
    ? text
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean)
    : [text];
}
