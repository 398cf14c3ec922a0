import { useQuery } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { SearchX, SquareTerminal } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useCallback, useDeferredValue, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useFilter } from '../../app/use-filter.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Select } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { Tooltip } from '../../ui/tooltip.tsx';
import { RiskBadge } from '../requests/risk-badge.tsx';
import { type CatalogueFilter, readCatalogueFilter } from './action-search.ts';
import { ACTION_KINDS, RISKS } from './action-words.ts';
import { type CatalogueAction, filtered, finderOf, inOrder, valuesOf } from './catalogue.ts';
import { FavouriteButton } from './favourite-button.tsx';
import { useKeptActions } from './kept-actions.ts';

const route = getRouteApi('/actions');

const linkOf = ({ id }: CatalogueAction) => ({ to: '/actions/$action', params: { action: id } }) as const;
const idOf = ({ id }: CatalogueAction): string => id;
const star = ({ id, title }: CatalogueAction, focus: { readonly tabIndex: 0 | -1 }): ReactNode => (
  <FavouriteButton id={id} title={title} {...focus} />
);

/** The whole catalogue: what can be done, by whom it is offered, how bad a mistake would be. */
export function ActionList(): ReactNode {
  const { actions: m, ui } = useMessages();
  const messages = useMessages();
  const filter = useFilter(route.useSearch(), readCatalogueFilter);
  const navigate = useNavigate({ from: '/actions' });
  const { favourites, recent } = useKeptActions();
  const query = useQuery(asked('actions.list'));
  const all = useMemo(() => inOrder(query.data?.items ?? []), [query.data]);
  const find = useMemo(() => finderOf(all), [all]);
  const { search = '', only } = filter;
  const fitting = useCallback(
    (text: string): readonly CatalogueAction[] => {
      const found = filtered(find(text), filter);
      if (only === undefined) return found;
      const names = only === 'favourites' ? favourites : recent;
      const kept = found.filter(({ id }) => names.includes(id));
      return only === 'recent' ? kept.toSorted((a, b) => names.indexOf(a.id) - names.indexOf(b.id)) : kept;
    },
    [find, filter, only, favourites, recent],
  );
  const searched = useDeferredValue(search);
  const rows = useMemo(() => fitting(searched), [fitting, searched]);
  const columns = useMemo(() => columnsOf(messages), [messages]);
  const go = (next: CatalogueFilter): void => void navigate({ search: next, replace: true });
  const isNarrowed = Object.keys(filter).some((name) => name !== 'only');
  const tab = (label: string, view: CatalogueFilter['only'], count?: number) => {
    const { only: _, ...rest } = filter;
    return {
      label,
      link: { to: '/actions', search: { ...rest, ...(view !== undefined && { only: view }) } } as const,
      count,
      current: only === view,
    };
  };
  return (
    <Page title={m.title} about={m.searchHint} wide>
      <TabLinks
        label={m.title}
        tabs={[
          tab(ui.all, undefined),
          tab(m.favourites, 'favourites', favourites.length),
          tab(m.recent, 'recent', recent.length),
        ]}
      />
      <div className="flex flex-wrap items-center gap-2">
        {/* biome-ignore lint/a11y/noStaticElementInteractions: keys of the search box inside, which lead on to what was found */}
        <div
          className="max-sm:w-full"
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown') focusFirstRow(event);
            if (event.key !== 'Enter' || !(event.target instanceof HTMLInputElement)) return;
            // Of whoever types fast, Enter may come before the list: it means what stands in the box.
            const [first] = fitting(event.target.value);
            if (first !== undefined) void navigate(linkOf(first));
          }}
        >
          <SearchBox
            label={m.search}
            value={search}
            className="w-72 max-sm:w-full"
            onChange={(text) => {
              const { search: _, ...rest } = filter;
              go(text === '' ? rest : { ...rest, search: text });
            }}
          />
        </div>
        <Filters all={all} filter={filter} onChange={go} />
        {isNarrowed && (
          <Button look="quiet" size="sm" onClick={() => go(only === undefined ? {} : { only })}>
            {m.clear}
          </Button>
        )}
        {query.data !== undefined && (
          <span role="status" className="text-sm text-faint">
            {m.count(rows.length)}
          </span>
        )}
      </div>
      <Panel flush>
        <Loaded query={query}>
          {() => (
            <DataTable
              caption={m.title}
              columns={columns}
              rows={rows}
              rowId={idOf}
              link={linkOf}
              actions={star}
              empty={
                all.length === 0 ? (
                  <EmptyState icon={SquareTerminal} title={m.none.title}>
                    {m.none.text}
                  </EmptyState>
                ) : (
                  <EmptyState icon={SearchX} title={m.empty.title}>
                    {m.empty.text}
                  </EmptyState>
                )
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}

/** From the search down into what it has found. */
function focusFirstRow(event: KeyboardEvent): void {
  const first = document.querySelector<HTMLElement>('tr[data-row] [data-row-target]');
  if (first === null) return;
  event.preventDefault();
  first.focus();
}

function Filters({
  all,
  filter,
  onChange,
}: {
  readonly all: readonly CatalogueAction[];
  readonly filter: CatalogueFilter;
  readonly onChange: (filter: CatalogueFilter) => void;
}): ReactNode {
  const { actions: m, requests } = useMessages();
  const { environments } = useMe().gateway;
  const providers = useMemo(() => valuesOf(all, 'provider'), [all]);
  const teams = useMemo(() => valuesOf(all, 'team'), [all]);
  const names = { kind: m.kinds, risk: requests.risks } as const;
  const box = (field: 'kind' | 'risk' | 'provider' | 'team' | 'environment', values: readonly string[]): ReactNode => (
    <Select
      key={field}
      size="sm"
      aria-label={m.filters[field]}
      className="w-auto! max-w-44"
      value={filter[field] ?? ''}
      items={[
        { value: '', label: m.any[field] },
        ...values.map((value) => ({
          value,
          // Kinds and risks are the only ones that have words of their own.
          label: field === 'kind' || field === 'risk' ? ((names[field] as Record<string, string>)[value] ?? value) : value,
        })),
      ]}
      onChange={(value) => {
        const { [field]: _, ...rest } = filter;
        // Each box offers values of its own field alone.
        onChange(value === '' ? rest : ({ ...rest, [field]: value } as CatalogueFilter));
      }}
    />
  );
  return (
    <>
      {box('kind', ACTION_KINDS)}
      {box('risk', RISKS)}
      {box('provider', providers)}
      {box('team', teams)}
      {box('environment', environments)}
    </>
  );
}

const columnsOf = ({ actions: m }: Messages): readonly Column<CatalogueAction>[] => [
  {
    key: 'title',
    title: m.action,
    cell: ({ id, title, available }) => (
      <>
        <span className={available ? 'font-medium' : 'font-medium text-faint'}>{title}</span>
        <span className="ml-2 font-mono text-xs text-faint">{id}</span>
      </>
    ),
    sort: ({ title }) => title,
    width: 180,
    grow: true,
  },
  {
    key: 'state',
    title: m.filters.risk,
    cell: ({ risk, kind, available, unavailableReason }) =>
      available ? (
        kind === 'write' && <RiskBadge risk={risk} />
      ) : (
        <Tooltip text={unavailableReason ?? m.unavailableText}>
          <span>
            <Badge tone="warn">{m.unavailable}</Badge>
          </span>
        </Tooltip>
      ),
    sort: ({ risk }) => RISKS.indexOf(risk),
    width: 120,
    priority: 1,
  },
  { key: 'kind', title: m.filters.kind, cell: ({ kind }) => m.kinds[kind], sort: ({ kind }) => kind, width: 70 },
  { key: 'provider', title: m.filters.provider, cell: ({ provider }) => provider, sort: ({ provider }) => provider, width: 110 },
  { key: 'team', title: m.filters.team, cell: ({ team }) => team, sort: ({ team }) => team, width: 110, priority: 3 },
  {
    key: 'description',
    title: m.description,
    cell: ({ description }) => <span className="text-soft">{description}</span>,
    width: 220,
    grow: true,
    priority: 3,
  },
];
