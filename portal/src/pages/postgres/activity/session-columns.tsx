import type { TableOutput } from '@guichet/contract';
import type { ReactNode } from 'react';
import type { Messages } from '../../../messages/en/index.ts';
import { toneOfState } from '../../../outputs/state-tone.ts';
import { Badge } from '../../../ui/badge.tsx';
import type { Column } from '../../../ui/data-table.tsx';
import { duration } from '../../../ui/format.ts';
import { numberOf, textOf } from '../cells.ts';

type Row = TableOutput['rows'][number];

/** A session as it was seen, and how many of those that are seen wait for it. */
export interface Session {
  readonly row: Row;
  readonly blocks: number;
}

const cache = new WeakMap<Row, Session>();

/** A session is the same thing as long as nothing of it has changed, so that its row is not drawn again. */
function sessionOf(row: Row, blocks: number): Session {
  const known = cache.get(row);
  if (known?.blocks === blocks) return known;
  const made = { row, blocks };
  cache.set(row, made);
  return made;
}

/** Rows of `activity` with what they say of each other: whoever a row names as blocker holds it up. */
export function sessionsOf(rows: readonly Row[]): readonly Session[] {
  const blocks = new Map<string, number>();
  for (const row of rows)
    for (const pid of textOf(row, 'blockedBy')?.match(/\d+(?! more)\b/g) ?? []) blocks.set(pid, (blocks.get(pid) ?? 0) + 1);
  return rows.map((row) => sessionOf(row, blocks.get(pidOf(row)) ?? 0));
}

export const pidOf = (row: Row): string => String(row['pid']);
export const isWaiting = ({ row }: Session): boolean => textOf(row, 'blockedBy') !== undefined;

/** Rows that wait, and those that hold others up, stand out; words in the row say which it is. */
export function toneOf(session: Session): string | undefined {
  if (session.blocks > 0) return 'shadow-[inset_3px_0_0_var(--bad)]';
  return isWaiting(session) ? 'shadow-[inset_3px_0_0_var(--warn)]' : undefined;
}

export function sessionColumns(messages: Messages): Column<Session>[] {
  const m = messages.postgres.activity;
  const { columns: names } = m;
  const text = (key: keyof typeof names & string, more: Partial<Column<Session>>): Column<Session> => ({
    key,
    title: names[key],
    sort: ({ row }) => row[key],
    cell: ({ row }) => textOf(row, key) ?? <Nothing />,
    ...more,
  });
  const age = (key: string, title: string): Column<Session> => ({
    key,
    title,
    numeric: true,
    descending: true,
    width: 112,
    priority: key === 'statementAge' ? 3 : 2,
    sort: ({ row }) => row[key],
    cell: ({ row }) => <Age seconds={numberOf(row, key)} />,
  });
  return [
    {
      key: 'pid',
      title: names.pid,
      width: 72,
      sort: ({ row }) => Number(row['pid']),
      cell: ({ row }) => <code className="font-mono text-xs">{pidOf(row)}</code>,
    },
    {
      key: 'state',
      title: names.state,
      width: 120,
      priority: 1,
      sort: ({ row }) => row['state'],
      cell: (session) => <StateOf session={session} blocks={m.blocks} />,
    },
    text('application', { width: 122, priority: 1 }),
    age('transactionAge', names.transaction),
    age('statementAge', names.statement),
    text('blockedBy', {
      width: 110,
      cell: ({ row }) => {
        const by = textOf(row, 'blockedBy');
        return by === undefined ? <Nothing /> : <span className="font-medium text-warn">{by}</span>;
      },
    }),
    text('query', {
      width: 180,
      grow: true,
      cell: ({ row }) => <code className="font-mono text-xs">{textOf(row, 'query') ?? '–'}</code>,
    }),
    text('user', { width: 90, priority: 3 }),
    text('database', { width: 100, priority: 3 }),
  ];
}

function StateOf({ session, blocks }: { readonly session: Session; readonly blocks: (count: number) => string }): ReactNode {
  const state = textOf(session.row, 'state');
  if (session.blocks > 0) return <Badge tone="bad">{blocks(session.blocks)}</Badge>;
  return state === undefined ? <Nothing /> : <Badge tone={isWaiting(session) ? 'warn' : toneOfState(state)}>{state}</Badge>;
}

/** Long ones stand out: a minute is long for a transaction of a service. */
function Age({ seconds }: { readonly seconds: number | undefined }): ReactNode {
  if (seconds === undefined) return <Nothing />;
  // Whole seconds: fractions would flicker.
  const shown = seconds < 10 ? `${seconds.toFixed(1)} s` : duration(Math.round(seconds));
  return <span className={seconds >= 60 ? 'font-medium text-warn' : undefined}>{shown}</span>;
}

const Nothing = (): ReactNode => <span className="text-faint">–</span>;
