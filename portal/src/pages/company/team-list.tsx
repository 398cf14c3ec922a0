import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Users } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useFilter } from '../../app/use-filter.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { includesWord, readCompanyFilter } from './company-filter.ts';
import { SearchedPage } from './searched-page.tsx';

type Team = ResponseOf<'teams.list'>['items'][number];

const route = getRouteApi('/teams');

const columnsOf = (m: Messages['company'], mine: readonly string[]): readonly Column<Team>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name, title }) => (
      <>
        <span className="font-medium">{title ?? name}</span>
        {title !== null && title.toLowerCase() !== name && <span className="ml-2 text-xs text-faint">{name}</span>}
        {mine.includes(name) && (
          <Badge tone="accent" className="ml-2 align-middle">
            {m.team.mine}
          </Badge>
        )}
      </>
    ),
    sort: ({ name }) => name,
    width: 220,
    grow: true,
  },
  {
    key: 'on-call',
    title: m.teams.onCall,
    cell: ({ onCall }) => (onCall.length === 0 ? <span className="text-faint">{m.nobody}</span> : onCall.join(', ')),
    sort: ({ onCall }) => onCall.length,
    width: 140,
    priority: 1,
  },
  {
    key: 'members',
    title: m.teams.members,
    cell: ({ members }) => members.length,
    sort: ({ members }) => members.length,
    descending: true,
    numeric: true,
    width: 110,
  },
  {
    key: 'services',
    title: m.services.title,
    cell: ({ services }) => services.length,
    sort: ({ services }) => services.length,
    descending: true,
    numeric: true,
    width: 110,
  },
  { key: 'parent', title: m.teams.parent, cell: ({ parent }) => parent, sort: ({ parent }) => parent, width: 160, priority: 3 },
  {
    key: 'managers',
    title: m.team.managers,
    cell: ({ managers }) => managers.join(', '),
    width: 160,
    priority: 3,
  },
];

const linkOf = ({ name }: Team) => ({ to: '/teams/$team', params: { team: name } }) as const;
const idOf = ({ name }: Team): string => name;

/** All teams, or those with a word in their name. */
export function TeamList(): ReactNode {
  const m = useMessages().company;
  const { principal } = useMe();
  const { search = '' } = useFilter(route.useSearch(), readCompanyFilter);
  const navigate = useNavigate({ from: '/teams' });
  const query = useQuery(asked('teams.list'));
  const columns = useMemo(() => columnsOf(m, principal.teams), [m, principal]);
  const all = query.data?.items;
  const rows = useMemo(() => (all ?? []).filter(({ name, title }) => includesWord(search, name, title)), [all, search]);
  return (
    <SearchedPage
      words={m.teams}
      icon={Users}
      query={query}
      columns={columns}
      rows={rows}
      rowId={idOf}
      link={linkOf}
      search={search}
      isNarrowed={search !== ''}
      onSearch={(text) => void navigate({ search: text === '' ? {} : { search: text }, replace: true })}
    />
  );
}
