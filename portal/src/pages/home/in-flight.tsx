import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { LinkButton } from '../../ui/button.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { OPEN_STATES } from '../company/open-requests.ts';
import { PanelLink } from './panel-link.tsx';
import { RequestRows } from './request-rows.tsx';

const MOST = 10;

/** What I asked for that has not ended. */
export function InFlight({ isNew }: { readonly isNew: boolean }): ReactNode {
  const m = useMessages().home.flight;
  const query = useQuery(asked('requests.list', { query: { requester: 'me', state: OPEN_STATES, limit: MOST } }));
  return (
    <Panel flush title={m.title} actions={<PanelLink link={{ to: '/requests', search: { view: 'mine' } }}>{m.all}</PanelLink>}>
      {isNew ? (
        <div className="flex flex-wrap items-center justify-between gap-3 px-4 py-3">
          <p className="max-w-prose min-w-60 flex-1 text-sm text-soft">{m.first}</p>
          <LinkButton to="/actions" look="primary">
            {m.actions}
          </LinkButton>
        </div>
      ) : (
        <Loaded query={query}>{({ items }) => <RequestRows items={items} none={m.none} />}</Loaded>
      )}
    </Panel>
  );
}
