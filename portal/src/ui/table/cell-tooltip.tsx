import { Tooltip } from '@base-ui/react/tooltip';
import { type ReactNode, type RefObject, useEffect, useState } from 'react';

/** The whole text of a cell that is cut off, when it is pointed at, or its row has the focus. One for the whole table. */
export function CellTooltip({ container }: { readonly container: RefObject<HTMLElement | null> }): ReactNode {
  const [shown, setShown] = useState<{ cell: Element; text: string }>();
  useEffect(() => {
    const table = container.current;
    if (table === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const show = (cell: Element | null, after: number): void => {
      clearTimeout(timer);
      timer = setTimeout(() => setShown(cell === null ? undefined : cutOff(cell)), after);
    };
    const onOver = (event: Event): void => show(cellOf(event.target), 400);
    const onFocus = (event: Event): void => {
      const cell = cellOf(event.target);
      // A click gives focus too; whoever clicks goes somewhere, and does not read.
      const isByKey = event.target instanceof Element && event.target.matches(':focus-visible');
      show(isByKey ? firstCutOff(cell) : null, 400);
    };
    const onLeave = (): void => show(null, 100);
    table.addEventListener('pointerover', onOver);
    table.addEventListener('pointerleave', onLeave);
    table.addEventListener('focusin', onFocus);
    table.addEventListener('focusout', onLeave);
    table.addEventListener('scroll', onLeave, { passive: true });
    return () => {
      clearTimeout(timer);
      table.removeEventListener('pointerover', onOver);
      table.removeEventListener('pointerleave', onLeave);
      table.removeEventListener('focusin', onFocus);
      table.removeEventListener('focusout', onLeave);
      table.removeEventListener('scroll', onLeave);
    };
  }, [container]);
  return (
    <Tooltip.Root open={shown !== undefined} onOpenChange={(isOpen) => !isOpen && setShown(undefined)}>
      <Tooltip.Portal>
        <Tooltip.Positioner anchor={shown?.cell ?? null} align="start" sideOffset={2} className="z-50">
          <Tooltip.Popup className="max-h-60 max-w-[min(40rem,90vw)] overflow-y-auto rounded-md border border-line bg-raised px-2 py-1 text-xs break-words whitespace-pre-wrap text-ink shadow-pop">
            {shown?.text}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}

const cellOf = (target: EventTarget | null): Element | null =>
  target instanceof Element ? target.closest('tbody td[data-cell], tbody th[data-cell]') : null;

/** The text of the cell, when a part of it cannot be seen. */
function cutOff(cell: Element): { cell: Element; text: string } | undefined {
  if (!cell.isConnected || cell.textContent === '') return undefined;
  const isCut = [cell, ...cell.querySelectorAll('*')].some((part) => part.scrollWidth > part.clientWidth + 1 && !isInline(part));
  return isCut ? { cell, text: cell.textContent ?? '' } : undefined;
}

/** Of a row that has the focus: the cell whose text cannot be read in full. */
function firstCutOff(cell: Element | null): Element | null {
  const cells = [...(cell?.parentElement?.querySelectorAll('[data-cell]') ?? [])];
  return cells.find((own) => cutOff(own) !== undefined) ?? null;
}

const isInline = (element: Element): boolean => element.clientWidth === 0;
