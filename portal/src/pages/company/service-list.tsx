import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Boxes } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useFilter } from '../../app/use-filter.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { Select } from '../../ui/field.tsx';
import { includesWord, readCompanyFilter } from './company-filter.ts';
import { Lifecycle } from './lifecycle.tsx';
import { SearchedPage } from './searched-page.tsx';

type Service = ResponseOf<'services.list'>['items'][number];

const route = getRouteApi('/services');
const EVERY = '*';
/** Stands in an address for the teams of whoever reads it. */
const MINE = 'mine';

const columnsOf = (m: Messages['company']): readonly Column<Service>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name, title }) => (
      <>
        <span className="font-medium">{title ?? name}</span>
        {title !== null && title.toLowerCase() !== name && <span className="ml-2 text-xs text-faint">{name}</span>}
      </>
    ),
    sort: ({ name }) => name,
    width: 200,
    grow: true,
  },
  { key: 'team', title: m.service.owner, cell: ({ team }) => team, sort: ({ team }) => team, width: 140, priority: 1 },
  {
    key: 'lifecycle',
    title: m.service.lifecycle,
    cell: ({ lifecycle }) => <Lifecycle name={lifecycle} />,
    sort: ({ lifecycle }) => lifecycle,
    width: 130,
  },
  { key: 'system', title: m.service.system, cell: ({ system }) => system, sort: ({ system }) => system, width: 120, priority: 3 },
  {
    key: 'environments',
    title: m.service.environments,
    cell: ({ environments }) => environments.map(({ name }) => name).join(', '),
    sort: ({ environments }) => environments.length,
    width: 170,
    priority: 3,
  },
  {
    key: 'description',
    title: m.service.about,
    cell: ({ description }) => <span className="text-soft">{description}</span>,
    width: 220,
    grow: true,
    priority: 3,
  },
];

const linkOf = ({ name }: Service) => ({ to: '/services/$service', params: { service: name } }) as const;
const idOf = ({ name }: Service): string => name;

/** All services; of one team, or with a word in their name, when the address says so. */
export function ServiceList(): ReactNode {
  const m = useMessages();
  const { principal } = useMe();
  const { search = '', team } = useFilter(route.useSearch(), readCompanyFilter);
  const navigate = useNavigate({ from: '/services' });
  const query = useQuery(asked('services.list'));
  const columns = useMemo(() => columnsOf(m.company), [m]);
  const all = query.data?.items;
  const teams = useMemo(() => [...new Set(all?.map((service) => service.team))].sort(), [all]);
  const rows = useMemo(
    () =>
      (all ?? []).filter(
        (service) =>
          (team === undefined || (team === MINE ? principal.teams.includes(service.team) : service.team === team)) &&
          includesWord(search, service.name, service.title),
      ),
    [all, search, team, principal],
  );
  return (
    <SearchedPage
      words={m.company.services}
      icon={Boxes}
      query={query}
      columns={columns}
      rows={rows}
      rowId={idOf}
      link={linkOf}
      search={search}
      isNarrowed={search !== '' || team !== undefined}
      onSearch={(text) =>
        void navigate({ search: ({ search: _, ...rest }) => (text === '' ? rest : { ...rest, search: text }), replace: true })
      }
      filter={
        <Select
          aria-label={m.company.service.owner}
          className="w-48!"
          items={[
            { value: EVERY, label: m.company.services.allTeams },
            ...(principal.teams.length > 0 ? [{ value: MINE, label: m.company.services.mine }] : []),
            ...[...new Set([...teams, ...(team === undefined || team === MINE ? [] : [team])])].map((name) => ({
              value: name,
              label: name,
            })),
          ]}
          value={team ?? EVERY}
          onChange={(chosen) =>
            void navigate({
              search: ({ team: _, ...rest }) => (chosen === EVERY ? rest : { ...rest, team: chosen }),
              replace: true,
            })
          }
        />
      }
    />
  );
}
