import { type KeyboardEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react';
import { type KeyBinding, useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';

interface RowFocus {
  /** The row that Tab leads to, and the arrows move from. */
  readonly activeId: string | undefined;
  readonly onKeyDown: (event: KeyboardEvent) => void;
  readonly onFocusRow: (id: string) => void;
}

interface RowFocusOptions {
  readonly ids: readonly string[];
  readonly container: RefObject<HTMLElement | null>;
  /** Brings a row into sight: it may not be in the document yet. */
  readonly show: (index: number) => void;
  readonly enabled: boolean;
}

/** One row of a table can be reached by Tab; j and k, the arrows, Home, End and the page keys lead on from it. */
export function useRowFocus({ ids, container, show, enabled }: RowFocusOptions): RowFocus {
  const m = useMessages();
  const [chosen, setChosen] = useState<string>();
  // A row that is gone leaves its place to the first one.
  const activeId = chosen !== undefined && ids.includes(chosen) ? chosen : ids[0];
  const wanted = useRef<string>(undefined);
  // The row may come into the document only after the table has scrolled to it.
  useEffect(() => {
    if (wanted.current === undefined) return;
    const target = targetOf(container.current, wanted.current);
    if (target === null) return;
    wanted.current = undefined;
    target.focus({ preventScroll: true });
  });
  const goTo = useCallback(
    (index: number) => {
      const id = ids[Math.max(0, Math.min(ids.length - 1, index))];
      if (id === undefined) return;
      show(ids.indexOf(id));
      setChosen(id);
      const target = targetOf(container.current, id);
      if (target === null) wanted.current = id;
      else target.focus({ preventScroll: true });
    },
    [ids, container, show],
  );
  const move = useCallback(
    (key: string): boolean => {
      const at = activeId === undefined ? -1 : ids.indexOf(activeId);
      const isInside = container.current?.contains(document.activeElement) === true;
      const page = Math.max(1, Math.floor((container.current?.clientHeight ?? 400) / 36) - 2);
      const steps: Readonly<Record<string, number>> = {
        j: isInside ? at + 1 : at,
        ArrowDown: at + 1,
        k: isInside ? at - 1 : at,
        ArrowUp: at - 1,
        Home: 0,
        End: ids.length - 1,
        PageDown: at + page,
        PageUp: at - page,
      };
      const to = steps[key];
      if (to === undefined || ids.length === 0) return false;
      goTo(to);
      return true;
    },
    [activeId, ids, container, goTo],
  );
  // Inside of the table onKeyDown has them; from anywhere else they lead into it.
  const step = (label: string, key: string): KeyBinding => ({
    label,
    repeats: true,
    enabled: enabled && ids.length > 0,
    run: () => void move(key),
  });
  useKeys({ j: step(m.ui.nextRow, 'j'), k: step(m.ui.previousRow, 'k') });
  return {
    activeId,
    onFocusRow: setChosen,
    onKeyDown: (event) => {
      if (!enabled || hasModifier(event) || isTyping(event.target) || event.defaultPrevented) return;
      if (move(event.key)) event.preventDefault();
    },
  };
}

const hasModifier = (event: { ctrlKey: boolean; metaKey: boolean; altKey: boolean }): boolean =>
  event.ctrlKey || event.metaKey || event.altKey;

/** The keys belong to what they are typed into, and to a menu that is open. */
const isTyping = (target: EventTarget): boolean =>
  target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable], [role="menu"]') !== null;

/** What takes the focus of a row: its link, or its button. */
const targetOf = (container: HTMLElement | null, id: string): HTMLElement | null =>
  container?.querySelector<HTMLElement>(`tr[data-row="${CSS.escape(id)}"] [data-row-target]`) ?? null;
