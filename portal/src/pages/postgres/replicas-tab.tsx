import type { TableOutput } from '@guichet/contract';
import { Link } from '@tanstack/react-router';
import { CopyPlus, Layers2, Trash2 } from 'lucide-react';
import { type ReactNode, useCallback, useMemo } from 'react';
import { useRead } from '../../api/read.ts';
import { useSpoken } from '../../messages/index.tsx';
import { columnsFor, type Row } from '../../outputs/table-columns.tsx';
import { Button, IconButton } from '../../ui/button.tsx';
import { DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { useAsk } from './ask.tsx';
import { textOf } from './cells.ts';
import { useInstance } from './instance.ts';

/** The replicas of the server; made and deleted by requests. */
export function ReplicasTab(): ReactNode {
  const { messages } = useSpoken();
  const m = messages.postgres.replicas;
  const { environment, instance } = useInstance();
  const ask = useAsk();
  const query = useRead('table', { action: 'postgres.instances', environment, input: {} }, { everyMs: 5000 });
  const source = query.data?.rows.find((row) => row['name'] === instance)?.['replicaOf'];
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        {typeof source === 'string' && (
          <p className="text-sm">
            <Link
              to="/postgres/$environment/$instance/replicas"
              params={{ environment, instance: source }}
              className="text-accent hover:underline"
            >
              {m.of(source)}
            </Link>
          </p>
        )}
        <span className="flex-1" />
        <Button
          icon={CopyPlus}
          onClick={() => ask({ action: 'postgres.create-read-replica', input: { sourceInstance: instance }, withForm: true })}
        >
          {m.create}
        </Button>
        {typeof source === 'string' && (
          <Button
            look="danger"
            icon={Trash2}
            onClick={() => ask({ action: 'postgres.delete-read-replica', input: { instance } })}
          >
            {m.delete}
          </Button>
        )}
      </div>
      <Panel flush>
        <Loaded query={query}>{(output) => <ReplicaTable output={output} source={instance} />}</Loaded>
      </Panel>
    </div>
  );
}

function ReplicaTable({ output, source }: { readonly output: TableOutput; readonly source: string }): ReactNode {
  const spoken = useSpoken();
  const m = spoken.messages.postgres.replicas;
  const { environment } = useInstance();
  const ask = useAsk();
  const rows = useMemo(() => output.rows.filter((row) => row['replicaOf'] === source), [output.rows, source]);
  const columns = useMemo(
    () => columnsFor({ columns: output.columns, rows: output.rows }, { spoken, isWide: false }),
    [output.columns, output.rows, spoken],
  );
  const link = useCallback(
    (row: Row) =>
      ({
        to: '/postgres/$environment/$instance/activity',
        params: { environment, instance: nameOf(row) },
      }) as const,
    [environment],
  );
  const actions = useCallback(
    (row: Row, focus: { readonly tabIndex: 0 | -1 }) => (
      <IconButton
        size="sm"
        icon={Trash2}
        label={`${m.delete} ${nameOf(row)}`}
        {...focus}
        onClick={() => ask({ action: 'postgres.delete-read-replica', input: { instance: nameOf(row) } })}
      />
    ),
    [m, ask],
  );
  return (
    <DataTable
      caption={spoken.messages.postgres.tabs.replicas}
      columns={columns}
      rows={rows}
      rowId={nameOf}
      link={link}
      actions={actions}
      empty={
        <EmptyState icon={Layers2} title={m.none}>
          {m.noneText}
        </EmptyState>
      }
    />
  );
}

const nameOf = (row: Row): string => textOf(row, 'name') ?? '';
