import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { placeOf } from '../../findings/index.ts';
import type { CompanyFinding, Source } from './entries.ts';

/** A file of a company is a few hundred kilobytes; one of this size is no file of a company. */
const MOST_BYTES = 8 * 1024 * 1024;
/** Aliases are no way to write a company; a thousand of them are an attack. */
const MOST_ALIASES = 100;

/** One document of a YAML file: its plain value, and where its parts stand. */
export interface YamlDocument {
  readonly path: string;
  readonly value: unknown;
  at(pointer: string, about: { message: string; remedy?: string | undefined }): CompanyFinding;
}

/** The documents of a file, or what is wrong with it. */
export function readYaml(text: string, path: string): { documents: YamlDocument[] } | { findings: CompanyFinding[] } {
  const whole = (message: string, remedy: string): { findings: CompanyFinding[] } => ({
    findings: [{ path, line: 1, column: 1, field: '/', message, remedy }],
  });
  if (Buffer.byteLength(text) > MOST_BYTES) return whole(`is larger than ${MOST_BYTES / 1024 / 1024} MiB`, 'Split it.');
  const lines = new LineCounter();
  const documents: Document.Parsed[] = [...parseAllDocuments(text, { lineCounter: lines })].filter((one) => 'contents' in one);
  if (documents.length === 0) return whole('is empty', 'Write `people: []`, or take the file away.');
  const broken = documents.flatMap(({ errors }) => errors);
  if (broken.length > 0)
    return {
      findings: broken.slice(0, 5).map(({ pos, message }) => {
        const { line, col } = lines.linePos(pos[0]);
        return {
          path,
          line,
          column: col,
          field: '/',
          message: `is not valid YAML: ${message.split('\n')[0]?.replace(/ at line .*$/, '') ?? ''}`,
          remedy: 'Mend it there, or just before.',
        };
      }),
    };
  const read: YamlDocument[] = [];
  for (const document of documents) {
    let value: unknown;
    try {
      value = document.toJS({ maxAliasCount: MOST_ALIASES });
    } catch (error) {
      const message = `cannot be taken: ${error instanceof Error ? error.message : 'unknown error'}`;
      return whole(message, `Write out what aliases stand for: at most ${MOST_ALIASES} are followed.`);
    }
    // What stands between two separators, or after the last one.
    if (value === null && documents.length > 1) continue;
    read.push({ path, value, at: (field, about) => ({ path, ...placeOf(field, { document, lines }), field, ...about }) });
  }
  return { documents: read };
}

/** Where the entry at a pointer was said; `placeOf` says where in it a field of the entry is, when it is not called so there. */
export function sourceAt(document: YamlDocument, pointer: string, placeOf = (field: string): string => field): Source {
  return {
    path: document.path,
    line: document.at(pointer, { message: '' }).line,
    finding: (field, about) => document.at(`${pointer}${placeOf(field)}`, about),
  };
}
