import { parseSync } from 'libpg-query';
import { entryOf } from '../run-sql/read-only-statement.ts';

/** Comparisons that an index of the first method can serve once, behind the columns that are compared for equality. */
const RANGES: ReadonlySet<string> = new Set(['<', '<=', '>', '>=']);

/**
 * Columns for an index that would find what the condition of a plan finds: those compared with `=`, then one that is compared
 * for order. Empty when the condition is not made of such comparisons, joined by AND.
 */
export function columnsFor(condition: string): string[] {
  let where: unknown;
  try {
    const [statement] = parseSync(`select 1 where ${condition}`).stmts ?? [];
    const [, select] = entryOf(statement?.stmt);
    where = (select as { whereClause?: unknown } | undefined)?.whereClause; // shape of the parser's tree
  } catch {
    return []; // a condition of a plan is not always an expression of SQL (SubPlan 1)
  }
  const compared = conjuncts(where).flatMap((node) => comparison(node));
  const equal = compared.filter(({ operator }) => operator === '=').map(({ column }) => column);
  const ranged = compared.find(({ operator, column }) => RANGES.has(operator) && !equal.includes(column));
  return [...new Set([...equal, ...(ranged === undefined ? [] : [ranged.column])])];
}

function conjuncts(node: unknown): unknown[] {
  const [kind, body] = entryOf(node);
  const { boolop, args = [] } = (kind === 'BoolExpr' ? body : {}) as { boolop?: string; args?: readonly unknown[] };
  return boolop === 'AND_EXPR' ? args.flatMap(conjuncts) : [node];
}

interface Comparison {
  readonly column: string;
  readonly operator: string;
}

function comparison(node: unknown): Comparison[] {
  const [kind, body] = entryOf(node);
  if (kind !== 'A_Expr') return [];
  // Shape of the parser's tree.
  const { name = [], lexpr, rexpr } = body as { name?: { String?: { sval?: string } }[]; lexpr?: unknown; rexpr?: unknown };
  const operator = name.at(-1)?.String?.sval ?? '';
  if (operator !== '=' && !RANGES.has(operator)) return [];
  const [left, right] = [columnOf(lexpr), columnOf(rexpr)];
  if ((left === undefined) === (right === undefined)) return []; // of two columns, or of none
  return [{ column: left ?? right ?? '', operator }];
}

/** A column by itself, or seen as another type that is stored in the same way. */
function columnOf(node: unknown): string | undefined {
  const [kind, body] = entryOf(node);
  if (kind === 'TypeCast') return columnOf((body as { arg?: unknown }).arg);
  if (kind !== 'ColumnRef') return undefined;
  const { fields = [] } = body as { fields?: { String?: { sval?: string } }[] };
  return fields.at(-1)?.String?.sval;
}
