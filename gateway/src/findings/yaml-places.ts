import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter } from 'yaml';

export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Where in the text a JSON pointer leads: to the name of a member, to the start of an entry of a list; of what is not
 * there, to what it is missing from.
 */
export function placeOf(pointer: string, { document, lines }: { document: Document.Parsed; lines: LineCounter }): Place {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of partsOf(pointer)) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? String(key.value) : undefined) === part);
      if (pair === undefined) break;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (item === undefined) break;
      offset = startOf(item) ?? offset;
      node = item;
    } else break;
  }
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

/** RFC 6901, as our findings have it: `/` is the whole. */
function partsOf(pointer: string): string[] {
  if (pointer === '/' || pointer === '') return [];
  return pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function startOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined;
  const start: unknown = node.range[0];
  return typeof start === 'number' ? start : undefined;
}
