import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { Inbox } from 'lucide-react';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { Time } from '../../ui/time.tsx';
import { StateBadge } from './state-badge.tsx';

const route = getRouteApi('/requests');

/** Requests: those that wait for me, mine, all. */
export function RequestList(): ReactNode {
  const m = useMessages();
  const { view = 'to-approve' } = route.useSearch();
  const query = useQuery(
    asked('requests.list', {
      query: { limit: 50, ...(view === 'to-approve' && { toApprove: 'true' }), ...(view === 'mine' && { requester: 'me' }) },
    }),
  );
  const tab = (label: string, to: 'to-approve' | 'mine' | 'all') => ({
    label,
    link: { to: '/requests', search: { view: to } } as const,
    current: view === to,
  });
  return (
    <Page title={m.requests.title} wide>
      <TabLinks
        label={m.requests.viewsLabel}
        tabs={[
          tab(m.requests.views.toApprove, 'to-approve'),
          tab(m.requests.views.mine, 'mine'),
          tab(m.requests.views.all, 'all'),
        ]}
      />
      <Panel flush>
        <Loaded query={query}>
          {({ items }) =>
            items.length === 0 ? (
              <EmptyState icon={Inbox} title={view === 'to-approve' ? m.requests.empty.toApprove : m.requests.empty.all} />
            ) : (
              <ul>
                {items.map((request) => (
                  <li key={request.id} className="flex items-center gap-3 border-b border-line px-4 py-2 last:border-b-0">
                    <StateBadge state={request.state} />
                    <span className="min-w-0 flex-1 truncate">{request.summary}</span>
                    <Time at={request.createdAt} className="text-xs text-faint" />
                  </li>
                ))}
              </ul>
            )
          }
        </Loaded>
      </Panel>
    </Page>
  );
}
