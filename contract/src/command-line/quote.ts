/** What a terminal may obey when it is pasted, and what turns the direction of reading. Line breaks and tabs do neither in quotes. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const EACH = new RegExp(OBEYED, 'g');

/** A value as it is typed in a POSIX shell. */
export function quote(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (!OBEYED.test(text)) return `'${text.replaceAll("'", `'\\''`)}'`;
  // As POSIX has it since 2024, and bash, zsh and ksh for long: nothing in it but signs that can be seen.
  return `$'${text.replace(/[\\']/g, '\\$&').replace(EACH, inBytes)}'`;
}

const inBytes = (sign: string): string =>
  Array.from(new TextEncoder().encode(sign), (byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
