import type { ReactNode } from 'react';
import { useMessages, useSpoken } from '../../../messages/index.tsx';
import { number } from '../../../ui/format.ts';
import type { Progress } from './follow.ts';

/** How far a run is, as far as it says so. */
export function ProgressBar({ progress: { done, total, message } }: { readonly progress: Progress }): ReactNode {
  const m = useMessages().request.log;
  const { language } = useSpoken();
  const share = done === undefined || total === undefined ? undefined : Math.min(1, Math.max(0, done / total));
  return (
    <div className="flex flex-col gap-1 border-b border-line px-4 py-2">
      <div className="flex justify-between gap-3 text-sm">
        <span className="min-w-0 truncate">{message ?? m.progress}</span>
        <span className="text-soft tabular-nums">
          {share !== undefined ? `${Math.floor(share * 100)} %` : done !== undefined && m.done(number(done, language))}
        </span>
      </div>
      {share !== undefined && (
        <div
          role="progressbar"
          aria-label={message ?? m.progress}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.floor(share * 100)}
          className="h-1.5 overflow-hidden rounded-full bg-sunken"
        >
          <div className="h-full rounded-full bg-accent transition-[width]" style={{ width: `${share * 100}%` }} />
        </div>
      )}
    </div>
  );
}
