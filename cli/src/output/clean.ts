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

/** Delete, controls that a terminal may obey like an escape, and what turns the direction: JSON leaves them as they are. */
const OBEYED = /[\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A document whose texts all stand in double quotes, with these characters written as \uXXXX: it means the same. */
export function escaped(document: string): string {
  return document.replace(OBEYED, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** True when a program or a terminal could take a part of the text for something else than text. */
export const isObeyed = (text: string): boolean => clean(text) !== text;
