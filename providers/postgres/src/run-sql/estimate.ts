import type { OwnSession } from '../login.ts';

/** What the planner of the server expects. A cost of 1 is a page read in sequence. */
export interface Estimate {
  readonly cost: number;
  readonly rows: number;
  /** Tables that are read from the first row to the last. */
  readonly readWhole: readonly string[];
}

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Total Cost': number;
  readonly 'Plan Rows': number;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

/** Asks for the plan of a query, which runs nothing of it. */
export async function estimateOf(session: OwnSession, text: string): Promise<Estimate | undefined> {
  const { rows } = await session.rows(`explain (format json) ${text}`);
  const [explained] = (rows[0]?.[0] ?? []) as readonly { Plan?: PlanNode }[]; // shape of EXPLAIN (FORMAT JSON)
  const plan = explained?.Plan;
  if (plan === undefined) return undefined;
  return { cost: plan['Total Cost'], rows: plan['Plan Rows'], readWhole: [...new Set(wholeReads(plan))] };
}

function wholeReads(node: PlanNode): string[] {
  const name = node['Node Type'] === 'Seq Scan' ? node['Relation Name'] : undefined;
  return [...(name === undefined ? [] : [name]), ...(node.Plans ?? []).flatMap(wholeReads)];
}
