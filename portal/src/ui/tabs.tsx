import { Link, type LinkProps } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef } from 'react';

export interface TabLink {
  readonly label: string;
  readonly link: LinkProps;
  readonly count?: number | undefined;
  readonly current: boolean;
}

/** Views of the same thing, each with an address of its own: links, so that each opens in a tab and can be sent. */
export function TabLinks({ label, tabs }: { readonly label: string; readonly tabs: readonly TabLink[] }): ReactNode {
  const bar = useRef<HTMLElement>(null);
  const current = tabs.find((tab) => tab.current)?.label;
  // Where they do not all fit, the one that is open is in sight. The bar moves, the page does not.
  // biome-ignore lint/correctness/useExhaustiveDependencies: which tab is open is when, not what
  useEffect(() => {
    const open = bar.current?.querySelector<HTMLElement>('[aria-current="page"]');
    if (bar.current && open) bar.current.scrollLeft = open.offsetLeft - (bar.current.clientWidth - open.offsetWidth) / 2;
  }, [current]);
  return (
    <nav ref={bar} aria-label={label} className="relative -mb-px flex gap-1 overflow-x-auto border-b border-line">
      {tabs.map(({ label: name, link, count, current }) => (
        <Link
          key={name}
          {...link}
          aria-current={current ? 'page' : undefined}
          className={`flex items-center gap-1.5 border-b-2 px-2.5 py-1.5 text-sm whitespace-nowrap ${
            current ? 'border-accent font-medium text-ink' : 'border-transparent text-soft hover:text-ink'
          }`}
        >
          {name}
          {count !== undefined && count > 0 && (
            <span className="rounded-full bg-accent-tint px-1.5 text-2xs font-semibold text-accent tabular-nums">{count}</span>
          )}
        </Link>
      ))}
    </nav>
  );
}
