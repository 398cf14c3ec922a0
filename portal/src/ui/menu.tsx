import { cloneElement, lazy, type ReactElement, type ReactNode, Suspense, useState } from 'react';
import type { Entry } from './menu-entry.ts';

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
