import { Outlet, useRouterState } from '@tanstack/react-router';
import { Menu as MenuIcon, Search, X } from 'lucide-react';
import { type ReactNode, useEffect, useState } from 'react';
import { useMessages } from '../messages/index.tsx';
import { IconButton } from '../ui/button.tsx';
import { Keys } from '../ui/keys.tsx';
import { AccountMenu } from './account-menu.tsx';
import { useLiveConnection } from './live.ts';
import { useOnline } from './online.ts';
import { showOverlay } from './overlay.ts';
import { SessionDialog } from './session-dialog.tsx';
import { ShellKeys } from './shell-keys.tsx';
import { Sidebar } from './sidebar.tsx';
import { Live } from './waiting.tsx';

/** What surrounds every page: where one can go, who one is, and what is said over all of it. */
export function Shell(): ReactNode {
  const m = useMessages().shell;
  const path = useRouterState({ select: ({ location }) => location.pathname });
  const [isOpen, setOpen] = useState(false);
  // On a phone the navigation covers the page; it goes when one has gone somewhere.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the path is when, not what
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="flex min-h-dvh">
      <a
        href="#page"
        className="sr-only z-50 rounded-md bg-accent px-3 py-2 text-on-accent focus:not-sr-only focus:fixed focus:top-2 focus:left-2"
      >
        {m.skip}
      </a>
      <Sidebar isOpen={isOpen} onClose={() => setOpen(false)} />
      <div className="flex min-w-0 flex-1 flex-col">
        <header className="sticky top-0 z-20 flex h-12 items-center gap-2 border-b border-line bg-page px-3 md:px-6">
          <IconButton
            icon={isOpen ? X : MenuIcon}
            label={isOpen ? m.closeNavigation : m.openNavigation}
            aria-expanded={isOpen}
            aria-controls="navigation"
            className="md:hidden"
            onClick={() => setOpen(!isOpen)}
          />
          <PaletteButton />
          <div className="flex-1" />
          <AccountMenu />
        </header>
        <Offline />
        <main id="page" tabIndex={-1} className="flex-1 outline-none">
          <Outlet />
        </main>
      </div>
      <Live />
      <ShellKeys />
      <SessionDialog />
    </div>
  );
}

/** Looks like the field that it opens. */
function PaletteButton(): ReactNode {
  const m = useMessages().palette;
  return (
    <button
      type="button"
      aria-haspopup="dialog"
      aria-keyshortcuts="Control+K Meta+K"
      onClick={() => showOverlay('palette')}
      className="flex h-8 min-w-0 flex-1 items-center gap-2 rounded-md border border-line bg-panel px-2.5 text-left text-sm text-faint hover:border-line-strong md:max-w-80"
    >
      <Search size={14} aria-hidden className="shrink-0" />
      <span className="min-w-0 flex-1 truncate">{m.placeholder}</span>
      <Keys keys="mod+k" className="max-md:hidden" />
    </button>
  );
}

function Offline(): ReactNode {
  const m = useMessages().shell;
  const isOffline = !useOnline();
  // The network may be there, and the gateway not.
  const isCut = useLiveConnection() === 'cut';
  return (
    <div role="status">
      {(isOffline || isCut) && <p className="bg-warn-tint px-6 py-1.5 text-sm text-warn">{isOffline ? m.offline : m.cut}</p>}
    </div>
  );
}
