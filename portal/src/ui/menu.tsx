import type { LucideIcon } from 'lucide-react';
import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from 'react';

export interface MenuEntry {
  readonly label: string;
  readonly icon?: LucideIcon;
  readonly onSelect: () => void;
  readonly tone?: 'bad';
  /** Of what is on or off. */
  readonly checked?: boolean;
}

/** One of several, under a heading. */
export interface MenuChoice {
  readonly choose: string;
  readonly from: readonly { readonly value: string; readonly label: string }[];
  readonly chosen: string;
  readonly onChoose: (value: string) => void;
}

export type Entry = MenuEntry | MenuChoice | 'line' | { readonly heading: string };

const load = () => import('./menu-popup.tsx');
const MenuPopup = lazy(async () => ({ default: (await load()).MenuPopup }));

interface TriggerProps {
  onClick?: () => void;
  onFocus?: () => void;
  onPointerEnter?: () => void;
  'aria-haspopup'?: 'menu';
  'aria-expanded'?: boolean;
}

/**
 * A list of things to do, or to choose from, behind a button. Most pages are left without a look into any menu: it is
 * fetched when the button is pointed at or focused, and takes the place of the button when that is pressed.
 */
export function Menu({
  trigger,
  entries,
}: {
  readonly trigger: ReactElement<TriggerProps>;
  readonly entries: readonly Entry[];
}): ReactNode {
  const [isWanted, setWanted] = useState(false);
  const fetchIt = (): void => void load().catch(() => {}); // pressing the button says what is wrong
  const button = cloneElement(trigger, {
    onClick: () => setWanted(true),
    onFocus: fetchIt,
    onPointerEnter: fetchIt,
    'aria-haspopup': 'menu',
    'aria-expanded': false,
  });
  if (!isWanted) return button;
  return (
    <Suspense fallback={button}>
      <MenuPopup trigger={trigger} entries={entries} />
    </Suspense>
  );
}
