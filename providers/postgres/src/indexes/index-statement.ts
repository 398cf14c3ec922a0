import { refuse } from '@guichet/sdk';
import { loadModule, parseSync } from 'libpg-query';
import pg from 'pg';
import { nearest } from '../nearest.ts';

export const METHODS = ['btree', 'hash', 'gin', 'gist', 'brin', 'spgist'] as const;

export interface IndexWanted {
  readonly method: (typeof METHODS)[number];
  readonly unique: boolean;
  /** `customer_id`, `created_at desc`, `note gin_trgm_ops`. */
  readonly columns: readonly string[];
  readonly include: readonly string[];
  readonly where?: string | undefined;
  readonly name?: string | undefined;
}

export interface IndexStatement {
  readonly name: string;
  readonly text: string;
  /** The key columns by their names. */
  readonly columns: readonly string[];
}

const LONGEST_NAME = 63;
const WORDS = /^(.+?)(?:\s+(\w+_ops))?(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?$/is;

/**
 * The statement that builds the index, every name of it quoted. Refuses columns that the table does not have, and a condition
 * that is more than a condition.
 */
export async function indexStatement(
  wanted: IndexWanted,
  table: { readonly name: string; readonly quoted: string; readonly columns: readonly string[] },
): Promise<IndexStatement> {
  const keys = wanted.columns.map((text) => keyOf(text, table.columns));
  const include = wanted.include.map((text) => columnOf(text, table.columns));
  const name =
    wanted.name ??
    nameFor(
      table.name,
      keys.map(({ column }) => column),
    );
  if (Buffer.byteLength(name) > LONGEST_NAME) {
    return refuse(`The name '${name}' is longer than ${LONGEST_NAME} bytes.`, { remedy: 'Give a shorter --name.' });
  }
  const parts = [
    `CREATE ${wanted.unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY ${pg.escapeIdentifier(name)} ON ${table.quoted}`,
    `USING ${wanted.method} (${keys.map(({ text }) => text).join(', ')})`,
    ...(include.length === 0 ? [] : [`INCLUDE (${include.map((column) => pg.escapeIdentifier(column)).join(', ')})`]),
  ];
  const text = wanted.where === undefined ? parts.join(' ') : await conditioned(parts.join(' '), wanted.where);
  return { name, text, columns: keys.map(({ column }) => column) };
}

function keyOf(text: string, columns: readonly string[]): { column: string; text: string } {
  if (columns.includes(text)) return { column: text, text: pg.escapeIdentifier(text) };
  const [, name = text, operators, direction, nulls] = WORDS.exec(text.trim()) ?? [];
  const column = columnOf(name, columns);
  const words = [
    pg.escapeIdentifier(column),
    ...(operators === undefined ? [] : [pg.escapeIdentifier(operators)]),
    ...(direction === undefined ? [] : [direction.toUpperCase()]),
    ...(nulls === undefined ? [] : [`NULLS ${nulls.toUpperCase()}`]),
  ];
  return { column, text: words.join(' ') };
}

function columnOf(name: string, columns: readonly string[]): string {
  if (columns.includes(name)) return name;
  const meant = nearest(name, columns);
  return refuse(`The table has no column '${name}'.`, {
    remedy: meant === undefined ? `It has: ${columns.slice(0, 20).join(', ')}.` : `Did you mean '${meant}'?`,
  });
}

/** As the server would name it: `orders_customer_id_created_at_idx`, of at most 63 bytes. */
function nameFor(table: string, columns: readonly string[]): string {
  const ending = '_idx';
  let start = [table, ...columns].join('_');
  while (Buffer.byteLength(start) > LONGEST_NAME - ending.length) start = Array.from(start).slice(0, -1).join('');
  return `${start}${ending}`;
}

async function conditioned(start: string, where: string): Promise<string> {
  await loadModule();
  const no = (why: string) =>
    refuse(`The condition is refused: ${why}.`, { remedy: "Write what stands behind WHERE, e.g. state = 'open'." });
  try {
    // Alone first: a bracket too many would else close ours and go on.
    const alone = parseSync(`select from t where ${where}\n`).stmts ?? [];
    const select = (alone[0]?.stmt as { SelectStmt?: object } | undefined)?.SelectStmt; // shape of the parser's tree
    const extra = Object.keys(select ?? {}).filter((key) => !['fromClause', 'whereClause', 'limitOption', 'op'].includes(key));
    if (alone.length !== 1 || select === undefined || extra.length > 0) return no('it is more than a condition');
    const text = `${start} WHERE ${where}`;
    const whole = parseSync(text).stmts ?? [];
    if (whole.length !== 1 || !('IndexStmt' in (whole[0]?.stmt ?? {}))) return no('it is more than a condition');
    return text;
  } catch (error) {
    return no(error instanceof Error ? error.message : String(error));
  }
}
