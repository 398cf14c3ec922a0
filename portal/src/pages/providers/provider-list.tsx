import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { Blocks } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { duration } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { Health, LOOK_AGAIN_MS } from './health.tsx';

type Provider = ResponseOf<'providers.list'>['items'][number];

/** Of what is called most: options and reads are fast, runs are as slow as what they do. */
function usualP95({ figures }: Provider): number | undefined {
  const [most] = figures.phases.toSorted((a, b) => b.calls - a.calls);
  return most?.p95Ms;
}

const columnsOf = (m: Messages['providers']): readonly Column<Provider>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name, title }) => (
      <>
        <span className="font-medium">{title ?? name}</span>
        {title !== null && <span className="ml-2 text-xs text-faint">{name}</span>}
      </>
    ),
    sort: ({ name }) => name,
    width: 170,
    grow: true,
  },
  {
    key: 'health',
    title: m.health,
    cell: ({ available }) => <Health available={available} />,
    sort: ({ available }) => available,
    width: 140,
    priority: 1,
  },
  {
    key: 'since',
    title: m.sinceTitle,
    cell: ({ since }) => <Time at={since} className="text-faint" />,
    sort: ({ since }) => since,
    width: 120,
    priority: 3,
  },
  { key: 'version', title: m.version, cell: ({ version }) => version, width: 100, priority: 3 },
  { key: 'team', title: m.team, cell: ({ team }) => team, sort: ({ team }) => team, width: 120 },
  {
    key: 'actions',
    title: m.actions,
    cell: ({ actions }) => m.actionsCount(actions.read, actions.write),
    sort: ({ actions }) => actions.ids.length,
    descending: true,
    width: 160,
    priority: 3,
  },
  {
    key: 'calls',
    title: m.calls,
    cell: ({ figures }) => figures.calls,
    sort: ({ figures }) => figures.calls,
    descending: true,
    numeric: true,
    width: 80,
  },
  {
    key: 'failed',
    title: m.failed,
    cell: ({ figures }) => <span className={figures.failed > 0 ? 'font-medium text-bad' : 'text-faint'}>{figures.failed}</span>,
    sort: ({ figures }) => figures.failed,
    descending: true,
    numeric: true,
    width: 80,
  },
  {
    key: 'slow',
    title: m.slow,
    cell: (provider) => {
      const ms = usualP95(provider);
      return ms === undefined ? '' : duration(ms / 1000);
    },
    sort: usualP95,
    descending: true,
    numeric: true,
    width: 130,
    priority: 3,
  },
];

const linkOf = ({ name }: Provider) => ({ to: '/providers/$provider', params: { provider: name } }) as const;
const idOf = ({ name }: Provider): string => name;

/** Who carries actions out: whether they answer, and how calls of them went. */
export function ProviderList(): ReactNode {
  const m = useMessages().providers;
  const query = useQuery({ ...asked('providers.list'), refetchInterval: LOOK_AGAIN_MS });
  const columns = useMemo(() => columnsOf(m), [m]);
  return (
    <Page wide title={m.title} about={m.about}>
      <Panel flush>
        <Loaded query={query}>
          {({ items }) => (
            <DataTable
              caption={m.title}
              columns={columns}
              rows={items}
              rowId={idOf}
              link={linkOf}
              empty={
                <EmptyState icon={Blocks} title={m.none}>
                  {m.noneText}
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
