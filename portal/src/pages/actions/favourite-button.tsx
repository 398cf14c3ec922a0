import { Star } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { IconButton } from '../../ui/button.tsx';
import { useKeptActions } from './kept-actions.ts';

/** Keeps an action at hand, or no longer. */
export function FavouriteButton({
  id,
  title,
  tabIndex,
}: {
  readonly id: string;
  readonly title: string;
  readonly tabIndex?: 0 | -1;
}): ReactNode {
  const m = useMessages().actions;
  const { favourites, toggle } = useKeptActions();
  const isKept = favourites.includes(id);
  return (
    <IconButton
      size="sm"
      icon={Star}
      tabIndex={tabIndex}
      label={isKept ? m.unfavourite(title) : m.favourite(title)}
      aria-pressed={isKept}
      className={isKept ? 'text-warn! [&_svg]:fill-current' : 'text-faint!'}
      onClick={(event) => {
        event.stopPropagation();
        toggle(id);
      }}
    />
  );
}
