import {
  type ColumnDef,
  constructSortFn,
  createSortedRowModel,
  type RowData,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from '@tanstack/react-table';
import { defaultRangeExtractor, type Range, useVirtualizer } from '@tanstack/react-virtual';
import clsx from 'clsx';
import { type ReactNode, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { Button } from './button.tsx';
import { Skeleton } from './states.tsx';
import { CellTooltip } from './table/cell-tooltip.tsx';
import { ACTIONS_WIDTH, type Column, compare, leastWidths, type Sort, type SortValue } from './table/column.ts';
import { TableHead } from './table/table-head.tsx';
import { type RowWay, TableRow } from './table/table-row.tsx';
import { useRowFocus } from './table/use-row-focus.ts';

export type { Column, Sort } from './table/column.ts';

const ROW_HEIGHT = 36;
/** From so many rows on, only those are in the document that can be seen. */
const VIRTUAL_FROM = 100;

const features = tableFeatures({ rowSortingFeature, sortedRowModel: createSortedRowModel() });
const byValue = constructSortFn({ sort: (a: SortValue, b: SortValue) => compare(a, b) });

/** Further pages of a list, as `usePages` of api/pages.ts gives them. */
export interface MorePages {
  readonly hasMore: boolean;
  readonly isLoading: boolean;
  readonly load: () => void;
  /** Why the next page did not come. */
  readonly error?: ReactNode;
}

interface DataTableProps<Row extends RowData> extends RowWay<Row> {
  /** What the table is about; read out, not shown. */
  readonly caption: string;
  /** Keep them the same from one drawing to the next (`useMemo`): rows that have not changed are not drawn again. */
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowId: (row: Row) => string;
  /** Shown in place of rows when there is none: an EmptyState. */
  readonly empty: ReactNode;
  readonly isLoading?: boolean;
  /** How it is sorted at first; with `onSort`, how it is sorted: what stands in an address. */
  readonly sort?: Sort | undefined;
  readonly onSort?: (sort: Sort | undefined) => void;
  /** The last cell: buttons of the row. Give them `focus`, so that Tab finds those of the row that has been reached. */
  readonly actions?: (row: Row, focus: { readonly tabIndex: 0 | -1 }) => ReactNode;
  /** In px; 44, room for one button, by default. */
  readonly actionsWidth?: number;
  /** Classes of a row that stands out. */
  readonly tone?: (row: Row) => string | undefined;
  readonly more?: MorePages;
  /** Classes that say how high it may be before it scrolls. By default it leaves room for the head of a page. */
  readonly className?: string;
}

/**
 * Rows of the same kind: sorted, walked through by j, k and the arrows, opened by Enter or a click anywhere on the row. As
 * fast with ten thousand rows as with ten. What is given as `columns`, `rowId`, `link`, `onOpen`, `actions` and `tone` should
 * stay the same function from one drawing to the next; then only rows that changed are drawn again.
 */
export function DataTable<Row extends RowData>(props: DataTableProps<Row>): ReactNode {
  const { caption, columns, rows, rowId, empty, isLoading = false, actions, actionsWidth, tone, more, link, onOpen } = props;
  const container = useRef<HTMLElement>(null);
  const [sort, changeSort] = useSort(props);
  const definitions = useMemo(() => columns.map(definitionOf), [columns]);
  const sorting = useMemo(() => (sort ? [{ id: sort.key, desc: sort.descending }] : []), [sort]);
  const table = useTable({ features, columns: definitions, data: rows, getRowId: rowId, state: { sorting } });
  const sorted = table.getRowModel().rows;
  const ids = useMemo(() => sorted.map(({ id }) => id), [sorted]);

  const isVirtual = sorted.length >= VIRTUAL_FROM;
  const keep = useRef(-1);
  const virtualizer = useVirtualizer({
    enabled: isVirtual,
    count: sorted.length,
    getScrollElement: () => container.current,
    estimateSize: () => ROW_HEIGHT,
    getItemKey: (index) => ids[index] ?? index,
    overscan: 12,
    scrollPaddingStart: ROW_HEIGHT,
    rangeExtractor: useCallback((range: Range) => withKept(range, keep.current), []),
  });
  const show = useCallback(
    (index: number) => {
      if (isVirtual) virtualizer.scrollToIndex(index, { align: 'auto' });
      else container.current?.querySelectorAll('tbody tr')[index]?.scrollIntoView({ block: 'nearest' });
    },
    [isVirtual, virtualizer],
  );
  const focus = useRowFocus({ ids, container, show, enabled: link !== undefined || onOpen !== undefined });
  // The row that has the focus stays in the document, however far one scrolls.
  keep.current = focus.activeId === undefined ? -1 : ids.indexOf(focus.activeId);

  useLoadMore(more, isVirtual ? (virtualizer.range?.endIndex ?? 0) >= sorted.length - 30 : false);

  const drawn = isVirtual ? virtualizer.getVirtualItems().map(({ index }) => index) : sorted.keys();
  const columnCount = columns.length + (actions === undefined ? 0 : 1);
  return (
    // A section that can be scrolled has to be reached by those without a mouse, when nothing inside of it can.
    <section
      ref={container}
      aria-label={caption}
      tabIndex={link === undefined && onOpen === undefined && sorted.length > 0 ? 0 : undefined}
      onKeyDown={focus.onKeyDown}
      className={clsx(
        '@container relative overflow-auto overscroll-x-contain [overflow-anchor:none] focus-visible:-outline-offset-2',
        props.className ?? 'max-h-[max(20rem,calc(100dvh-13rem))]',
      )}
    >
      <table
        aria-rowcount={more?.hasMore === true ? -1 : sorted.length + 1}
        style={leastWidths(columns, actions === undefined ? 0 : (actionsWidth ?? ACTIONS_WIDTH))}
        className="w-full min-w-(--least-1) table-fixed border-separate border-spacing-0 text-sm @xl:min-w-(--least-2) @5xl:min-w-(--least-3)"
      >
        <caption className="sr-only">{caption}</caption>
        <TableHead
          columns={columns}
          sort={sort}
          onSort={changeSort}
          actionsWidth={actions === undefined ? undefined : (actionsWidth ?? ACTIONS_WIDTH)}
        />
        <tbody>
          {spaced(drawn, sorted.length).map((piece) =>
            typeof piece !== 'number' ? (
              <tr key={piece.key} aria-hidden>
                <td colSpan={columnCount} style={{ height: piece.rows * ROW_HEIGHT, padding: 0 }} />
              </tr>
            ) : (
              rowAt(piece)
            ),
          )}
        </tbody>
      </table>
      {sorted.length === 0 && (isLoading ? <Skeleton /> : empty)}
      {more !== undefined && sorted.length > 0 && <MoreRows more={more} />}
      <CellTooltip container={container} />
    </section>
  );

  function rowAt(index: number): ReactNode {
    const row = sorted[index];
    if (row === undefined) return null;
    const isActive = row.id === focus.activeId;
    return (
      <TableRow
        key={row.id}
        id={row.id}
        row={row.original}
        columns={columns}
        index={index}
        isActive={isActive}
        tone={tone?.(row.original)}
        actions={actions}
        onFocusRow={focus.onFocusRow}
        link={link}
        onOpen={onOpen}
      />
    );
  }
}

function definitionOf<Row extends RowData>({ key, title, sort }: Column<Row>): ColumnDef<typeof features, Row> {
  if (sort === undefined) return { id: key, header: title, enableSorting: false };
  return {
    id: key,
    header: title,
    accessorFn: (row) => sort(row) ?? undefined,
    sortFn: byValue,
    sortUndefined: 'last',
  };
}

/** How it is sorted: here, or by whoever has it in an address. A click goes on: one way, the other way, as it came. */
function useSort<Row extends RowData>({ sort, onSort, columns }: DataTableProps<Row>): [Sort | undefined, (key: string) => void] {
  const [own, setOwn] = useState(sort);
  const current = onSort === undefined ? own : sort;
  const change = (key: string): void => {
    const first = columns.find((column) => column.key === key)?.descending ?? false;
    const next =
      current?.key !== key ? { key, descending: first } : current.descending === first ? { key, descending: !first } : undefined;
    (onSort ?? setOwn)(next);
  };
  return [current, change];
}

function useLoadMore(more: MorePages | undefined, isNearEnd: boolean): void {
  const canLoad = more?.hasMore === true && !more.isLoading && more.error === undefined;
  useEffect(() => {
    if (isNearEnd && canLoad) more.load();
  }, [isNearEnd, canLoad, more]);
}

function MoreRows({ more }: { readonly more: MorePages }): ReactNode {
  const m = useMessages();
  if (more.error !== undefined) return <div className="p-3">{more.error}</div>;
  if (!more.hasMore) return null;
  return (
    <div className="flex justify-center p-2">
      <Button size="sm" look="quiet" busy={more.isLoading} onClick={more.load}>
        {m.ui.more}
      </Button>
    </div>
  );
}

/** The rows that can be seen, and the one that must not go. */
function withKept(range: Range, kept: number): number[] {
  const shown = defaultRangeExtractor(range);
  if (kept < 0 || kept >= range.count || shown.includes(kept)) return shown;
  return [...shown, kept].sort((a, b) => a - b);
}

/** Indexes of rows in order, and between them room for those that are left out. */
function spaced(indexes: Iterable<number>, count: number): (number | { readonly key: string; readonly rows: number })[] {
  const pieces: (number | { key: string; rows: number })[] = [];
  let next = 0;
  for (const index of indexes) {
    if (index > next) pieces.push({ key: `before-${index}`, rows: index - next });
    pieces.push(index);
    next = index + 1;
  }
  if (next < count) pieces.push({ key: 'after', rows: count - next });
  return pieces;
}
