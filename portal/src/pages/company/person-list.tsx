import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { User } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import { useFilter } from '../../app/use-filter.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import type { Column } from '../../ui/data-table.tsx';
import { includesWord, readCompanyFilter } from './company-filter.ts';
import { SearchedPage } from './searched-page.tsx';

type Person = ResponseOf<'people.list'>['items'][number];

const route = getRouteApi('/people');

const columnsOf = (m: Messages['company']): readonly Column<Person>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name, fullName }) => (
      <>
        <span className="font-medium">{fullName}</span>
        <span className="ml-2 text-xs text-faint">{name}</span>
      </>
    ),
    sort: ({ fullName }) => fullName,
    width: 200,
    grow: true,
  },
  {
    key: 'teams',
    title: m.people.teams,
    cell: ({ teams }) => teams.join(', '),
    sort: ({ teams }) => teams[0],
    width: 150,
    priority: 1,
  },
  {
    key: 'on-call',
    title: m.people.onCall,
    cell: ({ onCall }) => onCall.length > 0 && <Badge tone="info">{onCall.join(', ')}</Badge>,
    sort: ({ onCall }) => onCall.length,
    descending: true,
    width: 150,
  },
  {
    key: 'manager',
    title: m.people.manager,
    cell: ({ manager }) => manager,
    sort: ({ manager }) => manager,
    width: 120,
    priority: 3,
  },
  {
    key: 'email',
    title: m.people.email,
    cell: ({ email }) => <span className="text-soft">{email}</span>,
    sort: ({ email }) => email,
    width: 200,
    grow: true,
    priority: 3,
  },
];

const linkOf = ({ name }: Person) => ({ to: '/people/$person', params: { person: name } }) as const;
const idOf = ({ name }: Person): string => name;

/** Everybody, or those with a word in their name or address. */
export function PersonList(): ReactNode {
  const m = useMessages().company;
  const { search = '' } = useFilter(route.useSearch(), readCompanyFilter);
  const navigate = useNavigate({ from: '/people' });
  const query = useQuery(asked('people.list'));
  const columns = useMemo(() => columnsOf(m), [m]);
  const all = query.data?.items;
  const rows = useMemo(
    () => (all ?? []).filter(({ name, fullName, email }) => includesWord(search, name, fullName, email)),
    [all, search],
  );
  return (
    <SearchedPage
      words={m.people}
      icon={User}
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
