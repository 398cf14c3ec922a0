import { isEnded } from '@guichet/client';
import type { RequestSummary } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { asked } from '../api/gateway.ts';
import { useMessages } from '../messages/index.tsx';
import { toApproveQuery } from '../pages/requests/to-approve.ts';

/** That somebody wants to be told in this browser. Whether the browser lets us is its own affair. */
const KEY = 'guichet.notify';
/** Of all tabs that are open, the one that holds this lock tells. */
const LOCK = 'guichet.notify';

const listeners = new Set<() => void>();
const isThere = (): boolean => 'Notification' in window;
const isOn = (): boolean => isThere() && localStorage.getItem(KEY) === 'on' && Notification.permission === 'granted';

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  addEventListener('storage', listener); // turned on or off in another tab
  return () => {
    listeners.delete(listener);
    removeEventListener('storage', listener);
  };
}

export const useNotify = (): boolean => useSyncExternalStore(subscribe, isOn);

/** Turns it on or off. To be called by a click alone: the browser may ask. */
export async function turnNotify(to: 'on' | 'off'): Promise<'on' | 'off' | 'refused'> {
  const isRefused = to === 'on' && (!isThere() || (await Notification.requestPermission()) !== 'granted');
  if (to === 'off' || isRefused) localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, 'on');
  for (const listener of listeners) listener();
  return isRefused ? 'refused' : to;
}

/** True in one tab of all that are open. */
function useIsTeller(enabled: boolean): boolean {
  const [isTeller, setTeller] = useState(false);
  useEffect(() => {
    if (!enabled || !('locks' in navigator)) return;
    const stop = new AbortController();
    const held = new Promise<void>((leave) => stop.signal.addEventListener('abort', () => leave()));
    const holding = navigator.locks.request(LOCK, { signal: stop.signal }, () => {
      setTeller(true);
      return held;
    });
    holding.catch(() => {}); // no longer wanted before it was given
    return () => {
      stop.abort();
      setTeller(false);
    };
  }, [enabled]);
  return isTeller;
}

const mineQuery = asked('requests.list', { query: { requester: 'me', limit: 50 } });

/** Tells in the browser that something waits for the reader, and how what they asked for went. */
export function useNotifications(): void {
  const isTeller = useIsTeller(useNotify());
  const m = useMessages().requests;
  const router = useRouter();
  const { data: waiting } = useQuery({ ...toApproveQuery, enabled: isTeller });
  const { data: mine } = useQuery({ ...mineQuery, enabled: isTeller });
  const open = (request: string): void => {
    window.focus();
    void router.navigate({ to: '/requests/$request', params: { request } });
  };
  useNews(isTeller ? waiting?.items : undefined, {
    keyOf: ({ id }) => id,
    onNews: (fresh) => {
      const [first] = fresh;
      if (first === undefined) return;
      tell(fresh.length === 1 ? m.notify.toApprove(first.id) : m.notify.toApproveMany(fresh.length), {
        tag: `to-approve ${first.id}`,
        body: first.summary,
        onClick: () => open(first.id),
      });
    },
  });
  useNews(isTeller ? mine?.items : undefined, {
    keyOf: ({ id, state }) => `${id} ${state}`,
    onNews: (fresh) => {
      // What was just filed is no news to whoever filed it.
      for (const { id, state, summary } of fresh)
        if (isEnded(state) || state === 'unknown' || state === 'running')
          tell(m.notify.ended(id, m.states[state]), { tag: `mine ${id}`, body: summary, onClick: () => open(id) });
    },
  });
}

interface News {
  /** What makes an item another one than before. */
  readonly keyOf: (item: RequestSummary) => string;
  readonly onNews: (fresh: readonly RequestSummary[]) => void;
}

/** Tells of those of a list that were not in it before; nothing of what was there at first. */
function useNews(items: readonly RequestSummary[] | undefined, { keyOf, onNews }: News): void {
  const known = useRef<ReadonlySet<string>>(undefined);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told when the list is another, not when the words are
  useEffect(() => {
    if (items === undefined) {
      known.current = undefined;
      return;
    }
    const before = known.current;
    known.current = new Set([...(before ?? []), ...items.map(keyOf)]);
    const fresh = before === undefined ? [] : items.filter((item) => !before.has(keyOf(item)));
    if (fresh.length > 0) onNews(fresh);
  }, [items]);
}

/** Nothing while the reader looks at this tab: they see it. */
function tell(title: string, { tag, body, onClick }: { tag: string; body: string; onClick: () => void }): void {
  if (document.hasFocus()) return;
  const shown = new Notification(title, { tag, body, icon: '/favicon.svg' });
  shown.onclick = () => {
    shown.close();
    onClick();
  };
}
