import type { TableOutput as TableData } from '@guichet/contract';
import { Download, Search } from 'lucide-react';
import { type ReactNode, useDeferredValue, useMemo, useState } from 'react';
import { useSpoken } from '../messages/index.tsx';
import { IconButton } from '../ui/button.tsx';
import { DataTable } from '../ui/data-table.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Facts } from '../ui/facts.tsx';
import { Checkbox, Field, TextInput } from '../ui/field.tsx';
import { Menu } from '../ui/menu.tsx';
import { EmptyState } from '../ui/states.tsx';
import { useCopyAndTell } from '../ui/use-copy.ts';
import { cellText, FullCell } from './cell.tsx';
import { fileName, saveFile, toCsv, toJson } from './export-rows.ts';
import { columnsFor, type Row } from './table-columns.tsx';

/** Below so many rows nobody needs to search. */
const FILTER_FROM = 6;

/** Rows of an action: sorted, filtered as one types, copied, saved; a click shows all of one. */
export function TableOutput({ output, name }: { readonly output: TableData; readonly name: string }): ReactNode {
  const spoken = useSpoken();
  const m = spoken.messages.outputs;
  const [isWide, setWide] = useState(false);
  const [filter, setFilter] = useState('');
  const [opened, setOpened] = useState<Row>();
  const wanted = useDeferredValue(filter.trim().toLowerCase());
  const { columns: given, rows } = output;
  const columns = useMemo(() => columnsFor({ columns: given, rows }, { spoken, isWide }), [given, rows, spoken, isWide]);
  const found = useMemo(() => {
    if (wanted === '') return rows;
    const words = wanted.split(/\s+/);
    return rows.filter((row) => {
      const text = given
        .map(({ key, type }) => `${cellText(row[key], type, spoken)} ${row[key] ?? ''}`)
        .join(' ')
        .toLowerCase();
      return words.every((word) => text.includes(word));
    });
  }, [rows, given, wanted, spoken]);
  const rowId = useMemo(() => byPlace(rows), [rows]);
  const copyAndTell = useCopyAndTell();
  if (rows.length === 0) return <EmptyState title={output.empty ?? m.nothing} />;
  const chosen = { columns: given, rows: found };
  const copy = (text: string, format: string): void =>
    copyAndTell(text, m.copied(`${m.rows(found.length, found.length)}, ${format}`));
  return (
    <div className="flex min-w-0 flex-col">
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 border-b border-line px-4 py-1.5">
        {rows.length >= FILTER_FROM && (
          <Field label={m.filter} hideLabel className="relative w-56 max-sm:w-full">
            <Search size={13} aria-hidden className="pointer-events-none absolute top-2 left-2 z-1 text-faint" />
            <TextInput
              type="search"
              placeholder={m.filter}
              value={filter}
              onChange={(event) => setFilter(event.currentTarget.value)}
              className="h-7! pl-7"
            />
          </Field>
        )}
        <span role="status" className="text-xs text-faint tabular-nums">
          {m.rows(found.length, rows.length)}
        </span>
        <span className="flex-1" />
        {given.some(({ wide }) => wide) && <Checkbox label={m.allColumns} checked={isWide} onChange={setWide} />}
        <Menu
          trigger={<IconButton size="sm" icon={Download} label={m.export} />}
          entries={[
            { label: m.copyAs('CSV'), onSelect: () => copy(toCsv(chosen), 'CSV') },
            { label: m.copyAs('JSON'), onSelect: () => copy(toJson(chosen), 'JSON') },
            'line',
            { label: m.downloadAs('CSV'), onSelect: () => saveFile(fileName(name, 'csv'), toCsv(chosen), 'text/csv') },
            {
              label: m.downloadAs('JSON'),
              onSelect: () => saveFile(fileName(name, 'json'), toJson(chosen), 'application/json'),
            },
          ]}
        />
      </div>
      <DataTable
        caption={output.title ?? name}
        columns={columns}
        rows={found}
        rowId={rowId}
        onOpen={setOpened}
        empty={<EmptyState icon={Search} title={m.noneFits(filter)} />}
        className="max-h-[max(20rem,calc(100dvh-16rem))]"
      />
      {opened !== undefined && <RowDialog row={opened} columns={given} onClose={() => setOpened(undefined)} />}
    </div>
  );
}

/** Everything of one row, also what is left out or cut off in the table. */
function RowDialog({
  row,
  columns,
  onClose,
}: {
  readonly row: Row;
  readonly columns: TableData['columns'];
  readonly onClose: () => void;
}): ReactNode {
  const m = useSpoken().messages.outputs;
  return (
    <Dialog open onClose={onClose} size="lg" title={m.details}>
      <Facts
        rows={columns.map(({ key, title, type }) => [title, <FullCell key={key} value={row[key]} type={type} title={title} />])}
      />
    </Dialog>
  );
}

/** Rows of an action have no name of their own: each is known by its place in the answer. */
function byPlace(rows: readonly Row[]): (row: Row) => string {
  const places = new Map(rows.map((row, place) => [row, String(place)]));
  return (row) => places.get(row) ?? '';
}
