import { Link } from '@tanstack/react-router';
import clsx from 'clsx';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';
import { AuditBadge } from './audit-badge.tsx';
import { PLACES } from './navigation.ts';
import { WaitingCount } from './waiting.tsx';

/** Where one can go. On a phone it lies over the page, and is there when it is asked for. */
export function Sidebar({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }): ReactNode {
  const m = useMessages().shell;
  return (
    <>
      {isOpen && <div aria-hidden className="fixed inset-0 z-20 bg-black/40 md:hidden" onClick={onClose} />}
      <aside
        id="navigation"
        className={clsx(
          'z-30 flex h-dvh w-52 shrink-0 flex-col gap-4 overflow-y-auto border-r border-line bg-page px-2 py-3 max-md:fixed max-md:inset-y-0 max-md:left-0 max-md:w-64 max-md:shadow-pop md:sticky md:top-0',
          !isOpen && 'max-md:hidden',
        )}
      >
        <Link to="/" className="flex h-7 items-center gap-2 px-2 font-semibold">
          <img src="/favicon.svg" alt="" width={20} height={20} />
          Guichet
        </Link>
        <nav aria-label={m.navigation} className="flex flex-col gap-4">
          {PLACES.map(({ group, places }) => (
            <div key={group}>
              <h2 className="px-2 pb-1 text-2xs font-medium text-faint">{m.groups[group]}</h2>
              <ul className="flex flex-col gap-px">
                {places.map(({ name, to, icon: Icon }) => (
                  <li key={name}>
                    <Link
                      to={to}
                      activeOptions={{ exact: to === '/' }}
                      className="flex h-8 items-center gap-2 rounded-md px-2 text-sm text-soft hover:bg-hover hover:text-ink aria-[current=page]:bg-selected aria-[current=page]:font-medium aria-[current=page]:text-ink max-md:h-10"
                    >
                      <Icon size={15} aria-hidden className="shrink-0" />
                      {m.nav[name]}
                      {name === 'requests' && <WaitingCount />}
                    </Link>
                  </li>
                ))}
              </ul>
            </div>
          ))}
        </nav>
        <div className="flex-1" />
        <AuditBadge />
      </aside>
    </>
  );
}
