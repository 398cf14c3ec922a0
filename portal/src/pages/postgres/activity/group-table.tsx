import type { TableOutput } from '@guichet/contract';
import { Ban, Ellipsis, OctagonX } from 'lucide-react';
import { type ReactNode, useCallback, useMemo } from 'react';
import { useSpoken } from '../../../messages/index.tsx';
import { columnsFor, type Row } from '../../../outputs/table-columns.tsx';
import { IconButton } from '../../../ui/button.tsx';
import { DataTable } from '../../../ui/data-table.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { EmptyState } from '../../../ui/states.tsx';
import { useAsk } from '../ask.tsx';
import { textOf } from '../cells.ts';
import { useInstance } from '../instance.ts';
import { type Grouping, SESSION_STATES } from '../search.ts';

interface GroupTableProps {
  readonly output: TableOutput;
  readonly by: Grouping;
  readonly filter: string;
  /** The filter that leaves the sessions of one group. */
  readonly onOpen: (narrower: Readonly<Record<string, string | undefined>>) => void;
}

/** How many sessions have something in common. */
export function GroupTable({ output, by, filter, onOpen }: GroupTableProps): ReactNode {
  const spoken = useSpoken();
  const m = spoken.messages.postgres.activity;
  const ask = useAsk();
  const { instance } = useInstance();
  // The columns stay as they are while the numbers change: only what the groups are called says how wide they are.
  const names = output.rows.map((row) => row['name']).join('\n');
  // biome-ignore lint/correctness/useExhaustiveDependencies: see above
  const columns = useMemo(
    () => columnsFor({ columns: output.columns, rows: output.rows }, { spoken, isWide: false }),
    [names, spoken, by],
  );
  const rowId = useCallback((row: Row) => textOf(row, 'fingerprint') ?? `${row['name']}`, []);
  const found = useMemo(() => {
    const wanted = filter.toLowerCase();
    return wanted === '' ? output.rows : output.rows.filter((row) => `${row['name']}`.toLowerCase().includes(wanted));
  }, [output.rows, filter]);
  const actions = useCallback(
    (row: Row, focus: { readonly tabIndex: 0 | -1 }) => {
      const fingerprint = textOf(row, 'fingerprint');
      return (
        <Menu
          trigger={<IconButton size="sm" icon={Ellipsis} label={m.more(fingerprint ?? `${row['name']}`)} {...focus} />}
          entries={[
            ...(fingerprint === undefined
              ? []
              : [
                  {
                    label: m.cancelAll,
                    icon: Ban,
                    onSelect: () => ask({ action: 'postgres.cancel-by-fingerprint', input: { instance, fingerprint } }),
                  },
                ]),
            {
              label: m.terminateIdle,
              icon: OctagonX,
              tone: 'bad' as const,
              onSelect: () =>
                ask({
                  action: 'postgres.terminate-idle-in-transaction',
                  input: { instance, ...narrowerOf(row, by) },
                  withForm: true,
                }),
            },
          ]}
        />
      );
    },
    [m, ask, instance, by],
  );
  const canOpen = by === 'application' || by === 'user' || by === 'database' || by === 'state';
  const open = useCallback(
    (row: Row) => onOpen(by === 'state' ? { state: SESSION_STATES.find((own) => own === row['name']) } : narrowerOf(row, by)),
    [onOpen, by],
  );
  return (
    <DataTable
      caption={m.groups[by]}
      columns={columns}
      rows={found}
      rowId={rowId}
      {...(canOpen && { onOpen: open })}
      actions={actions}
      empty={<EmptyState title={m.none} />}
      className="max-h-[max(20rem,calc(100dvh-17rem))]"
    />
  );
}

/** The fields of the input that name a group of its kind. */
function narrowerOf(row: Row, by: Grouping): Readonly<Record<string, string | undefined>> {
  const name = textOf(row, 'name');
  return name !== undefined && (by === 'application' || by === 'user' || by === 'database') ? { [by]: name } : {};
}
