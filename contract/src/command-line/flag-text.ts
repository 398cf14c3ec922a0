import type { Field } from './field.ts';
import { quote as plainQuote } from './quote.ts';

/** ` --flag value` as it is typed; empty when there is no value. */
export function flagText(field: Field, value: unknown, quote: (value: unknown) => string = plainQuote): string {
  if (value === undefined) return '';
  if (field.secret) return ` --${field.flag} @FILE`;
  if (field.kind === 'boolean' && typeof value === 'boolean') return value ? ` --${field.flag}` : ` --no-${field.flag}`;
  if (Array.isArray(value) && field.kind === 'list') return value.map((item) => ` --${field.flag} ${quote(item)}`).join('');
  return ` --${field.flag} ${quote(value)}`;
}
