import clsx from 'clsx';
import { type ReactNode, useEffect } from 'react';
import { readable } from './readable.ts';

interface PageProps {
  readonly title: string;
  /** Above the title: where this page is, as links. */
  readonly trail?: ReactNode;
  /** Beside the title: badges. */
  readonly beside?: ReactNode;
  /** Below the title: one line about it. */
  readonly about?: ReactNode;
  /** On the right: what can be done. */
  readonly actions?: ReactNode;
  /** As wide as the window, for tables. */
  readonly wide?: boolean;
  readonly children: ReactNode;
}

/** The one shape of every page: where it is, its title, what can be done, what it shows. */
export function Page({ title, trail, beside, about, actions, wide = false, children }: PageProps): ReactNode {
  usePageTitle(title);
  return (
    <div className={clsx('flex w-full flex-col gap-4 px-4 py-4 md:px-6 md:py-5', wide ? 'max-w-[120rem]' : 'max-w-6xl')}>
      <header className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2">
        <div className="min-w-0">
          {trail !== undefined && (
            <nav className="mb-0.5 text-xs text-faint [&_a]:hover:text-ink [&_a]:hover:underline">{trail}</nav>
          )}
          <div className="flex flex-wrap items-center gap-2">
            <h1 className="text-xl font-semibold tracking-tight break-words">{readable(title)}</h1>
            {beside}
          </div>
          {about !== undefined && <div className="mt-0.5 text-sm text-soft">{about}</div>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap items-center gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  );
}

/** A part of a page with a heading of its own. */
export function Panel({
  title,
  actions,
  flush = false,
  className,
  children,
}: {
  readonly title?: ReactNode;
  readonly actions?: ReactNode;
  /** What is inside reaches the edges: a table. */
  readonly flush?: boolean;
  readonly className?: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <section className={clsx('min-w-0 rounded-lg border border-line bg-panel', className)}>
      {title !== undefined && (
        <div className="flex min-h-10 flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-1.5">
          <h2 className="text-sm font-semibold">{title}</h2>
          {actions}
        </div>
      )}
      <div className={flush ? 'overflow-hidden rounded-b-lg' : 'p-4'}>{children}</div>
    </section>
  );
}

let inTitle = { page: '', waiting: 0 };

function showTitle(): void {
  const count = inTitle.waiting > 0 ? `(${inTitle.waiting}) ` : '';
  document.title = `${count}${inTitle.page === '' ? '' : `${inTitle.page} · `}Guichet`;
}

function usePageTitle(page: string): void {
  useEffect(() => {
    inTitle = { ...inTitle, page };
    showTitle();
  }, [page]);
}

/** How much waits for the reader: seen in the title of a tab that is not looked at. */
export function showWaiting(waiting: number): void {
  inTitle = { ...inTitle, waiting };
  showTitle();
}
