import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { midnight, since, weekBefore } from './day.ts';
import { PanelLink } from './panel-link.tsx';
import { RequestRows } from './request-rows.tsx';

/** Ran, or was about to: what was only asked for has changed nothing yet. */
const HAPPENED = 'running,unknown,succeeded,failed,cancelled,void';
const MOST = 12;

/** What ran or ended today in the environment that customers use: `production`, or the first one where none is called so. */
export function Today(): ReactNode {
  const m = useMessages().home.today;
  const { gateway } = useMe();
  const environments = useQuery({ ...asked('environments.list'), staleTime: 60_000 });
  const name = gateway.environments.find((environment) => environment === 'production') ?? gateway.environments[0] ?? '';
  const title = environments.data?.items.find((environment) => environment.name === name)?.title ?? name;
  const today = midnight();
  // The list is in the order in which requests were made; what was made before and ran today is of the days before.
  const query = useQuery(
    asked('requests.list', { query: { environment: name, state: HAPPENED, since: weekBefore(today), limit: 200 } }),
  );
  return (
    <Panel
      flush
      title={m.title(title)}
      actions={
        <PanelLink link={{ to: '/requests', search: { view: 'all', environment: name, since: 'day' } }}>{m.all}</PanelLink>
      }
    >
      <Loaded query={query}>
        {({ items }) => <RequestRows items={since(items, today).slice(0, MOST)} none={m.none(title)} />}
      </Loaded>
    </Panel>
  );
}
