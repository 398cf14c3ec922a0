import type { ResponseOf } from '@guichet/client';
import { useQueries, useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { OPEN_STATES } from '../home/in-flight.tsx';
import { RequestRows } from '../home/request-rows.tsx';

/** Of what a team owns, so many are looked at. */
const MOST = 20;

/**
 * The open requests about a service. The list says which are about what its team owns; which service each is about stands
 * in its plan alone, so these few are asked for one by one.
 */
export function ServiceRequests({ service }: { readonly service: ResponseOf<'services.show'> }): ReactNode {
  const m = useMessages().company.service;
  const open = useQuery(asked('requests.list', { query: { team: service.team, state: OPEN_STATES, limit: MOST } }));
  const items = open.data?.items ?? [];
  const whole = useQueries({ queries: items.map(({ id }) => asked('requests.show', { params: { request: id } })) });
  const isAbout = (index: number): boolean => {
    const resource = whole[index]?.data?.plan.resource;
    return resource !== undefined && (resource.service === service.name || resource.id === service.name);
  };
  return (
    <Panel flush title={m.requests}>
      <Loaded query={open}>{() => <RequestRows items={items.filter((_, index) => isAbout(index))} none={m.noRequests} />}</Loaded>
    </Panel>
  );
}
