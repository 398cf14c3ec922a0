import type { TableOutput } from '@guichet/contract';
import { useQueries } from '@tanstack/react-query';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Database } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked, asProblem } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { present } from '../../app/search-values.ts';
import { useFilter } from '../../app/use-filter.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useSpoken } from '../../messages/index.tsx';
import type { Language } from '../../messages/language.ts';
import { Notes } from '../../outputs/notes.tsx';
import { toneOfState } from '../../outputs/state-tone.ts';
import { Badge } from '../../ui/badge.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Select } from '../../ui/field.tsx';
import { bytes, duration } from '../../ui/format.ts';
import { Page, Panel } from '../../ui/page.tsx';
import { SearchBox } from '../../ui/search-box.tsx';
import { EmptyState, ErrorNote, Skeleton } from '../../ui/states.tsx';
import { numberOf, textOf } from './cells.ts';
import { readInstancesSearch } from './search.ts';

const route = getRouteApi('/postgres');
const EVERY = '*';

interface Listed {
  readonly environment: string;
  readonly row: TableOutput['rows'][number];
}

/** The servers of every environment, and how each of them is. */
export function InstanceList(): ReactNode {
  const { language, messages } = useSpoken();
  const m = messages.postgres;
  const { q = '', environment } = useFilter(route.useSearch(), readInstancesSearch);
  const navigate = useNavigate({ from: '/postgres' });
  const all = useMe().gateway.environments;
  const wanted = environment === undefined ? all : all.filter((name) => name === environment);
  const answers = useQueries({
    queries: wanted.map((name) => ({
      ...asked('actions.read', { params: { action: 'postgres.instances' }, body: { environment: name, input: {} } }),
      refetchInterval: 15_000,
      staleTime: 5000,
    })),
    combine: (results) => ({
      listed: results.flatMap(({ data }, index): Listed[] => rowsOf(data?.output, wanted[index] ?? '')),
      notes: results.flatMap(({ data }) => data?.output.notes ?? []),
      failed: results.flatMap(({ data, error }, index) =>
        error === null ? [] : [{ environment: wanted[index] ?? '', problem: asProblem(error), isStale: data !== undefined }],
      ),
      isLoading: results.some(({ isPending }) => isPending),
    }),
  });
  const found = useMemo(() => {
    const words = q.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return answers.listed;
    return answers.listed.filter(({ row }) => {
      const text = Object.values(row).join(' ').toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [answers.listed, q]);
  const columns = useMemo(() => columnsOf(messages, language), [messages, language]);
  return (
    <Page title={m.title} about={m.about} wide>
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox
          label={m.search}
          value={q}
          onChange={(text) => void navigate({ search: (before) => present({ ...before, q: text || undefined }), replace: true })}
        />
        <Select
          aria-label={m.environment}
          className="w-52!"
          items={[{ value: EVERY, label: m.allEnvironments }, ...all.map((name) => ({ value: name, label: name }))]}
          value={environment ?? EVERY}
          onChange={(name) =>
            void navigate({
              search: (before) => present({ ...before, environment: name === EVERY ? undefined : name }),
              replace: true,
            })
          }
        />
        <span role="status" className="text-xs text-faint">
          {answers.listed.length > 0 && m.count(found.length)}
        </span>
      </div>
      {answers.failed.map(({ environment: name, problem }) => (
        <div key={name}>
          <p className="mb-1 text-sm font-medium">{m.unavailableIn(name)}</p>
          <ErrorNote error={problem} />
        </div>
      ))}
      {(answers.listed.length > 0 || answers.isLoading || answers.failed.length === 0) && (
        <Panel flush>
          {answers.isLoading && answers.listed.length === 0 ? (
            <Skeleton />
          ) : (
            <DataTable
              caption={m.title}
              columns={columns}
              rows={found}
              rowId={idOf}
              link={linkOf}
              empty={
                answers.listed.length === 0 ? (
                  <EmptyState icon={Database} title={m.none}>
                    {m.noneText}
                  </EmptyState>
                ) : (
                  <EmptyState icon={Database} title={m.noneFits} />
                )
              }
            />
          )}
          <Notes notes={answers.notes} />
        </Panel>
      )}
    </Page>
  );
}

const idOf = ({ environment, row }: Listed): string => `${environment}/${textOf(row, 'name')}`;
const linkOf = ({ environment, row }: Listed) =>
  ({
    to: '/postgres/$environment/$instance/activity',
    params: { environment, instance: textOf(row, 'name') ?? '' },
  }) as const;

const rowsOf = (output: { kind: string } | undefined, environment: string): Listed[] =>
  // The manifest says that it gives a table; another kind has no rows.
  output?.kind === 'table' ? (output as TableOutput).rows.map((row) => ({ environment, row })) : [];

function columnsOf(messages: Messages, language: Language): Column<Listed>[] {
  const m = messages.postgres.columns;
  const text = (key: string, title: string, more: Partial<Column<Listed>> = {}): Column<Listed> => ({
    key,
    title,
    sort: ({ row }) => row[key],
    cell: ({ row }) => textOf(row, key) ?? <Nothing />,
    ...more,
  });
  const figure = (key: string, title: string, show: (value: number) => ReactNode): Column<Listed> => ({
    key,
    title,
    numeric: true,
    descending: true,
    width: 88,
    sort: ({ row }) => row[key],
    cell: ({ row }) => {
      const value = numberOf(row, key);
      return value === undefined ? <Nothing /> : show(value);
    },
  });
  return [
    text('name', m.name, {
      width: 130,
      grow: true,
      cell: ({ row }) => <span className="font-medium">{textOf(row, 'name')}</span>,
    }),
    {
      key: 'state',
      title: m.state,
      width: 84,
      priority: 1,
      sort: ({ row }) => row['state'],
      cell: ({ row }) => <Badge tone={toneOfState(textOf(row, 'state') ?? '')}>{textOf(row, 'state')}</Badge>,
    },
    {
      key: 'environment',
      title: m.environment,
      width: 110,
      priority: 1,
      sort: (listed) => listed.environment,
      cell: (listed) => listed.environment,
    },
    text('owner', m.owner, { width: 100 }),
    text('version', m.version, { width: 80 }),
    text('role', m.role, { width: 84 }),
    figure('size', m.size, (value) => bytes(value, language)),
    {
      ...figure('connections', m.connections, String),
      width: 112,
      cell: ({ row }) => <Connections used={numberOf(row, 'connections')} allowed={numberOf(row, 'connectionsAllowed')} />,
    },
    { ...figure('lag', m.lag, duration), priority: 3 },
    { ...figure('uptime', m.uptime, duration), width: 120, priority: 3 },
    text('source', m.source, { width: 110, priority: 3 }),
  ];
}

function Connections({ used, allowed }: { readonly used: number | undefined; readonly allowed: number | undefined }): ReactNode {
  if (used === undefined) return <Nothing />;
  const isNearEnd = allowed !== undefined && used / allowed >= 0.8;
  return (
    <span className={isNearEnd ? 'font-medium text-bad' : undefined}>
      {used}
      {allowed !== undefined && <span className="text-faint"> / {allowed}</span>}
    </span>
  );
}

const Nothing = (): ReactNode => <span className="text-faint">–</span>;
