/**
 * Text of others, made safe to show: control characters (which could move the cursor, rewrite what was printed, or ring)
 * become visible signs, and marks that turn the reading direction (which could disguise what is approved) are dropped.
 * Line breaks stay for `cleanLines` and become ⏎ here.
 */
export function clean(text: string): string {
  return cleanLines(text).replaceAll('\n', '⏎');
}

export function cleanLines(text: string): string {
  if (/^[\x20-\x7e\n]*$/.test(text)) return text;
  return (
    text
      .replaceAll('\r\n', '\n')
      .replaceAll('\t', '  ')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f]/g, (character) =>
        String.fromCodePoint(character === '\u007f' ? 0x2421 : 0x2400 + character.charCodeAt(0)),
      )
      .replaceAll(/[\u0080-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\u061c]/g, '')
  );
}
