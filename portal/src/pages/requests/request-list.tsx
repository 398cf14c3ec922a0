import type { RequestSummary } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, type LinkProps } from '@tanstack/react-router';
import { CircleHelp, Flame, Inbox, ListFilter } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asProblem } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { usePages } from '../../api/pages.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { LinkButton } from '../../ui/button.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState, ErrorNote } from '../../ui/states.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { FilterBar } from './filter-bar.tsx';
import { requestColumns } from './request-columns.tsx';
import { NARROWING, queryOf, type RequestFilter, readRequestFilter, VIEWS, type View } from './request-filter.ts';
import { toApproveQuery } from './to-approve.ts';

const route = getRouteApi('/requests');

const idOf = ({ id }: RequestSummary): string => id;
const linkOf = ({ id }: RequestSummary): LinkProps => ({ to: '/requests/$request', params: { request: id } });

/** Requests: those that wait for me, mine, those in doubt, all; narrowed by what stands in the address. */
export function RequestList(): ReactNode {
  const { requests: m, ui } = useMessages();
  const filter = useFilter(route.useSearch(), readRequestFilter);
  const { view = 'to-approve' } = filter;
  const { principal } = useMe();
  // biome-ignore lint/correctness/useExhaustiveDependencies: ranges are counted from when they were chosen, so that pages fit together
  const query = useMemo(() => queryOf(filter, { teams: principal.teams, now: Date.now() }), [JSON.stringify(filter)]);
  const pages = usePages('requests.list', { query });
  const columns = useMemo(() => requestColumns(m, view), [m, view]);
  return (
    <Page title={m.title} wide>
      <Views filter={filter} />
      <FilterBar filter={filter} view={view} />
      <Panel flush>
        <Loaded query={pages.query}>
          {() => (
            <DataTable
              caption={ui.labelled(m.title, m.views[VIEW_NAMES[view]])}
              columns={columns}
              rows={pages.items}
              rowId={idOf}
              link={linkOf}
              more={{
                ...pages.more,
                ...(pages.nextError !== undefined && { error: <ErrorNote error={asProblem(pages.nextError)} /> }),
              }}
              empty={<Empty filter={filter} view={view} />}
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}

const VIEW_NAMES = {
  'to-approve': 'toApprove',
  mine: 'mine',
  team: 'team',
  'to-review': 'toReview',
  unknown: 'unknown',
  all: 'all',
} as const satisfies Record<View, string>;

function Views({ filter }: { readonly filter: RequestFilter }): ReactNode {
  const m = useMessages().requests;
  const { data } = useQuery(toApproveQuery);
  const counts: Partial<Record<View, number | undefined>> = { 'to-approve': data?.items.length, 'to-review': data?.toReview };
  const { view: current = 'to-approve' } = filter;
  const { teams } = useMe().principal;
  return (
    <TabLinks
      label={m.viewsLabel}
      tabs={VIEWS.filter((view) => view !== 'team' || teams.length > 0).map((view) => ({
        label: m.views[VIEW_NAMES[view]],
        link: { to: '/requests', search: { view } } as const,
        count: counts[view],
        current: view === current,
      }))}
    />
  );
}

function Empty({ filter, view }: { readonly filter: RequestFilter; readonly view: View }): ReactNode {
  const m = useMessages().requests;
  if (NARROWING.some((name) => filter[name] !== undefined))
    return (
      <EmptyState
        icon={ListFilter}
        title={m.empty.filtered}
        action={
          <LinkButton to="/requests" search={{ view }} className="mt-2">
            {m.empty.clear}
          </LinkButton>
        }
      >
        {m.empty.filteredText}
      </EmptyState>
    );
  const name = VIEW_NAMES[view];
  return (
    <EmptyState
      icon={view === 'unknown' ? CircleHelp : view === 'to-review' ? Flame : Inbox}
      title={m.empty[name]}
      action={
        (view === 'mine' || view === 'all') && (
          <LinkButton to="/actions" className="mt-2">
            {m.empty.actions}
          </LinkButton>
        )
      }
    >
      {m.empty[`${name}Text`]}
    </EmptyState>
  );
}
