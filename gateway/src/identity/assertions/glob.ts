/** What a pattern is made of: text as it stands, `*` within one part of a path or subject, `**` over all parts. */
type Piece = string | typeof PART | typeof ALL;
const PART = Symbol('*');
const ALL = Symbol('**');
/** What parts are joined by, in `repo:acme/orders:ref:refs/heads/main` as in an ARN. */
const JOINTS = new Set(['/', ':']);

/**
 * True when the whole text is as the pattern says. `*` is one or more characters, none of them `/` or `:`, so that it
 * never reaches over the part that it stands in; `**` is one or more of any. All else is itself, case included.
 */
export function matches(pattern: string, text: string): boolean {
  let ends: ReadonlySet<number> = new Set([0]); // how far the pieces so far may have come
  for (const piece of piecesOf(pattern))
    ends = typeof piece === 'string' ? after(piece, text, ends) : afterStar(piece, text, ends);
  return ends.has(text.length);
}

/** The text that a pattern begins with, up to its first star. */
export const literalStart = (pattern: string): string => pattern.split('*', 1)[0] ?? '';

export const isPattern = (text: string): boolean => text.includes('*');

function piecesOf(pattern: string): Piece[] {
  return pattern
    .split(/(\*+)/)
    .filter((piece) => piece !== '')
    .map((piece) => (piece === '*' ? PART : piece.startsWith('*') ? ALL : piece));
}

function after(literal: string, text: string, starts: ReadonlySet<number>): Set<number> {
  return new Set([...starts].filter((start) => text.startsWith(literal, start)).map((start) => start + literal.length));
}

/** One pass over the text, however many places the star may begin at: the text is a stranger's. */
function afterStar(star: typeof PART | typeof ALL, text: string, starts: ReadonlySet<number>): Set<number> {
  const ends = new Set<number>();
  let within = false;
  for (let at = 0; at < text.length; at++) {
    within = (within || starts.has(at)) && (star === ALL || !JOINTS.has(text.charAt(at)));
    if (within) ends.add(at + 1);
  }
  return ends;
}
