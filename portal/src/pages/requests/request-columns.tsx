import type { RequestSummary } from '@guichet/contract';
import { Check, Flame } from 'lucide-react';
import type { ReactNode } from 'react';
import type { Messages } from '../../messages/en/index.ts';
import { Badge } from '../../ui/badge.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { readable } from '../../ui/readable.ts';
import { Time } from '../../ui/time.tsx';
import type { View } from './request-filter.ts';
import { RiskBadge } from './risk-badge.tsx';
import { StateBadge } from './state-badge.tsx';

/** The columns of a list of requests. The gateway orders them, newest first: none can be sorted by. */
export function requestColumns(m: Messages['requests'], view: View): readonly Column<RequestSummary>[] {
  const columns: readonly Column<RequestSummary>[] = [
    { key: 'id', title: m.columns.id, width: 84, priority: 1, cell: ({ id }) => <span className="tabular-nums">{id}</span> },
    { key: 'state', title: m.columns.state, width: 164, priority: 2, cell: ({ state }) => <StateBadge state={state} /> },
    {
      key: 'summary',
      title: m.columns.summary,
      width: 150,
      grow: true,
      priority: 1,
      cell: (request) => <Summary request={request} broken={m.glassBroken} />,
    },
    { key: 'environment', title: m.columns.environment, width: 104, cell: ({ environment }) => environment },
    { key: 'risk', title: m.columns.risk, width: 112, priority: 3, cell: ({ risk }) => <RiskBadge risk={risk} /> },
    { key: 'requester', title: m.columns.requester, width: 120, priority: 3, cell: ({ requester }) => requester.name },
    { key: 'gates', title: m.columns.gates, width: 96, priority: 3, cell: ({ gates }) => <Gates gates={gates} m={m} /> },
    {
      key: 'expires',
      title: m.columns.expires,
      width: 96,
      priority: 3,
      cell: ({ expiresAt }) => expiresAt !== null && <Time at={expiresAt} className="text-soft" />,
    },
    {
      key: 'age',
      title: m.columns.age,
      width: 96,
      priority: 2,
      numeric: true,
      cell: ({ createdAt }) => <Time at={createdAt} className="text-soft" />,
    },
  ];
  // What has been decided lapses no more: the column would be empty, and the words have its room.
  return view === 'to-approve' ? columns : columns.filter(({ key }) => key !== 'expires');
}

function Summary({ request, broken }: { readonly request: RequestSummary; readonly broken: string }): ReactNode {
  const { summary, review, state } = request;
  return (
    <span className="flex min-w-0 items-center gap-2">
      {/* On a phone there is no column of states: the badge goes before the words. */}
      <span className="shrink-0 sm:hidden">
        <StateBadge state={state} iconOnly />
      </span>
      <span className="min-w-0 truncate">{readable(summary)}</span>
      {review !== null && (
        <Badge tone={review.state === 'open' ? 'bad' : 'neutral'} icon={Flame} className="shrink-0">
          <span className="max-sm:sr-only">{broken}</span>
        </Badge>
      )}
    </span>
  );
}

/** How many of the approvals that it needs it has. */
function Gates({ gates, m }: { readonly gates: RequestSummary['gates']; readonly m: Messages['requests'] }): ReactNode {
  if (gates.length === 0) return <span className="text-faint">{m.noGates}</span>;
  const needed = gates.reduce((sum, { count }) => sum + count, 0);
  const given = gates.reduce((sum, { approved, count }) => sum + Math.min(approved, count), 0);
  return (
    <span className="inline-flex items-center gap-1 tabular-nums">
      {given >= needed && <Check size={13} aria-hidden className="text-good" />}
      <span aria-hidden>{m.gates(given, needed)}</span>
      <span className="sr-only">{m.gatesLabel(given, needed)}</span>
    </span>
  );
}
