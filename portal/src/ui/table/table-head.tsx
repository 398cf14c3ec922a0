import clsx from 'clsx';
import { ArrowDown, ArrowUp, ChevronsUpDown } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { ACTIONS_WIDTH, type Column, hiddenBelow, type Sort, widthOf } from './column.ts';

interface TableHeadProps<Row> {
  readonly columns: readonly Column<Row>[];
  readonly sort: Sort | undefined;
  readonly onSort: (key: string) => void;
  readonly actionsWidth: number | undefined;
}

/** The names of the columns; those of sortable ones are buttons. It stays in sight. */
export function TableHead<Row>({ columns, sort, onSort, actionsWidth }: TableHeadProps<Row>): ReactNode {
  const m = useMessages();
  return (
    <thead>
      <tr aria-rowindex={1}>
        {columns.map((column, index) => {
          const sorted = sort?.key === column.key ? (sort.descending ? 'descending' : 'ascending') : undefined;
          return (
            <th
              key={column.key}
              scope="col"
              aria-sort={sorted ?? (column.sort && 'none')}
              style={{ width: widthOf(column) }}
              className={clsx(
                'sticky top-0 z-10 h-8 border-b border-line bg-panel px-2 text-left text-xs font-medium whitespace-nowrap text-faint first:pl-4 last:pr-4',
                column.numeric && 'text-right',
                hiddenBelow(column.priority, index),
              )}
            >
              {column.sort === undefined ? (
                <span className="block truncate">{column.title}</span>
              ) : (
                <button
                  type="button"
                  onClick={() => onSort(column.key)}
                  className={clsx(
                    'group/sort -mx-1 inline-flex h-6 max-w-full items-center gap-0.5 rounded px-1 hover:bg-hover hover:text-ink focus-visible:outline-offset-0',
                    column.numeric && 'flex-row-reverse',
                    sorted && 'text-ink',
                  )}
                >
                  <span className="truncate">{column.title}</span>
                  <SortIcon sorted={sorted} />
                </button>
              )}
            </th>
          );
        })}
        {actionsWidth !== undefined && (
          <th
            scope="col"
            style={{ width: actionsWidth || ACTIONS_WIDTH }}
            className="sticky top-0 right-0 z-20 border-b border-line bg-panel"
          >
            <span className="sr-only">{m.ui.actions}</span>
          </th>
        )}
      </tr>
    </thead>
  );
}

function SortIcon({ sorted }: { readonly sorted: 'ascending' | 'descending' | undefined }): ReactNode {
  if (sorted === 'descending') return <ArrowDown size={12} aria-hidden className="shrink-0" />;
  if (sorted === 'ascending') return <ArrowUp size={12} aria-hidden className="shrink-0" />;
  return (
    <ChevronsUpDown
      size={12}
      aria-hidden
      className="shrink-0 opacity-0 group-hover/sort:opacity-100 group-focus-visible/sort:opacity-100"
    />
  );
}
