import type { ResponseOf } from '@guichet/client';
import type { ReactNode } from 'react';
import { readable } from '../../ui/readable.ts';
import { Time } from '../../ui/time.tsx';
import { RequestName } from '../company/names.tsx';
import { StateBadge } from '../requests/state-badge.tsx';

export type Row = ResponseOf<'requests.list'>['items'][number];

/** A few requests, one line each: where it stands, what it does, where, who asked, when. */
export function RequestRows({
  items,
  none,
  beside,
}: {
  readonly items: readonly Row[];
  /** Said when there is none. */
  readonly none: ReactNode;
  /** Instead of when it last changed. */
  readonly beside?: (row: Row) => ReactNode;
}): ReactNode {
  if (items.length === 0) return <p className="px-4 py-3 text-sm text-soft">{none}</p>;
  return (
    <ul>
      {items.map((row) => (
        <li
          key={row.id}
          className="grid grid-cols-[1fr_auto] items-center gap-x-3 border-b border-line px-4 py-1.5 text-sm last:border-b-0 hover:bg-hover sm:grid-cols-[9.5rem_1fr_auto]"
        >
          <div className="min-w-0">
            <StateBadge state={row.state} />
          </div>
          <div className="col-span-2 min-w-0 max-sm:order-last sm:col-span-1">
            <RequestName id={row.id} className="block truncate font-medium">
              {readable(row.summary)}
            </RequestName>
            <div className="truncate text-xs text-faint">
              {row.id} · {row.environment} · {row.requester.name}
            </div>
          </div>
          <div className="text-right text-xs text-faint">{beside?.(row) ?? <Time at={row.updatedAt} />}</div>
        </li>
      ))}
    </ul>
  );
}
