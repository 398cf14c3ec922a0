/** A node as EXPLAIN (FORMAT JSON) gives it; only what is shown of it. Times are ms, sizes are kB, rows are for one loop. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Total Cost'?: number;
  readonly 'Plan Rows'?: number;
  readonly 'Plan Width'?: number;
  readonly 'Parent Relationship'?: string;
  readonly 'Subplan Name'?: string;
  readonly 'Join Type'?: string;
  readonly Strategy?: string;
  readonly Operation?: string;
  readonly 'Relation Name'?: string;
  readonly Alias?: string;
  readonly 'Index Name'?: string;
  readonly 'CTE Name'?: string;
  readonly 'Function Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Actual Total Time'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Join Filter'?: number;
  readonly 'Sort Space Type'?: string;
  readonly 'Sort Space Used'?: number;
  readonly 'Hash Batches'?: number;
  readonly 'HashAgg Batches'?: number;
  readonly 'Disk Usage'?: number;
  readonly 'Shared Hit Blocks'?: number;
  readonly 'Shared Read Blocks'?: number;
  readonly 'Temp Written Blocks'?: number;
  readonly 'Workers Planned'?: number;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

export interface Explained {
  readonly Plan: PlanNode;
  readonly 'Planning Time'?: number;
  readonly 'Execution Time'?: number;
  readonly Settings?: Readonly<Record<string, string>>;
  readonly Triggers?: readonly { readonly 'Trigger Name'?: string; readonly Relation?: string; readonly Time?: number }[];
}

/** What the server knows of a table, by the name that the plan gives it. */
export type TableRows = ReadonlyMap<string, number>;

export function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}
