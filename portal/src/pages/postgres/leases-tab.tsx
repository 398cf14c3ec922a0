import type { TableOutput } from '@guichet/contract';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import { Copy, Ellipsis, KeyRound, OctagonX, Plug, ScrollText } from 'lucide-react';
import { type ReactNode, useCallback, useMemo } from 'react';
import { useMe } from '../../api/me.ts';
import { useRead } from '../../api/read.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useSpoken } from '../../messages/index.tsx';
import { columnsFor, type Row } from '../../outputs/table-columns.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { Code } from '../../ui/copy.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Segmented } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Menu } from '../../ui/menu.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useCopyAndTell } from '../../ui/use-copy.ts';
import { useAsk } from './ask.tsx';
import { textOf } from './cells.ts';
import { useInstance } from './instance.ts';
import { readLeasesSearch } from './search.ts';

const route = getRouteApi('/postgres/$environment/$instance/leases');

/** Who is let into the databases of the server: mine, or everybody's. */
export function LeasesTab(): ReactNode {
  const { messages } = useSpoken();
  const m = messages.postgres.leases;
  const { environment, instance } = useInstance();
  const { whose } = useFilter(route.useSearch(), readLeasesSearch);
  const navigate = route.useNavigate();
  const me = useMe().principal.name;
  const ask = useAsk();
  const query = useRead('table', { action: 'postgres.leases.list', environment, input: { instance } }, { everyMs: 5000 });
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <Segmented
          label={m.whose}
          items={[
            { value: 'mine', label: m.mine },
            { value: 'all', label: m.all },
          ]}
          value={whose ?? 'mine'}
          onChange={(chosen) => void navigate({ search: chosen === 'all' ? { whose: 'all' } : {}, replace: true })}
        />
        <span className="flex-1" />
        <Button
          look="primary"
          icon={Plug}
          onClick={() => ask({ action: 'postgres.connect', input: { instance }, withForm: true })}
        >
          {m.connect}
        </Button>
      </div>
      <Panel flush>
        <Loaded query={query}>{(output) => <LeaseTable output={output} only={whose === 'all' ? undefined : me} />}</Loaded>
      </Panel>
      <section>
        <h2 className="mb-1 text-sm font-medium">{m.command}</h2>
        <Code
          text={`guichet postgres connect --instance ${instance} --database DATABASE --env ${environment}`}
          label={m.command}
        />
      </section>
    </div>
  );
}

function LeaseTable({ output, only }: { readonly output: TableOutput; readonly only: string | undefined }): ReactNode {
  const spoken = useSpoken();
  const m = spoken.messages.postgres.leases;
  const rows = useMemo(
    () => (only === undefined ? output.rows : output.rows.filter((row) => row['who'] === only)),
    [output.rows, only],
  );
  const columns = useMemo(
    () => columnsFor({ columns: output.columns, rows: output.rows }, { spoken, isWide: false }),
    [output.columns, output.rows, spoken],
  );
  const link = useCallback(
    (row: Row) => ({ to: '/requests/$request', params: { request: textOf(row, 'request') ?? '' } }) as const,
    [],
  );
  const actions = useCallback((row: Row, focus: { readonly tabIndex: 0 | -1 }) => <LeaseMenu row={row} {...focus} />, []);
  return (
    <DataTable
      caption={spoken.messages.postgres.tabs.leases}
      columns={columns}
      rows={rows}
      rowId={leaseOf}
      link={link}
      actions={actions}
      empty={
        <EmptyState icon={KeyRound} title={only === undefined ? m.none : m.noneMine}>
          {m.noneText}
        </EmptyState>
      }
    />
  );
}

const leaseOf = (row: Row): string => textOf(row, 'lease') ?? '';

function LeaseMenu({ row, tabIndex }: { readonly row: Row; readonly tabIndex: 0 | -1 }): ReactNode {
  const { postgres, outputs } = useSpoken().messages;
  const m = postgres.leases;
  const navigate = useNavigate();
  const me = useMe().principal.name;
  const ask = useAsk();
  const copyAndTell = useCopyAndTell();
  const request = textOf(row, 'request') ?? '';
  const command = `guichet requests connect ${request}`;
  const input = { instance: textOf(row, 'instance') ?? '', lease: leaseOf(row) };
  return (
    <Menu
      trigger={<IconButton size="sm" icon={Ellipsis} label={m.more(request)} tabIndex={tabIndex} />}
      entries={[
        ...(row['who'] === me
          ? [
              {
                label: m.open,
                icon: Copy,
                onSelect: () => copyAndTell(command, outputs.copied(command)),
              },
            ]
          : []),
        {
          label: request,
          icon: ScrollText,
          onSelect: () => void navigate({ to: '/requests/$request', params: { request } }),
        },
        'line',
        { label: m.revoke, icon: OctagonX, tone: 'bad', onSelect: () => ask({ action: 'postgres.leases.revoke', input }) },
      ]}
    />
  );
}
