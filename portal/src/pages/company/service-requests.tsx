import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { RequestRows } from '../home/request-rows.tsx';
import { isAbout, openRequestsOf } from './open-requests.ts';

/** The open requests about a service. */
export function ServiceRequests({ service }: { readonly service: ResponseOf<'services.show'> }): ReactNode {
  const m = useMessages().company.service;
  const open = useQuery(openRequestsOf(service.team));
  return (
    <Panel flush title={m.requests}>
      <Loaded query={open}>
        {({ items }) => <RequestRows items={items.filter((row) => isAbout(row, service.name))} none={m.noRequests} />}
      </Loaded>
    </Panel>
  );
}
