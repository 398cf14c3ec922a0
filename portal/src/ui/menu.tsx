import { Menu as Base } from '@base-ui/react/menu';
import type { LucideIcon } from 'lucide-react';
import type { ReactElement, ReactNode } from 'react';

export interface MenuEntry {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly onSelect: () => void;
  readonly tone?: 'bad';
  readonly checked?: boolean;
}

/** A list of things to do, or to choose from, behind a button. */
export function Menu({
  trigger,
  entries,
}: {
  readonly trigger: ReactElement;
  readonly entries: readonly (MenuEntry | 'line' | { readonly heading: string })[];
}): ReactNode {
  return (
    <Base.Root>
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner sideOffset={4} align="end" className="z-50 outline-none">
          <Base.Popup className="min-w-44 rounded-lg border border-line bg-raised p-1 text-sm shadow-pop outline-none">
            {entries.map((entry, index) => {
              // biome-ignore lint/suspicious/noArrayIndexKey: its place is all that a line is
              if (entry === 'line') return <Base.Separator key={`line-${index}`} className="my-1 h-px bg-line" />;
              if ('heading' in entry)
                return (
                  <div key={entry.heading} className="px-2 pt-1.5 pb-1 text-xs text-faint">
                    {entry.heading}
                  </div>
                );
              const { label, icon: Icon, onSelect, tone, checked } = entry;
              return (
                <Base.Item
                  key={label}
                  onClick={onSelect}
                  className={`flex cursor-pointer items-center gap-2 rounded-md px-2 py-1.5 outline-none data-highlighted:bg-hover ${tone === 'bad' ? 'text-bad' : ''}`}
                >
                  {Icon && <Icon size={14} aria-hidden className={tone === 'bad' ? '' : 'text-faint'} />}
                  <span className="flex-1">{label}</span>
                  {checked === true && <span aria-hidden>✓</span>}
                  {checked === true && <span className="sr-only">(✓)</span>}
                </Base.Item>
              );
            })}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  );
}
