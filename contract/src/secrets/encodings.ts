/** Shorter ones would mask half of what is said. */
export const SHORTEST = 4;
/** A line of a secret that has several is looked for by itself when it is at least so long. */
const SHORTEST_LINE = 8;

/**
 * The ways in which a text is written when it is sent on: as it is, escaped in JSON, in a URL, in a form, in HTML, in SQL,
 * in hexadecimal, in base64 and base64url, alone or inside something longer. Cases of letters are not told apart by
 * whoever looks for them, nor `-` from `+` and `_` from `/`.
 */
export function encodingsOf(secret: string): string[] {
  const trimmed = secret.trim();
  const lines = secret.includes('\n')
    ? secret.split('\n').flatMap((line) => (line.trim().length >= SHORTEST_LINE ? [line.trim()] : []))
    : [];
  const all = new Set([secret, trimmed, ...lines].flatMap((text) => [...plainly(text), ...inBytes(text)]));
  return [...all].filter((text) => text.length >= SHORTEST);
}

function plainly(text: string): string[] {
  const json = inJson(text);
  return [text, json, inJson(json), asciiOnly(json), ...inUrl(text), inHtml(text), text.replaceAll("'", "''")];
}

const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** `\u00e9` for each character that is not ASCII, as many programs write JSON. */
const asciiOnly = (json: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII, said the other way round
  json.replace(/[^\x00-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

function inUrl(text: string): string[] {
  const encoded = encodeURIComponent(text.toWellFormed());
  const strict = encoded.replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16)}`);
  return [encoded, strict, strict.replaceAll('%20', '+')];
}

const HTML: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };
const inHtml = (text: string): string => text.replace(/[&<>"']/g, (letter) => HTML[letter] ?? letter);

function inBytes(text: string): string[] {
  const bytes = Buffer.from(text, 'utf8');
  const base64 = bytes.toString('base64');
  return [bytes.toString('hex'), base64, base64.replace(/=+$/, ''), ...[0, 1, 2].map((before) => insideBase64(bytes, before))];
}

/** What base64 of something longer has in common wherever the bytes stand in it, after so many others (modulo 3). */
function insideBase64(bytes: Buffer, before: number): string {
  const whole = Buffer.concat([Buffer.alloc(before), bytes])
    .toString('base64')
    .replace(/=+$/, '');
  const shared = (before + bytes.length) % 3 === 0 ? 0 : 1; // the last letter holds bits of what comes after
  return whole.slice([0, 2, 3][before], whole.length - shared);
}
