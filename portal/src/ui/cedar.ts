/** What a piece of Cedar is, for its colour. */
export type CedarKind = 'comment' | 'string' | 'keyword' | 'annotation' | 'name' | 'number' | 'plain';

/** In this order: the first that fits at a place is what stands there. All are sticky. */
const KINDS: readonly (readonly [CedarKind, RegExp])[] = [
  ['comment', /\/\/[^\n]*/y],
  ['string', /"(?:[^"\\\n]|\\.)*"?/y],
  ['annotation', /@[A-Za-z_]\w*/y],
  ['keyword', /\b(?:permit|forbid|when|unless|if|then|else|in|is|has|like|true|false|principal|action|resource|context)\b/y],
  ['name', /\b[A-Za-z_]\w*(?:::[A-Za-z_]\w*)*(?=::")/y],
  ['number', /\b\d+\b/y],
  ['plain', /[A-Za-z_]\w*|\s+|[^\sA-Za-z_"@/\d]+|./y],
];

/** What stands in a text at a place, and where it ends. */
export function cedarAt(text: string, at: number): { readonly kind: CedarKind; readonly end: number } {
  for (const [kind, pattern] of KINDS) {
    pattern.lastIndex = at;
    if (pattern.test(text)) return { kind, end: pattern.lastIndex };
  }
  return { kind: 'plain', end: at + 1 };
}

/** A whole text in pieces of one kind each. Together they are the text again. */
export function cedarPieces(text: string): readonly { readonly kind: CedarKind; readonly text: string }[] {
  const pieces: { kind: CedarKind; text: string }[] = [];
  for (let at = 0; at < text.length; ) {
    const { kind, end } = cedarAt(text, at);
    const last = pieces.at(-1);
    if (last?.kind === kind) last.text += text.slice(at, end);
    else pieces.push({ kind, text: text.slice(at, end) });
    at = end;
  }
  return pieces;
}
