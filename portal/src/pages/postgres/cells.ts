import type { TableOutput } from '@guichet/contract';

type Row = TableOutput['rows'][number];

/** A text of a row; undefined where there is none. */
export function textOf(row: Row, key: string): string | undefined {
  const value = row[key];
  return value === null || value === undefined || value === '' ? undefined : String(value);
}

export function numberOf(row: Row, key: string): number | undefined {
  const value = row[key];
  return typeof value === 'number' ? value : undefined;
}
