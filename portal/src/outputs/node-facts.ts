import type { TreeNode } from '@guichet/contract';

/** Facts behind a label, as providers give them: any JSON, so each is looked at before it is used. */
export function numberAt(data: TreeNode['data'], key: string): number | undefined {
  const value = data?.[key];
  return typeof value === 'number' ? value : undefined;
}

export function textAt(data: TreeNode['data'], key: string): string | undefined {
  const value = data?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function recordAt(data: TreeNode['data'], key: string): Record<string, unknown> | undefined {
  const value = data?.[key];
  // An object is a record of what nobody knows.
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
}

/** A step of a plan of PostgreSQL, by what its facts are called. */
export const isPlanNode = ({ data }: TreeNode): boolean =>
  textAt(data, 'node') !== undefined && (numberAt(data, 'cost') !== undefined || numberAt(data, 'actualRows') !== undefined);

/** A session that holds others up, or waits. */
export const isBlockingNode = ({ data }: TreeNode): boolean =>
  numberAt(data, 'behind') !== undefined && numberAt(data, 'frees') !== undefined;
