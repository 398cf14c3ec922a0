import type { ReactNode } from 'react';

/** What a column is sorted by. What is not there comes last, whichever way it is sorted. */
export type SortValue = string | number | boolean | null | undefined;

export interface Column<Row> {
  /** Stands for the column in `sort`, and in an address. */
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Makes the column sortable. Leave it out where the rows are pages of a longer list: the gateway orders those. */
  readonly sort?: (row: Row) => SortValue;
  /** The first click shows the greatest first. */
  readonly descending?: boolean;
  /** Numbers: to the right, digits below digits. */
  readonly numeric?: boolean;
  /** Width in px; that of a column which grows is its least. Default 120. */
  readonly width?: number;
  /** Takes a share of the room that is left. Without any such column all grow alike. */
  readonly grow?: boolean;
  /**
   * By the width of the table itself. 1: at every width; 2 (the default): from 576 px on; 3: wide, from 1024 px on, which a
   * window of 1024 px does not leave it. The first column is always shown.
   */
  readonly priority?: 1 | 2 | 3;
}

export interface Sort {
  readonly key: string;
  readonly descending: boolean;
}

const WIDTH = 120;
export const ACTIONS_WIDTH = 44;

/** Hides a cell where there is no room for its column. */
export const hiddenBelow = (priority: 1 | 2 | 3 | undefined, index: number): string =>
  index === 0 || priority === 1 ? '' : priority === 3 ? '@max-5xl:hidden' : '@max-xl:hidden';

/** What a column takes of the width of the table: `auto` shares what is left. */
export const widthOf = <Row>({ width = WIDTH, grow = false }: Column<Row>): number | 'auto' => (grow ? 'auto' : width);

/** The least width of the table on a phone, a tablet and a desktop: below it, it scrolls sideways. */
export function leastWidths<Row>(columns: readonly Column<Row>[], actionsWidth: number): Readonly<Record<string, string>> {
  const sum = (least: 1 | 2 | 3): string => {
    const shown = columns.filter(({ priority = 2 }, index) => index === 0 || priority <= least);
    return `${shown.reduce((total, { width = WIDTH }) => total + width, actionsWidth)}px`;
  };
  return { '--least-1': sum(1), '--least-2': sum(2), '--least-3': sum(3) };
}

const collator = new Intl.Collator(undefined, { numeric: true });

/** Two values of a column in ascending order. */
export function compare(a: SortValue, b: SortValue): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return collator.compare(String(a), String(b));
}
