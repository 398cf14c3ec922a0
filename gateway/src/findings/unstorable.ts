import type { FieldError } from '@guichet/contract';
import { pointer } from './zod-findings.ts';

/** More than a walk should be made to bear. */
const MOST_LEVELS = 200;

/** The first text in a value that cannot be stored and signed: a NUL character, or half of a surrogate pair. */
export function unstorable(value: unknown, path: readonly string[] = []): FieldError | undefined {
  if (typeof value === 'string') return unstorableText(value, path);
  if (typeof value !== 'object' || value === null) return undefined;
  if (path.length > MOST_LEVELS) return { field: '/', message: `is nested more than ${MOST_LEVELS} levels deep` };
  for (const [name, member] of Object.entries(value)) {
    const found = unstorableText(name, path) ?? unstorable(member, [...path, name]);
    if (found !== undefined) return found;
  }
  return undefined;
}

function unstorableText(text: string, path: readonly string[]): FieldError | undefined {
  const field = pointer(path);
  const remedy = 'Take it out.';
  if (text.includes('\0')) return { field, message: 'holds a NUL character (\\u0000)', remedy };
  if (!text.isWellFormed()) return { field, message: 'holds half of a surrogate pair, which is no character', remedy };
  return undefined;
}
