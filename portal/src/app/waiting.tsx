import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useMessages } from '../messages/index.tsx';
import { toApproveQuery } from '../pages/requests/to-approve.ts';
import { showWaiting } from '../ui/page.tsx';
import { useChanges } from './live.ts';
import { useNotifications } from './notifications.ts';

/** Keeps the page in step with the gateway: what it shows, the count in the title of its tab, the dot on its icon. */
export function Live(): ReactNode {
  useChanges();
  useNotifications();
  const { data } = useQuery(toApproveQuery);
  const count = data?.items.length ?? 0;
  useEffect(() => {
    showWaiting(count);
    const icon = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
    const href = count > 0 ? '/favicon-waiting.svg' : '/favicon.svg';
    if (icon !== null && icon.getAttribute('href') !== href) icon.href = href;
  }, [count]);
  return null;
}

/** How many requests wait for the reader, beside the place where they are. */
export function WaitingCount(): ReactNode {
  const m = useMessages().shell;
  const { data } = useQuery(toApproveQuery);
  if (data === undefined || data.items.length === 0) return null;
  const count = data.items.length;
  return (
    <span className="ml-auto rounded-full bg-accent px-1.5 text-2xs font-semibold text-on-accent tabular-nums">
      <span aria-hidden>{`${count}${data.next === null ? '' : '+'}`}</span>
      <span className="sr-only">{m.waiting(count)}</span>
    </span>
  );
}
