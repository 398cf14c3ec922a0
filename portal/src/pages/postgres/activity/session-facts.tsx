import type { TableOutput } from '@guichet/contract';
import type { ReactNode } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Cell } from '../../../outputs/cell.tsx';
import { Code } from '../../../ui/copy.tsx';
import { Facts } from '../../../ui/facts.tsx';
import { textOf } from '../cells.ts';

/** Everything that is known of a session. */
export function SessionFacts({ row }: { readonly row: TableOutput['rows'][number] }): ReactNode {
  const m = useMessages().postgres.activity.columns;
  const query = textOf(row, 'query');
  return (
    <div className="flex flex-col gap-3">
      {query !== undefined && <Code text={query} label={m.query} />}
      <Facts
        rows={[
          [m.state, <Cell key="state" value={row['state']} type="state" />],
          [m.application, textOf(row, 'application')],
          [m.user, textOf(row, 'user')],
          [m.database, textOf(row, 'database')],
          [m.client, textOf(row, 'client')],
          [m.transaction, <Cell key="transaction" value={row['transactionAge']} type="duration" />],
          [m.statement, <Cell key="statement" value={row['statementAge']} type="duration" />],
          [m.blockedBy, textOf(row, 'blockedBy')],
          [m.wait, textOf(row, 'wait')],
          [m.kind, textOf(row, 'kind')],
          [m.startedAt, <Cell key="startedAt" value={row['startedAt']} type="timestamp" />],
        ]}
      />
    </div>
  );
}
