import { Dialog as Base } from '@base-ui/react/dialog';
import { useRouter } from '@tanstack/react-router';
import clsx from 'clsx';
import {
  Boxes,
  CornerDownLeft,
  FileText,
  Globe,
  Inbox,
  type LucideIcon,
  Search,
  SquareTerminal,
  User,
  Users,
  Zap,
} from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useDeferredValue, useEffect, useId, useMemo, useRef, useState } from 'react';
import { useMe } from '../api/me.ts';
import { useMessages } from '../messages/index.tsx';
import { Keys } from '../ui/keys.tsx';
import { usePaletteEntries } from './palette-entries.ts';
import { recentOf, remember } from './palette-recent.ts';
import { type Entry, type EntryKind, keyOf, PaletteSearch } from './palette-search.ts';

const ICONS: Readonly<Record<EntryKind, LucideIcon>> = {
  command: Zap,
  page: FileText,
  action: SquareTerminal,
  request: Inbox,
  service: Boxes,
  team: Users,
  person: User,
  environment: Globe,
};

/** Everything that can be reached or done, by a few letters: a combobox over one list, in a dialog. */
export function Palette({ onClose }: { readonly onClose: () => void }): ReactNode {
  const m = useMessages().palette;
  const input = useRef<HTMLInputElement>(null);
  return (
    <Base.Root open onOpenChange={(isOpen) => !isOpen && onClose()}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/35 dark:bg-black/60" />
        <Base.Popup
          initialFocus={input}
          className="fixed top-[10vh] left-1/2 z-40 flex max-h-[70vh] w-[calc(100vw-1.5rem)] max-w-2xl -translate-x-1/2 flex-col overflow-hidden rounded-xl border border-line bg-raised shadow-pop outline-none"
        >
          <Base.Title className="sr-only">{m.label}</Base.Title>
          <PaletteList input={input} onClose={onClose} />
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}

function PaletteList({
  input,
  onClose,
}: {
  readonly input: React.RefObject<HTMLInputElement | null>;
  readonly onClose: () => void;
}): ReactNode {
  const m = useMessages().palette;
  const router = useRouter();
  const { principal } = useMe();
  const { entries, isLoading } = usePaletteEntries();
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const listId = useId();
  const searched = useDeferredValue(typed);
  const recent = useMemo(() => recentOf(principal.id), [principal.id]);
  const search = useMemo(() => new PaletteSearch(entries), [entries]);
  const groups = useMemo(() => search.find(searched, recent), [search, searched, recent]);
  const flat = useMemo(() => entriesOf(groups), [groups]);
  const at = Math.min(active, flat.length - 1);
  const optionId = (index: number): string => `${listId}-${index}`;

  useEffect(() => {
    document.getElementById(`${listId}-${at}`)?.scrollIntoView({ block: 'nearest' });
  }, [listId, at]);

  /** Of whoever types fast, Enter may come before the list: it means what was typed, not what is still shown of before. */
  const meant = (): Entry | undefined => (searched === typed ? flat : entriesOf(search.find(typed, recent)))[Math.max(0, at)];

  function choose(entry: Entry | undefined, isBeside = false): void {
    if (entry === undefined) return;
    remember(principal.id, keyOf(entry));
    if (entry.path !== undefined && isBeside) {
      window.open(entry.path, '_blank', 'noopener');
      return;
    }
    onClose();
    if (entry.path !== undefined) void router.navigate({ to: entry.path });
    else entry.run?.();
  }

  function onKeyDown(event: KeyboardEvent): void {
    const last = flat.length - 1;
    const moves: Readonly<Record<string, number>> = {
      ArrowDown: at >= last ? 0 : at + 1,
      ArrowUp: at <= 0 ? last : at - 1,
      PageDown: Math.min(last, at + 8),
      PageUp: Math.max(0, at - 8),
    };
    const to = moves[event.key];
    if (event.nativeEvent.isComposing) return;
    if (to !== undefined) setActive(to);
    else if (event.key === 'Enter') choose(meant(), event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  }

  let index = -1;
  return (
    <>
      <div className="flex items-center gap-2 border-b border-line px-3">
        <Search size={16} aria-hidden className="shrink-0 text-faint" />
        <input
          ref={input}
          role="combobox"
          aria-label={m.label}
          aria-expanded={flat.length > 0}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={flat.length > 0 ? optionId(at) : undefined}
          autoComplete="off"
          spellCheck={false}
          placeholder={m.placeholder}
          value={typed}
          onChange={({ currentTarget }) => {
            setTyped(currentTarget.value);
            setActive(0);
          }}
          onKeyDown={onKeyDown}
          className="h-12 min-w-0 flex-1 bg-transparent text-base outline-none"
        />
      </div>
      <div id={listId} role="listbox" aria-label={m.results} className="min-h-0 flex-1 overflow-y-auto overscroll-contain p-1.5">
        {groups.map(({ kind, entries: own }) => (
          // biome-ignore lint/a11y/useSemanticElements: a fieldset is of a form; this is a part of a list
          <div key={kind} role="group" aria-labelledby={`${listId}-${kind}`}>
            <div id={`${listId}-${kind}`} role="presentation" className="px-2 pt-2 pb-1 text-xs text-faint">
              {m.kinds[kind]}
            </div>
            {own.map((entry) => {
              index += 1;
              const own = index;
              return (
                <Option
                  key={keyOf(entry)}
                  id={optionId(own)}
                  entry={entry}
                  isActive={own === at}
                  onPoint={() => setActive(own)}
                  onChoose={(isBeside) => choose(entry, isBeside)}
                />
              );
            })}
          </div>
        ))}
      </div>
      {flat.length === 0 && <p className="px-4 pb-6 text-center text-sm text-soft">{isLoading ? m.loading : m.nothing}</p>}
      <p role="status" className="sr-only">
        {m.count(flat.length)}
      </p>
      <p className="flex flex-wrap gap-x-4 border-t border-line px-3 py-1.5 text-xs text-faint max-md:hidden">
        <span>{m.prefixes.action}</span>
        <span>{m.prefixes.request}</span>
        <span>{m.prefixes.person}</span>
        <span className="ml-auto inline-flex items-center gap-1">
          <Keys keys="mod+Enter" /> {m.beside}
        </span>
      </p>
    </>
  );
}

const entriesOf = (groups: ReturnType<PaletteSearch['find']>): readonly Entry[] => groups.flatMap(({ entries }) => entries);

function Option({
  id,
  entry,
  isActive,
  onPoint,
  onChoose,
}: {
  readonly id: string;
  readonly entry: Entry;
  readonly isActive: boolean;
  readonly onPoint: () => void;
  readonly onChoose: (isBeside: boolean) => void;
}): ReactNode {
  const Icon = ICONS[entry.kind];
  return (
    // The keyboard is the combobox's: its active descendant is this.
    // biome-ignore lint/a11y/useKeyWithClickEvents: see above
    // biome-ignore lint/a11y/useFocusableInteractive: see above
    <div
      id={id}
      role="option"
      aria-selected={isActive}
      onPointerMove={onPoint}
      onMouseDown={(event) => event.preventDefault()} // the focus stays where one types
      onClick={(event) => onChoose(event.ctrlKey || event.metaKey)}
      className={clsx(
        'flex h-9 cursor-pointer items-center gap-2.5 rounded-md px-2 text-sm max-md:h-11',
        isActive && 'bg-selected',
      )}
    >
      <Icon size={15} aria-hidden className="shrink-0 text-faint" />
      <span className="min-w-0 truncate">{entry.label}</span>
      {entry.about !== undefined && entry.about !== '' && (
        <span className="min-w-0 shrink-[2] truncate text-xs text-faint max-md:max-w-1/3">{entry.about}</span>
      )}
      <span className="ml-auto shrink-0">
        {entry.keys !== undefined ? (
          <Keys keys={entry.keys} className="text-faint max-md:hidden" />
        ) : (
          isActive && <CornerDownLeft size={13} aria-hidden className="text-faint" />
        )}
      </span>
    </div>
  );
}
