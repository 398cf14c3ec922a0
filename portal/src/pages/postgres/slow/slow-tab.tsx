import type { TableOutput } from '@guichet/contract';
import { getRouteApi } from '@tanstack/react-router';
import { RotateCw, Timer } from 'lucide-react';
import { type ReactNode, useCallback, useMemo } from 'react';
import { useRead } from '../../../api/read.ts';
import { present } from '../../../app/search-values.ts';
import { useFilter } from '../../../app/use-filter.ts';
import { useSpoken } from '../../../messages/index.tsx';
import { Notes } from '../../../outputs/notes.tsx';
import { IconButton } from '../../../ui/button.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { Checkbox, Select } from '../../../ui/field.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Panel } from '../../../ui/page.tsx';
import { EmptyState, Skeleton } from '../../../ui/states.tsx';
import { textOf } from '../cells.ts';
import { useInstance } from '../instance.ts';
import { readSlowSearch, SORTS, WINDOWS } from '../search.ts';
import { SlowCharts } from './slow-charts.tsx';
import { slowColumns } from './slow-columns.tsx';

type Row = TableOutput['rows'][number];

const route = getRouteApi('/postgres/$environment/$instance/slow-queries');
const RESET = 'reset';

/** Which statements cost most, since the counters were reset or within a window from now on. */
export function SlowTab(): ReactNode {
  const spoken = useSpoken();
  const { postgres } = spoken.messages;
  const m = postgres.slow;
  const { environment, instance } = useInstance();
  const { sort = 'total', window, charts = false } = useFilter(route.useSearch(), readSlowSearch);
  const navigate = route.useNavigate();
  const query = useRead(
    'table',
    {
      action: 'postgres.slow-queries',
      environment,
      input: { instance, sort, limit: 100, ...(window !== undefined && { window }) },
    },
    // A window takes as long as it is: it is looked through again only when somebody asks.
    { staleMs: window === undefined ? 5000 : 10 * 60_000 },
  );
  const columns = useMemo(() => slowColumns(spoken), [spoken]);
  const link = useCallback(
    (row: Row) =>
      ({
        to: '/postgres/$environment/$instance/explain',
        params: { environment, instance },
        search: { queryId: textOf(row, 'queryId') ?? '', database: textOf(row, 'database') ?? '' },
      }) as const,
    [environment, instance],
  );
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Select
          aria-label={m.sort}
          className="w-52!"
          items={SORTS.map((value) => ({ value, label: `${m.sort} ${m.sorts[value]}` }))}
          value={sort}
          onChange={(chosen) => void navigate({ search: (before) => present({ ...before, sort: chosen }), replace: true })}
        />
        <Select
          aria-label={m.window}
          className="w-52!"
          items={[
            { value: RESET, label: `${m.window} ${m.windows.reset}` },
            ...WINDOWS.map((value) => ({ value, label: `${m.window} ${m.windows[value]}` })),
          ]}
          value={window ?? RESET}
          onChange={(chosen) =>
            void navigate({
              search: (before) => present({ ...before, window: WINDOWS.find((own) => own === chosen) }),
              replace: true,
            })
          }
        />
        <IconButton icon={RotateCw} label={postgres.live.refresh} onClick={() => void query.refetch()} />
        <span role="status" className="text-xs text-faint">
          {query.isFetching && window !== undefined && m.watching(window)}
        </span>
        <span className="flex-1" />
        <Checkbox
          label={m.charts}
          checked={charts}
          onChange={(checked) =>
            void navigate({ search: (before) => present({ ...before, charts: checked || undefined }), replace: true })
          }
        />
      </div>
      {charts && <SlowCharts environment={environment} instance={instance} />}
      <Panel flush>
        <Loaded query={query} skeleton={<Skeleton rows={10} />}>
          {({ rows, notes, empty }) => (
            <>
              <DataTable
                caption={m.caption}
                columns={columns}
                rows={rows}
                rowId={rowIdOf}
                link={link}
                empty={<EmptyState icon={Timer} title={empty ?? m.none} />}
              />
              <Notes notes={notes} />
            </>
          )}
        </Loaded>
      </Panel>
    </div>
  );
}

const rowIdOf = (row: Row): string => [row['queryId'], row['database'], row['user']].join(' ');
