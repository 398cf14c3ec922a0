import type { TableOutput } from '@guichet/contract';
import type { ReactNode } from 'react';
import type { Messages } from '../../../messages/en/index.ts';
import type { Language } from '../../../messages/language.ts';
import { Bar } from '../../../outputs/plan-tree.tsx';
import type { Column } from '../../../ui/data-table.tsx';
import { bytes, duration, number } from '../../../ui/format.ts';
import { numberOf, textOf } from '../cells.ts';

type Row = TableOutput['rows'][number];

/** The columns of the statements that cost most; the statement itself leads to how it is run. */
export function slowColumns({ messages, language }: { readonly messages: Messages; readonly language: Language }): Column<Row>[] {
  const m = messages.postgres.slow.columns;
  const figure = (
    key: string,
    title: string,
    show: (value: number) => ReactNode,
    more: Partial<Column<Row>> = {},
  ): Column<Row> => ({
    key,
    title,
    numeric: true,
    descending: true,
    width: 88,
    sort: (row) => row[key],
    cell: (row) => {
      const value = numberOf(row, key);
      return value === undefined ? <span className="text-faint">–</span> : show(value);
    },
    ...more,
  });
  const amount = (value: number): string => number(value, language);
  const text = (key: string, title: string): Column<Row> => ({
    key,
    title,
    width: 92,
    priority: 3,
    sort: (row) => row[key],
    cell: (row) => textOf(row, key) ?? '–',
  });
  return [
    {
      key: 'query',
      title: m.query,
      width: 220,
      grow: true,
      cell: (row) => <code className="font-mono text-xs">{textOf(row, 'query') ?? textOf(row, 'queryId')}</code>,
    },
    figure('total', m.total, duration, { priority: 1, width: 96 }),
    figure(
      'share',
      m.share,
      (value) => (
        <span className="inline-flex items-center justify-end gap-2">
          <Bar share={value / 100} label={`${amount(value)} %`} />
          <span className="w-12">{value > 0 && value < 0.1 ? '< 0.1' : amount(value)} %</span>
        </span>
      ),
      { width: 160, priority: 3 },
    ),
    figure('calls', m.calls, amount),
    figure('meanMs', m.mean, milliseconds, { priority: 1 }),
    figure('maxMs', m.max, milliseconds, { priority: 3 }),
    figure('rows', m.rows, amount),
    figure('read', m.read, (value) => bytes(value, language)),
    text('database', m.database),
  ];
}

const milliseconds = (value: number): string => (value >= 1000 ? duration(value / 1000) : `${Number(value.toPrecision(3))} ms`);
