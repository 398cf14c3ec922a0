import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { toApproveQuery } from '../requests/to-approve.ts';
import { PanelLink } from './panel-link.tsx';
import { RequestRows, type Row } from './request-rows.tsx';

const MOST = 8;

/** What others wait for me to decide: approvals, reviews of broken glass, runs whose outcome I may settle. */
export function Waiting(): ReactNode {
  const m = useMessages().home.waiting;
  const toApprove = useQuery(toApproveQuery);
  const toReview = useQuery(asked('requests.list', { query: { toReview: 'true', limit: MOST } }));
  const unknown = useQuery(asked('requests.list', { query: { state: 'unknown', limit: MOST } }));
  const toSettle = useToSettle(unknown.data?.items);
  return (
    <Panel
      flush
      title={m.title}
      actions={<PanelLink link={{ to: '/requests', search: { view: 'to-approve' } }}>{m.all}</PanelLink>}
    >
      <Loaded query={toApprove}>
        {({ items: approvals }) => (
          <>
            <Part title={m.approve} rows={approvals.slice(0, MOST)} more={approvals.length - MOST} />
            {/* Each says so when it does not come: that nothing waits is said when all have answered, and not before. */}
            <Loaded query={toReview} skeleton={<Skeleton rows={1} />}>
              {({ items }) => <Part title={m.review} rows={items} />}
            </Loaded>
            <Loaded query={unknown} skeleton={<Skeleton rows={1} />}>
              {() => (
                <>
                  <Part title={m.settle} rows={toSettle.rows} />
                  {toSettle.isKnown && approvals.length + (toReview.data?.items.length ?? 1) + toSettle.rows.length === 0 && (
                    <p className="px-4 py-3 text-sm text-soft">{m.none}</p>
                  )}
                </>
              )}
            </Loaded>
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function Part({
  title,
  rows,
  more = 0,
}: {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly more?: number;
}): ReactNode {
  const m = useMessages();
  if (rows.length === 0) return null;
  return (
    <div className="border-b border-line last:border-b-0">
      <h3 className="px-4 pt-2 text-xs font-medium text-faint">
        {title}
        <span className="ml-1.5 tabular-nums">{rows.length + Math.max(more, 0)}</span>
      </h3>
      <RequestRows items={rows} none="" beside={(row) => <Deadline createdAt={row.createdAt} expiresAt={row.expiresAt} />} />
      {more > 0 && (
        <p className="px-4 pb-2 text-xs">
          <Link to="/requests" search={{ view: 'to-approve' }} className="text-accent hover:underline">
            {m.company.service.more(more)}
          </Link>
        </p>
      )}
    </div>
  );
}

function Deadline({ createdAt, expiresAt }: Pick<Row, 'createdAt' | 'expiresAt'>): ReactNode {
  const m = useMessages().home.waiting;
  return (
    <span className="flex flex-col items-end">
      <span>
        {m.asked} <Time at={createdAt} />
      </span>
      {expiresAt !== null && (
        <span>
          {m.lapses} <Time at={expiresAt} />
        </span>
      )}
    </span>
  );
}

/** Who may settle a run is said by each request: there are few that are unknown. */
function useToSettle(unknown: readonly Row[] = []): { readonly rows: readonly Row[]; readonly isKnown: boolean } {
  const whole = useQueries({ queries: unknown.map(({ id }) => asked('requests.show', { params: { request: id } })) });
  return {
    rows: unknown.filter((_, index) => whole[index]?.data?.allowed.includes('resolve') === true),
    isKnown: whole.every(({ data }) => data !== undefined),
  };
}
