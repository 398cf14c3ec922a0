import { formatDuration, type TreeNode } from '@guichet/contract';
import type { QueryMask } from '../query-mask.ts';
import type { PlanNode } from './plan-node.ts';

/** Conditions of a node, in the order in which they are applied, and how they are called in a line. */
const CONDITIONS = {
  'Index Cond': 'index condition',
  'Recheck Cond': 'recheck',
  'TID Cond': 'tid',
  'Hash Cond': 'on',
  'Merge Cond': 'on',
  'Join Filter': 'join filter',
  Filter: 'filter',
  'One-Time Filter': 'once',
  'Order By': 'order by',
  'Sort Key': 'by',
  'Presorted Key': 'presorted',
  'Group Key': 'by',
  'Cache Key': 'key',
} as const;

/** The plan as a tree: what is done to which relation, how many rows come of it, what it costs, and by which conditions. */
export function planTree(node: PlanNode, mask: QueryMask): TreeNode {
  const conditions = conditionsOf(node, mask);
  const removed = (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0);
  const detail = [
    ...rowsOf(node),
    ...conditions.map(([name, text]) => `${name} ${text}`),
    ...(removed > 0 ? [`${rows(removed)} removed${(node['Actual Loops'] ?? 1) > 1 ? ' each' : ''}`] : []),
    ...diskOf(node),
  ];
  const children = (node.Plans ?? []).map((child) => planTree(child, mask));
  return {
    label: labelOf(node),
    detail: detail.join(' · '),
    data: factsOf(node, conditions),
    ...(children.length > 0 && { children }),
  };
}

/** `Index Scan using orders_by_customer on orders o` */
function labelOf(node: PlanNode): string {
  const { Operation: operation, Alias: alias, Strategy: strategy } = node;
  const relation = node['Relation Name'] ?? node['CTE Name'] ?? node['Function Name'];
  const join = node['Join Type'];
  const type = node['Node Type'];
  const name =
    type === 'ModifyTable'
      ? (operation ?? type)
      : type === 'Aggregate'
        ? ({ Hashed: 'Hash Aggregate', Sorted: 'Group Aggregate' }[strategy ?? ''] ?? 'Aggregate')
        : join === undefined || join === 'Inner'
          ? type
          : `${type === 'Nested Loop' ? type : type.replace(/ Join$/, '')} ${join} Join`;
  const sub = node['Subplan Name'];
  return [
    ...(sub === undefined ? [] : [`${sub}:`]),
    name,
    ...(node['Index Name'] === undefined ? [] : [`using ${node['Index Name']}`]),
    ...(relation === undefined ? [] : [`on ${relation}`]),
    ...(alias === undefined || alias === relation ? [] : [alias]),
  ].join(' ');
}

function rowsOf(node: PlanNode): string[] {
  const cost = node['Total Cost'];
  const planned = node['Plan Rows'];
  const actual = node['Actual Rows'];
  const loops = node['Actual Loops'] ?? 1;
  const time = node['Actual Total Time'];
  const workers = node['Workers Planned'];
  const parallel = workers === undefined ? [] : [`${workers} workers`];
  if (actual === undefined) {
    return [
      ...(planned === undefined ? [] : [rows(planned)]),
      ...(cost === undefined ? [] : [`cost ${amount(cost)}`]),
      ...parallel,
    ];
  }
  if (loops === 0) return ['never run', ...parallel];
  const changes = node['Node Type'] === 'ModifyTable' && actual === 0; // it gives rows only where RETURNING asks for them
  return [
    ...(changes ? [] : [`${rows(actual * loops)} (${amount((planned ?? 0) * loops)} expected)`]),
    ...(time === undefined ? [] : [lasted(time * loops)]),
    ...(loops > 1 ? [`${amount(loops)} times`] : []),
    ...parallel,
  ];
}

function diskOf(node: PlanNode): string[] {
  const sorted = node['Sort Space Used'];
  const batches = node['Hash Batches'] ?? node['HashAgg Batches'] ?? 1;
  return [
    ...(sorted !== undefined && node['Sort Space Type'] === 'Disk' ? [`sorted on disk, ${amount(sorted)} kB`] : []),
    ...(batches > 1 ? [`${batches} batches`] : []),
    ...(node['Shared Read Blocks'] === undefined
      ? []
      : [`${amount(node['Shared Read Blocks'])} blocks read, ${amount(node['Shared Hit Blocks'] ?? 0)} in the cache`]),
  ];
}

function conditionsOf(node: PlanNode, mask: QueryMask): [name: string, text: string][] {
  return Object.entries(CONDITIONS).flatMap(([key, name]): [string, string][] => {
    const value = (node as unknown as Record<string, unknown>)[key]; // a node has many more keys than those of its type
    if (typeof value === 'string') return [[name, mask.expression(value)]];
    if (Array.isArray(value)) return [[name, value.map((each) => mask.expression(String(each))).join(', ')]];
    return [];
  });
}

function factsOf(node: PlanNode, conditions: readonly [string, string][]): Record<string, unknown> {
  return {
    node: node['Node Type'],
    relation: node['Relation Name'] ?? null,
    index: node['Index Name'] ?? null,
    cost: node['Total Cost'] ?? null,
    rows: node['Plan Rows'] ?? null,
    width: node['Plan Width'] ?? null,
    ...(node['Actual Rows'] !== undefined && {
      actualRows: node['Actual Rows'],
      loops: node['Actual Loops'] ?? null,
      milliseconds: node['Actual Total Time'] ?? null,
      blocksRead: node['Shared Read Blocks'] ?? null,
      blocksHit: node['Shared Hit Blocks'] ?? null,
    }),
    conditions: Object.fromEntries(conditions),
  };
}

const rows = (count: number): string => `${amount(count)} ${amount(count) === '1' ? 'row' : 'rows'}`;

/** `0.12ms`, `3.4s`: most steps take less than a millisecond. */
export function lasted(milliseconds: number): string {
  return milliseconds < 10 ? `${Number(milliseconds.toPrecision(2))}ms` : formatDuration(milliseconds / 1000);
}

/** `1,234,567`; what is less than ten with one digit behind the point. */
export function amount(count: number): string {
  return (count < 10 ? Math.round(count * 10) / 10 : Math.round(count)).toLocaleString('en');
}
