import { clean } from '../output/clean.ts';

/** A value as it is typed in a POSIX shell. */
export function quote(value: unknown): string {
  const text = clean(typeof value === 'string' ? value : JSON.stringify(value));
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
