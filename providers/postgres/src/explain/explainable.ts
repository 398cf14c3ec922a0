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
  readonly targets: readonly Name[];
}

const ALLOWED = 'One statement is taken: SELECT, WITH, VALUES, TABLE, INSERT, UPDATE, DELETE or MERGE.';

const KINDS: ReadonlySet<string> = new Set(['SelectStmt', 'InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt']);
const CHANGES = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt'];

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
function targetsOf(tree: unknown): Name[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([key, body]) => {
    if (!CHANGES.includes(key)) return targetsOf(body);
    const { relation } = body as { relation?: { schemaname?: string; relname?: string } }; // shape of the parser's tree
    const own = relation?.relname === undefined ? [] : [{ schema: relation.schemaname ?? null, name: relation.relname }];
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
