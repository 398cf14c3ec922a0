import { refuse } from '@guichet/sdk';
import { loadModule, parseSync } from 'libpg-query';
import { isParsable } from '../query-mask.ts';
import { type References, referencesOf } from './references.ts';

/** One statement that only reads, as far as its text can tell. */
export interface ReadOnlyStatement {
  /** As it was written, without the semicolon at its end. */
  readonly text: string;
  /** A query gives rows and can be estimated; `SHOW` and `EXPLAIN` only give an answer. */
  readonly kind: 'query' | 'answer';
  readonly references: References;
}

const ALLOWED = 'One statement is taken: SELECT, WITH, VALUES, TABLE, SHOW, or EXPLAIN without ANALYZE.';

/** What a person calls the statements that are most often tried. */
const WRITES: Readonly<Record<string, string>> = {
  InsertStmt: 'INSERT changes data',
  UpdateStmt: 'UPDATE changes data',
  DeleteStmt: 'DELETE changes data',
  MergeStmt: 'MERGE changes data',
  CopyStmt: 'COPY reads and writes files and programs of the server',
  DoStmt: 'DO runs code',
  CallStmt: 'CALL runs code',
  VariableSetStmt: 'SET changes the limits that it runs under',
  TransactionStmt: 'the transaction is opened and ended around it',
  PrepareStmt: 'PREPARE keeps a statement for later',
  ExecuteStmt: 'EXECUTE runs what is not to be seen here',
  LockStmt: 'LOCK holds others up',
  VacuumStmt: 'there is vacuum-analyze for it',
  IndexStmt: 'there is create-index-concurrently for it',
};

/**
 * Takes the text when it is exactly one statement that reads, by the parser of PostgreSQL 18. It lists what may be, so that a
 * statement that nobody thought of is refused. What functions do is not to be seen in a text: `checkReferences` asks the server.
 */
export async function readOnlyStatement(sql: string): Promise<ReadOnlyStatement> {
  await loadModule();
  const { text, node } = onlyStatement(sql);
  const [kind, body] = entryOf(node);
  if (kind === 'SelectStmt') return { text, kind: 'query', references: checked(body) };
  if (kind === 'VariableShowStmt') return { text, kind: 'answer', references: referencesOf(body) };
  if (kind === 'ExplainStmt') return { text, kind: 'answer', references: explained(body) };
  const why = WRITES[kind];
  return refuse(why === undefined ? 'The statement is not one that only reads.' : `The statement is refused: ${why}.`, {
    remedy: ALLOWED,
  });
}

/** The one statement of the text, without the semicolon at its end; refuses a text that has another number of them. */
export function onlyStatement(sql: string, allowed = ALLOWED): { text: string; node: unknown } {
  if (!isParsable(sql)) {
    return refuse('The statement is too long, or has a run of signs that is.', { remedy: 'Shorten it.' });
  }
  let statements: readonly { stmt?: unknown; stmt_location?: number; stmt_len?: number }[];
  try {
    statements = parseSync(sql).stmts ?? [];
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return refuse(`The statement is not valid SQL: ${message}.`, { remedy: 'Mend it; try it on a database of your own first.' });
  }
  const [statement] = statements;
  if (statement === undefined) return refuse('There is no statement in the text.', { remedy: allowed });
  if (statements.length > 1) return refuse(`There are ${statements.length} statements in the text.`, { remedy: allowed });
  const bytes = Buffer.from(sql); // the parser counts in bytes
  const start = statement.stmt_location ?? 0;
  const end = statement.stmt_len === undefined ? bytes.length : start + statement.stmt_len;
  return { text: bytes.subarray(start, end).toString().trim(), node: statement.stmt };
}

/** The references of a query, when nothing in it changes, locks or keeps anything. */
function checked(node: unknown): References {
  const references = referencesOf(node);
  const no = (what: string, remedy: string) => refuse(`The statement is refused: ${what}.`, { remedy });
  const [written] = references.kinds.filter((kind) => kind in WRITES);
  if (written !== undefined) return no(`a part of it, ${WRITES[written]}`, 'Only read.');
  if (references.kinds.has('IntoClause')) return no('SELECT INTO makes a table', 'Leave INTO out.');
  if (references.kinds.has('LockingClause')) return no('FOR UPDATE and FOR SHARE hold others up', 'Leave the lock out.');
  if (references.kinds.has('ParamRef')) return no('it has parameters ($1), and nothing gives them values', 'Write the values.');
  return references;
}

function explained(body: unknown): References {
  // Shapes of the parser's tree.
  const { query, options = [] } = body as { query?: unknown; options?: { DefElem?: { defname?: string } }[] };
  const analyze = options.some(({ DefElem: option }) => option?.defname?.toLowerCase() === 'analyze');
  if (analyze) {
    return refuse('The statement is refused: EXPLAIN ANALYZE runs the statement.', {
      remedy: 'Leave ANALYZE out, or see slow-queries explain.',
    });
  }
  const [kind, inner] = entryOf(query);
  if (kind === 'SelectStmt') return checked(inner);
  return refuse('The statement is refused: only a query is explained here.', { remedy: ALLOWED });
}

/** The kind and the body of a node of the tree: `{ SelectStmt: {...} }`. */
export function entryOf(node: unknown): [kind: string, body: unknown] {
  const [entry] = typeof node === 'object' && node !== null ? Object.entries(node) : [];
  return entry ?? ['', undefined];
}

/** The references of the definition of a view. Throws what the parser throws. */
export function definitionReferences(definition: string): References {
  const [statement] = parseSync(definition).stmts ?? [];
  return referencesOf(statement?.stmt);
}
