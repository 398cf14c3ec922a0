import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { RequestName } from '../company/names.tsx';

type Row = ResponseOf<'requests.list'>['items'][number];

const MOST = 20;

/** What I asked for that is undone by itself, the soonest first, and before them what a person has to undo. */
export function Lasting(): ReactNode {
  const m = useMessages().access.lasting;
  const scheduled = useQuery(asked('requests.list', { query: { requester: 'me', undo: 'scheduled', limit: MOST } }));
  const held = useQuery(asked('requests.list', { query: { requester: 'me', undo: 'held', limit: MOST } }));
  return (
    <Panel flush title={m.title}>
      <p className="border-b border-line px-4 py-1.5 text-xs text-faint">{m.about}</p>
      <Loaded query={held}>
        {({ items: first }) => (
          <Loaded query={scheduled}>{({ items }) => <LastingRows rows={[...first, ...soonestFirst(items)]} />}</Loaded>
        )}
      </Loaded>
    </Panel>
  );
}

function LastingRows({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const m = useMessages().access.lasting;
  if (rows.length === 0) return <p className="px-4 py-3 text-sm text-soft">{m.none}</p>;
  return (
    <ul>
      {rows.map((row) => (
        <LastingRow key={row.id} row={row} />
      ))}
    </ul>
  );
}

export const soonestFirst = (rows: readonly Row[]): readonly Row[] =>
  rows.toSorted((a, b) => (a.undoAt ?? '').localeCompare(b.undoAt ?? ''));

/** Whether it can be connected to is said by the request alone: each of these few is asked for by itself. */
export function LastingRow({ row }: { readonly row: Row }): ReactNode {
  const m = useMessages().access.lasting;
  const { data } = useQuery(asked('requests.show', { params: { request: row.id } }));
  const canConnect = data?.allowed.includes('connect') === true;
  const command = `guichet requests connect ${row.id}`;
  return (
    <li className="border-b border-line px-4 py-2 text-sm last:border-b-0 hover:bg-hover">
      <div className="flex items-baseline gap-3">
        <RequestName id={row.id} className="min-w-0 flex-1 truncate font-medium hover:text-accent hover:underline">
          {row.summary}
        </RequestName>
        {row.undoAt === null ? (
          <Badge tone="warn">{m.held}</Badge>
        ) : (
          <span className="shrink-0 text-xs text-soft">
            {m.ends} <Time at={row.undoAt} />
          </span>
        )}
      </div>
      <div className="flex flex-wrap items-center gap-x-2 text-xs text-faint">
        <span>
          {row.id} · {row.environment}
        </span>
        {canConnect && (
          <span className="inline-flex items-center">
            <code className="font-mono">{command}</code>
            <CopyButton text={command} label={m.connect} />
          </span>
        )}
      </div>
    </li>
  );
}
