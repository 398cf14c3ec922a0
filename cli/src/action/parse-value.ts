import type { Field } from '@guichet/contract/command-line';
import { didYouMean } from '../suggest.ts';

export type Parsed =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      /** What is wrong, as the rest of a sentence that begins with the flag. */
      readonly message: string;
      readonly remedy?: string | undefined;
    };

/** The value that a typed text stands for. For a list: of one item. */
export function parseValue(text: string, field: Pick<Field, 'kind' | 'choices' | 'item'>): Parsed {
  switch (field.kind) {
    case 'text':
      return { ok: true, value: text };
    case 'integer':
      return integer(text);
    case 'number':
      return number(text);
    case 'boolean':
      return boolean(text);
    case 'choice':
      return choice(text, field.choices);
    case 'list':
      return parseValue(text, field.item ?? { kind: 'text', choices: [] });
    case 'json':
      return json(text);
  }
}

/** As parseValue, for what must not be repeated: the message says what is wanted, and not what was given. */
export function parseSecret(text: string, field: Pick<Field, 'kind' | 'choices' | 'item'>): Parsed {
  const parsed = parseValue(text, field);
  if (parsed.ok) return parsed;
  const { kind } = field.kind === 'list' ? (field.item ?? field) : field;
  return wrong(
    kind === 'json' ? 'must be JSON' : kind === 'choice' ? 'is not one of the choices' : `is not of the kind '${kind}'`,
  );
}

function integer(text: string): Parsed {
  const value = Number(text);
  if (!/^[+-]?\d+$/.test(text)) return wrong(`must be a whole number, not '${text}'`);
  return Number.isSafeInteger(value) ? { ok: true, value } : wrong(`is too large a number: ${text}`);
}

function number(text: string): Parsed {
  const value = Number(text);
  return text.trim() !== '' && Number.isFinite(value) ? { ok: true, value } : wrong(`must be a number, not '${text}'`);
}

function boolean(text: string): Parsed {
  if (/^(?:true|yes|y)$/i.test(text)) return { ok: true, value: true };
  if (/^(?:false|no|n)$/i.test(text)) return { ok: true, value: false };
  return wrong(`must be true or false, not '${text}'`);
}

function choice(text: string, choices: Field['choices']): Parsed {
  const value = choices.find((known) => String(known) === text);
  if (value !== undefined) return { ok: true, value };
  const names = choices.map(String);
  return wrong(`cannot be '${text}'`, didYouMean(text, names) ?? `One of: ${names.join(', ')}.`);
}

/** JSON; a bare word is taken as text when it cannot be meant as anything else. */
function json(text: string): Parsed {
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return /^[\w][^{}[\]"]*$/.test(text) ? { ok: true, value: text } : wrong('must be JSON');
  }
}

function wrong(message: string, remedy?: string): Parsed {
  return { ok: false, message, remedy };
}
