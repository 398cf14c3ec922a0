import { fingerprintSync, loadModule, parseSync, type ScanToken, scanSync } from 'libpg-query';
import { headOf, MASKED } from './query-head.ts';
import { shortened } from './words.ts';

/**
 * Statements that are shown whole but for their literals. Everything else (ALTER ROLE ... PASSWORD, SET token = x,
 * CREATE USER MAPPING, COPY ... PROGRAM, DO, PREPARE ...) is shown by its first words, for a secret need not be a literal
 * there.
 */
const SHOWN: ReadonlySet<string> = new Set([
  'SelectStmt',
  'InsertStmt',
  'UpdateStmt',
  'DeleteStmt',
  'MergeStmt',
  'TransactionStmt',
  'DeclareCursorStmt',
  'FetchStmt',
  'ClosePortalStmt',
  'LockStmt',
  'TruncateStmt',
  'VacuumStmt',
  'ClusterStmt',
  'ReindexStmt',
  'RefreshMatViewStmt',
  'CreateStmt',
  'CreateTableAsStmt',
  'IndexStmt',
  'AlterTableStmt',
  'DropStmt',
  'RenameStmt',
]);

/** Longer statements are not parsed: some applications send megabytes, and the first words say enough. In UTF-16 units. */
const LONGEST_PARSED = 32_768;
const LONGEST_SHOWN = 2000;
const CACHED = 4000;
/** Longer ones are not remembered: many of them would fill our memory. */
const LONGEST_CACHED = 8192;
/** The scanner of PostgreSQL takes time by the square of the length of these: seconds for a text of nothing else. */
const COSTLY = /[-+*/<>=~!@#%^&|`?]{256}/;

/**
 * Shows what a statement does and none of its data: literals become `?`, comments go. A text that the parser of
 * PostgreSQL does not take whole (cut off, of another dialect) is shown by its first words.
 */
export class QueryMask {
  /** In order of last use. Masking costs 0.3 ms, and sessions run the same few statements. */
  readonly #cache = new Map<string, Known>();

  private constructor() {}

  static async load(): Promise<QueryMask> {
    await loadModule();
    return new QueryMask();
  }

  /** @param cut true when the server kept only the start of the statement (track_activity_query_size) */
  mask(text: string, cut: boolean): string {
    const known = this.#known(text, cut);
    known.masked ??= cut ? headOf(text) : maskWhole(text);
    return known.masked;
  }

  /**
   * Sixteen hexadecimal digits that are the same for statements which differ only in literals, parameters, comments and
   * layout. Undefined for a text that is not shown whole: two that begin alike may be two statements, and what a secret of
   * one has gone into could be tried out.
   */
  fingerprint(text: string, cut: boolean): string | undefined {
    const known = this.#known(text, cut);
    if (known.fingerprint === undefined) known.fingerprint = (cut ? undefined : fingerprintOf(text)) ?? null;
    return known.fingerprint ?? undefined;
  }

  /** A part of a plan, such as `(customer = 42)`. */
  expression(text: string): string {
    try {
      return withoutLiterals(scanSync(text).tokens) ?? MASKED;
    } catch {
      return MASKED;
    }
  }

  #known(text: string, cut: boolean): Known {
    if (text.length > LONGEST_CACHED) return {};
    const key = cut ? `\0${text}` : text;
    const known = this.#cache.get(key) ?? {};
    this.#cache.delete(key);
    this.#cache.set(key, known);
    if (this.#cache.size > CACHED) {
      const [oldest] = this.#cache.keys();
      if (oldest !== undefined) this.#cache.delete(oldest);
    }
    return known;
  }
}

interface Known {
  masked?: string;
  /** Null when it has none. */
  fingerprint?: string | null;
}

/** A text that is worth its parsing. */
export function isParsable(text: string): boolean {
  return text.length <= LONGEST_PARSED && !COSTLY.test(text);
}

function maskWhole(text: string): string {
  if (text.trim() === '') return '';
  if (!isParsable(text)) return headOf(text);
  try {
    const statements: readonly Parsed[] = parseSync(text).stmts ?? [];
    if (statements.length === 0) return MASKED; // nothing but a comment
    const whole = withoutLiterals(scanSync(text).tokens);
    if (whole === undefined) return headOf(text);
    return statements.every(({ stmt }) => isShown(stmt)) ? whole : eachMasked(text, statements);
  } catch {
    return headOf(text);
  }
}

interface Parsed {
  readonly stmt?: unknown;
  readonly stmt_location?: number;
  readonly stmt_len?: number;
}

/** One after the other, so that none hides behind the first. */
function eachMasked(text: string, statements: readonly Parsed[]): string {
  const bytes = Buffer.from(text); // the parser counts in bytes
  const masked = statements.map(({ stmt, stmt_location: start = 0, stmt_len: length }) => {
    const own = bytes.subarray(start, length === undefined ? bytes.length : start + length).toString();
    return (isShown(stmt) ? withoutLiterals(scanSync(own).tokens) : undefined) ?? headOf(own);
  });
  return shortened(masked.join('; '), LONGEST_SHOWN);
}
function fingerprintOf(text: string): string | undefined {
  if (text.trim() === '' || !isParsable(text)) return undefined;
  try {
    const statements = parseSync(text).stmts ?? [];
    return statements.length > 0 && statements.every(({ stmt }) => isShown(stmt)) ? fingerprintSync(text) : undefined;
  } catch {
    return undefined;
  }
}

function isShown(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  const [entry] = Object.entries(node);
  if (entry === undefined) return false;
  const [kind, statement] = entry;
  return kind === 'ExplainStmt' ? isShown((statement as { query?: unknown }).query) : SHOWN.has(kind); // shape of the parser's tree
}

const COMMENTS: ReadonlySet<string> = new Set(['SQL_COMMENT', 'C_COMMENT']);
/** Names and keywords: quoted, or letters that do not begin a literal such as `x'ff'`. */
const WORD = /^(?:(?:u&)?"|[a-z_\u{80}-\u{10ffff}][^']*$)/iu;
const PARAMETER = /^\$[0-9]+$/;
const OPERATOR = /^[^\p{L}\p{N}\s'"$]+$/u;

/**
 * The statement without comments, each literal a `?`; undefined when it cannot be told where literals end. It is a list of
 * what is known to be harmless, not of literals, so that a kind of literal that nobody thought of is masked too.
 */
function withoutLiterals(tokens: readonly ScanToken[]): string | undefined {
  let shown = '';
  let end = 0;
  for (const { text, tokenName, start, end: tokenEnd } of tokens) {
    if (COMMENTS.has(tokenName)) continue;
    // Under standard_conforming_strings = off the backslash would have kept this literal open: what follows may be data.
    if (text.includes("\\'") && !/^e'/i.test(text)) return undefined;
    const harmless = WORD.test(text) || PARAMETER.test(text) || OPERATOR.test(text);
    shown += `${start > end && shown !== '' ? ' ' : ''}${harmless ? text.replaceAll(/\s+/g, ' ') : '?'}`;
    end = tokenEnd;
  }
  return shortened(shown, LONGEST_SHOWN);
}
