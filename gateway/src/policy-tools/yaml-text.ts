import type { PolicyFile, PolicyFinding } from '@guichet/contract';
import { type Document, isScalar, LineCounter, parseDocument, visit } from 'yaml';
import type { Place } from '../findings/index.ts';

/** A YAML file that was read, with where its lines begin. */
export interface Yaml {
  readonly path: string;
  readonly document: Document.Parsed;
  readonly lines: LineCounter;
}

/** Two thousand cases have half of that. */
const MOST_CHARACTERS = 512 * 1024;
/** The parser goes down by recursion. Brackets in texts are counted too: nobody writes so many that stay open. */
const MOST_OPEN = 100;
/** What reads a part of it again compares each name with all before it. */
const MOST_NAMES = 1000;
/** Further ones follow from the first. */
const MOST_FINDINGS = 20;

/** Reads a YAML file of somebody who may mean no good: what would take the parser long, or down, is refused before it. */
export function readYaml({ path, text }: PolicyFile): Yaml | { readonly findings: readonly PolicyFinding[] } {
  const lines = new LineCounter();
  const problem = (offset: number, message: string): PolicyFinding => errorAt(path, placeAt(lines, offset), { message });
  if (text.length > MOST_CHARACTERS)
    return { findings: [problem(0, `The file is longer than ${MOST_CHARACTERS / 1024} Ki characters; split it.`)] };
  const tooDeep = tooManyOpen(text);
  if (tooDeep !== undefined)
    return { findings: [problem(0, `More than ${MOST_OPEN} brackets are open at once, in line ${tooDeep}.`)] };
  // Names that stand twice are looked for below: the parser compares each with all that came before it.
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false });
  const yaml: Yaml = { path, document, lines };
  const findings = [
    ...document.errors.map(({ message, pos }) => problem(pos[0], `This is not valid YAML: ${message.replace(/\.$/, '')}.`)),
    ...(document.contents === null ? [problem(0, "The file is empty: it begins with 'cases:'.")] : []),
    ...badMaps(document).map(({ message, offset }) => problem(offset, message)),
  ];
  return findings.length > 0 ? { findings: findings.slice(0, MOST_FINDINGS) } : yaml;
}

export function placeAt(lines: LineCounter, offset: number): Place {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(1, line), column: Math.max(1, col) };
}

export function errorAt(
  path: string,
  place: Place,
  { message, remedy }: { message: string; remedy?: string | undefined },
): PolicyFinding {
  return { path, ...place, severity: 'error', message, ...(remedy !== undefined && { remedy }) };
}

/** The line in which too many brackets are open; undefined when there are never so many. */
function tooManyOpen(text: string): number | undefined {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open = bracket === '[' || bracket === '{' ? open + 1 : Math.max(0, open - 1);
    if (open > MOST_OPEN) return text.slice(0, index).split('\n').length;
  }
  return undefined;
}

/** Names that stand twice in their map, and maps of too many names. */
function badMaps(document: Document.Parsed): { message: string; offset: number }[] {
  const found: { message: string; offset: number }[] = [];
  visit(document, {
    Map: (_key, map) => {
      if (map.items.length > MOST_NAMES)
        found.push({ message: `More than ${MOST_NAMES} names stand beside each other.`, offset: map.range?.[0] ?? 0 });
      const names = new Set<string>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        if (names.has(name)) found.push({ message: `The name '${name}' stands twice.`, offset: key.range?.[0] ?? 0 });
        names.add(name);
      }
    },
  });
  return found;
}
