/** One policy of a file, and where in it the policy begins (in UTF-16 units). */
export interface RuleText {
  readonly text: string;
  readonly offset: number;
}

/**
 * The policies of a Cedar file. Cedar itself gives policies of one text ids by their position and forgets where they
 * stood. A semicolon ends a policy, outside of strings and comments, and stands nowhere else.
 */
export function splitRules(text: string): RuleText[] {
  const rules: RuleText[] = [];
  let start: number | undefined;
  let at = 0;
  while (at < text.length) {
    const character = text[at];
    if (character === '/' && text[at + 1] === '/') {
      at = endOfLine(text, at);
      continue;
    }
    if (start === undefined && !/\s/.test(character ?? '')) start = at;
    if (character === '"') at = endOfString(text, at);
    if (character === ';' && start !== undefined) {
      rules.push({ text: text.slice(start, at + 1), offset: start });
      start = undefined;
    }
    at += 1;
  }
  // What has no end is a policy too: one that does not parse, and says where.
  if (start !== undefined) rules.push({ text: text.slice(start).trimEnd(), offset: start });
  return rules;
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from);
  return end < 0 ? text.length : end;
}

/** The index of the quote that ends the string, or the last index of the text. */
function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') return at;
  }
  return text.length - 1;
}

/** Line and column, from 1, of an offset. */
export function placeOf(text: string, offset: number): { line: number; column: number } {
  const starts = lineStarts(text);
  let [line, end] = [0, starts.length];
  while (end - line > 1) {
    const middle = (line + end) >> 1;
    if ((starts[middle] ?? 0) <= offset) line = middle;
    else end = middle;
  }
  return { line: line + 1, column: offset - (starts[line] ?? 0) + 1 };
}

let latest: { readonly text: string; readonly starts: readonly number[] } | undefined;

/** Where its lines begin. Places are asked of one file after the other: that of the latest is kept. */
function lineStarts(text: string): readonly number[] {
  if (latest?.text === text) return latest.starts;
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  latest = { text, starts };
  return starts;
}

/** Cedar counts bytes of UTF-8. */
export function fromByteOffset(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}
