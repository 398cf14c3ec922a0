import { formatBytes } from '@guichet/contract';
import type { QueryMask } from '../query-mask.ts';
import { columnsFor } from './index-advice.ts';
import { nodesOf, type PlanNode, type TableRows } from './plan-node.ts';
import { amount } from './plan-tree.ts';

/** `work_mem`, in bytes and as the server writes it. */
export interface WorkMem {
  readonly bytes: number;
  readonly setting: string;
}

export interface Known {
  readonly tables: TableRows;
  readonly workMem: WorkMem;
  readonly mask: QueryMask;
  /** The command that builds an index. */
  readonly indexCommand: (table: string, columns: readonly string[]) => string;
}

/** A smaller table is read whole as fast as by an index. */
const MANY_ROWS = 10_000;
const SELECTIVE = 0.2;
/** So many times off, an estimate leads to another plan than the truth would. */
const FAR_OFF = 10;
const ROWS_THAT_MATTER = 1000;

/** What is likely to make it slow, in words, the worst first. */
export function planWarnings(plan: PlanNode, known: Known): string[] {
  const nodes = nodesOf(plan);
  return [
    ...nodes.flatMap((node) => repeated(node)),
    ...nodes.flatMap((node) => readWhole(node, known)),
    ...nodes.flatMap((node) => spilled(node, known)),
    ...nodes.flatMap((node) => misjudged(node)),
  ].filter((warning, at, all) => all.indexOf(warning) === at);
}

function readWhole(node: PlanNode, { tables, mask, indexCommand }: Known): string[] {
  const table = node['Relation Name'];
  const filter = node.Filter;
  if (node['Node Type'] !== 'Seq Scan' || table === undefined || filter === undefined) return [];
  const all = tables.get(table) ?? 0;
  const loops = Math.max(1, node['Actual Loops'] ?? 1);
  const found = node['Actual Rows'] === undefined ? (node['Plan Rows'] ?? 0) : node['Actual Rows'] * loops;
  if (all < MANY_ROWS || found > all * SELECTIVE) return [];
  const columns = columnsFor(filter);
  const advice =
    columns.length === 0 ? `an index on what ${mask.expression(filter)} compares may spare that.` : indexCommand(table, columns);
  return [`Reads all ${amount(all)} rows of ${table} to find ${amount(found)}: ${advice}`];
}

/** The inner side of a nested loop is done once for each row of the outer one. */
function repeated(node: PlanNode): string[] {
  if (node['Node Type'] !== 'Nested Loop') return [];
  const [outer, inner] = node.Plans ?? [];
  const times = outer?.['Actual Rows'] ?? outer?.['Plan Rows'] ?? 0;
  const each = inner?.['Plan Rows'] ?? 0;
  if (inner?.['Node Type'] !== 'Seq Scan' || times < 10 || each * times < MANY_ROWS) return [];
  return [
    `Reads all of ${inner['Relation Name']} once for each of ${amount(times)} rows: an index on what they are joined by may spare that.`,
  ];
}

function spilled(node: PlanNode, { workMem }: Known): string[] {
  const type = node['Node Type'];
  if (node['Sort Space Type'] === 'Disk')
    return [
      `A sort did not fit into work_mem (${workMem.setting}) and used ${formatBytes((node['Sort Space Used'] ?? 0) * 1000)} of disk.`,
    ];
  if ((node['Hash Batches'] ?? 1) > 1 || (node['HashAgg Batches'] ?? 1) > 1)
    return [`A hash table did not fit into work_mem (${workMem.setting}) and was split over the disk.`];
  if (node['Actual Rows'] !== undefined || (type !== 'Sort' && type !== 'Hash')) return [];
  const needed = (node['Plan Rows'] ?? 0) * ((node['Plan Width'] ?? 0) + 24);
  if (needed <= workMem.bytes) return [];
  return [
    `A ${type.toLowerCase()} of about ${formatBytes(needed)} does not fit into work_mem (${workMem.setting}) and will use the disk, unless a limit ends it early.`,
  ];
}

function misjudged(node: PlanNode): string[] {
  const planned = node['Plan Rows'];
  const rows = node['Actual Rows'];
  if (planned === undefined || rows === undefined || (node['Actual Loops'] ?? 1) === 0) return [];
  const most = Math.max(planned, rows);
  if (most < ROWS_THAT_MATTER || most < FAR_OFF * Math.max(1, Math.min(planned, rows))) return [];
  const where = node['Relation Name'] === undefined ? node['Node Type'] : `${node['Node Type']} on ${node['Relation Name']}`;
  return [
    `The planner expected ${amount(planned)} rows of the ${where} and got ${amount(rows)}: gather statistics (vacuum-analyze), or extended ones where columns depend on each other.`,
  ];
}
