import { type ReactNode, useSyncExternalStore } from 'react';
import { useSpoken } from '../messages/index.tsx';
import { exactTime, relativeTime } from './format.ts';
import { Tooltip } from './tooltip.tsx';

/** One clock for all times on a page; it stands still when nothing shows one. */
const clock = (() => {
  let now = Date.now();
  const listeners = new Set<() => void>();
  let timer: ReturnType<typeof setInterval> | undefined;
  return {
    now: () => now,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      timer ??= setInterval(() => {
        now = Date.now();
        for (const tell of listeners) tell();
      }, 1000);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
  };
})();

/** Milliseconds of the epoch, once a second, or in steps of so many of them. */
export function useNow(stepMs = 1000): number {
  return useSyncExternalStore(clock.subscribe, () => Math.floor(clock.now() / stepMs) * stepMs);
}

/** A time as people say it (`3 min ago`, `in 2 h`); the exact one, in the reader's zone, when it is pointed at or focused. */
export function Time({ at, className }: { readonly at: string; readonly className?: string }): ReactNode {
  const { language } = useSpoken();
  const isNear = Math.abs(Date.now() - Date.parse(at)) < 90_000;
  const now = useNow(isNear ? 1000 : 30_000);
  const exact = exactTime(at, language);
  return (
    <Tooltip text={exact}>
      <time dateTime={at} className={`whitespace-nowrap tabular-nums ${className ?? ''}`}>
        {relativeTime(at, Math.max(now, isNear ? 0 : Date.now()), language)}
      </time>
    </Tooltip>
  );
}
