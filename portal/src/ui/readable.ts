/**
 * Controls that no text needs, and what turns the direction of reading, or takes no room: `live` must not stand there as `evil`
 * to whoever approves it. What joins the letters of some scripts (U+200C, U+200D) stays, and so do tabs and line breaks.
 */
const DISGUISES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The words of others as they are: what one would not see, or be misled by, stands there by its number. */
export const readable = (text: string): string =>
  /^[\t\n\x20-\x7e]*$/.test(text)
    ? text
    : text
        .replaceAll('\r\n', '\n')
        .replace(DISGUISES, (sign) => `[U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`);

/** The same of what somebody writes in lines: so many empty ones that what comes below is out of sight are one. */
export const readableLines = (text: string): string => readable(text).replace(/\n[^\S\n]*\n(?:[^\S\n]*\n)+/g, '\n\n');
