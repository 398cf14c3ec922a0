import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { ActionRows } from './action-rows.tsx';

/** The actions whose providers a team owns. */
export function TeamActions({ team }: { readonly team: string }): ReactNode {
  const m = useMessages().company.service;
  const query = useQuery({ ...asked('actions.list'), staleTime: 60_000 });
  return (
    <Panel flush title={m.actions(team)}>
      <Loaded query={query}>
        {({ items }) => <ActionRows actions={items.filter((action) => action.team === team)} none={m.noActions} />}
      </Loaded>
    </Panel>
  );
}
