import { refuse } from '@guichet/sdk';
import { loadModule, scanSync } from 'libpg-query';
import { entryOf, onlyStatement } from '../run-sql/read-only-statement.ts';
import { type Name, type References, referencesOf } from '../run-sql/references.ts';

/** One statement that has a plan: a query, or one that changes rows. */
export interface Explainable {
  readonly text: string;
  /** `changes` or locks rows, in whatever part of it. */
  readonly kind: 'reads' | 'changes';
  /** How many `$1`, `$2` ... it has. */
  readonly parameters: number;
  readonly references: References;
  /** Tables that it changes. */
  readonly targets: readonly ChangedName[];
}

/** A table that a statement changes, and how: what a foreign key carries on to other tables goes by it. */
export interface ChangedName extends Name {
  readonly change: 'insert' | 'update' | 'delete' | 'any';
}

const ALLOWED = 'One statement is taken: SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE or MERGE.';

const KINDS: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);
const CHANGES = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];
const WAYS: Readonly<Record<string, ChangedName['change']>> = {
  InsertStmt: 'insert',
  UpdateStmt: 'update',
  DeleteStmt: 'delete',
};

/** Takes a text when it is one statement that has a plan, by the parser of PostgreSQL 18; refuses any other. */
export async function explainable(sql: string): Promise<Explainable> {
  await loadModule();
  const { text, node } = onlyStatement(sql, ALLOWED);
  const [kind] = entryOf(node);
  if (!KINDS.has(kind)) {
    return refuse('The statement has no plan: it is not one that reads or changes rows.', { remedy: ALLOWED });
  }
  const references = referencesOf(node);
  if (references.kinds.has('IntoClause'))
    return refuse('The statement is refused: SELECT INTO makes a table.', { remedy: 'Leave INTO out.' });
  const changes = [...CHANGES, 'LockingClause'].some((each) => references.kinds.has(each));
  return { text, kind: changes ? 'changes' : 'reads', parameters: parametersOf(text), references, targets: targetsOf(node) };
}

function parametersOf(text: string): number {
  const numbers = scanSync(text).tokens.flatMap(({ text: token }) => (/^\$\d+$/.test(token) ? [Number(token.slice(1))] : []));
  return Math.max(0, ...numbers);
}

/** The relation of each part that changes one, wherever in the tree it stands. */
function targetsOf(tree: unknown): ChangedName[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, body]) => {
    if (!CHANGES.includes(key)) return targetsOf(body);
    const { relation, onConflictClause } = body as {
      relation?: { schemaname?: string; relname?: string };
      onConflictClause?: object;
    }; // shape of the parser's tree
    const change = onConflictClause === undefined ? (WAYS[key] ?? 'any') : 'any';
    const own = relation?.relname === undefined ? [] : [{ schema: relation.schemaname ?? null, name: relation.relname, change }];
    return [...own, ...targetsOf(body)];
  });
}

const TYPES =
  'interval|date|timestamptz|timestamp(?: with(?:out)? time zone)?|timetz|time(?: with(?:out)? time zone)?|jsonb?|uuid|inet|cidr|numeric|bytea|text|xml|point|box|regclass';
const TYPED = new RegExp(String.raw`\b(${TYPES})\s+(\$\d+)\b`, 'gi');

/**
 * A statement as pg_stat_statements keeps it, so that the server takes it again: `interval '1 hour'` is kept as `interval $1`,
 * which is no SQL, and means `$1::interval`.
 */
export const asParameterized = (normalized: string): string => normalized.replaceAll(TYPED, '$2::$1');
