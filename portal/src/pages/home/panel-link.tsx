import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';

/** In the head of a panel: the page that has all of what the panel shows the beginning of. */
export function PanelLink({ link, children }: { readonly link: LinkProps; readonly children: ReactNode }): ReactNode {
  return (
    <Link {...link} className="inline-flex min-h-6 items-center text-xs text-accent hover:underline">
      {children}
    </Link>
  );
}
