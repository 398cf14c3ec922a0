import { Link, type LinkProps } from '@tanstack/react-router';
import clsx from 'clsx';
import { type MouseEvent, memo, type ReactNode } from 'react';
import { type Column, hiddenBelow } from './column.ts';

/** What a row leads to; at most one of the two. */
export interface RowWay<Row> {
  readonly link?: ((row: Row) => LinkProps) | undefined;
  readonly onOpen?: ((row: Row) => void) | undefined;
}

interface TableRowProps<Row> extends RowWay<Row> {
  readonly id: string;
  readonly row: Row;
  readonly columns: readonly Column<Row>[];
  /** In the whole table, from 0 on, without its head. */
  readonly index: number;
  readonly isActive: boolean;
  readonly tone: string | undefined;
  readonly actions: ((row: Row, focus: { readonly tabIndex: 0 | -1 }) => ReactNode) | undefined;
  readonly onFocusRow: (id: string) => void;
}

function TableRowOf<Row>(props: TableRowProps<Row>): ReactNode {
  const { id, row, columns, index, isActive, tone, actions, onFocusRow, link, onOpen } = props;
  const tabIndex = isActive ? 0 : -1;
  const leads = link !== undefined || onOpen !== undefined;
  return (
    <tr
      data-row={id}
      aria-rowindex={index + 2}
      onFocus={() => onFocusRow(id)}
      {...(leads && { onClick: follow, onAuxClick: follow })}
      className={clsx(
        'group/row h-9 outline-accent has-[[data-row-target]:focus-visible]:bg-selected has-[[data-row-target]:focus-visible]:outline-2 has-[[data-row-target]:focus-visible]:-outline-offset-2 has-[[data-popup-open]]:bg-selected',
        leads && 'cursor-pointer hover:bg-hover',
        tone,
      )}
    >
      {columns.map((column, at) => (
        <td
          key={column.key}
          data-cell
          className={clsx(
            'h-9 truncate border-b border-line px-2 first:pl-4 last:pr-4',
            column.numeric && 'text-right tabular-nums',
            hiddenBelow(column.priority, at),
          )}
        >
          {at === 0 && leads ? (
            <Target row={row} tabIndex={tabIndex} link={link} onOpen={onOpen}>
              {column.cell(row)}
            </Target>
          ) : (
            column.cell(row)
          )}
        </td>
      ))}
      {actions !== undefined && (
        <td className="sticky right-0 h-9 border-b border-line bg-panel px-1 text-right whitespace-nowrap group-hover/row:bg-hover group-has-[[data-row-target]:focus-visible]/row:bg-selected last:pr-2">
          {actions(row, { tabIndex })}
        </td>
      )}
    </tr>
  );
}

// memo forgets that the function is generic.
export const TableRow = memo(TableRowOf) as typeof TableRowOf;

const targetClass =
  'block max-w-full truncate text-left text-ink outline-none group-hover/row:underline focus-visible:underline decoration-line-strong underline-offset-3';

/** What the keyboard and a screen reader open the row by: the first cell. */
function Target<Row>({
  row,
  tabIndex,
  link,
  onOpen,
  children,
}: RowWay<Row> & { readonly row: Row; readonly tabIndex: 0 | -1; readonly children: ReactNode }): ReactNode {
  if (link !== undefined)
    return (
      <Link {...link(row)} data-row-target tabIndex={tabIndex} className={targetClass}>
        {children}
      </Link>
    );
  return (
    <button type="button" data-row-target tabIndex={tabIndex} onClick={() => onOpen?.(row)} className={targetClass}>
      {children}
    </button>
  );
}

/** A click anywhere on the row is one on what its first cell leads to; a middle click opens it beside. */
function follow(event: MouseEvent<HTMLTableRowElement>): void {
  const { target, currentTarget, button } = event;
  // From a menu that lies over the page, or on something that has an answer of its own.
  if (!(target instanceof Element) || !currentTarget.contains(target)) return;
  if (target.closest('a, button, input, label, [role="menuitem"]') !== null || event.defaultPrevented) return;
  if (button > 1 || String(getSelection()) !== '') return;
  const way = currentTarget.querySelector<HTMLElement>('[data-row-target]');
  const isBeside = button === 1 || event.ctrlKey || event.metaKey || event.shiftKey;
  if (!isBeside) way?.click();
  else if (way instanceof HTMLAnchorElement) window.open(way.href, '_blank', 'noopener');
}
