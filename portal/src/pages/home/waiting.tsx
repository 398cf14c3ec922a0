import { useQueries, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
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
  const toSettle = useToSettle();
  return (
    <Panel
      flush
      title={m.title}
      actions={<PanelLink link={{ to: '/requests', search: { view: 'to-approve' } }}>{m.all}</PanelLink>}
    >
      <Loaded query={toApprove}>
        {({ items: approvals }) => {
          const reviews = toReview.data?.items ?? [];
          if (approvals.length + reviews.length + toSettle.length === 0)
            return <p className="px-4 py-3 text-sm text-soft">{m.none}</p>;
          return (
            <>
              <Part title={m.approve} rows={approvals.slice(0, MOST)} more={approvals.length - MOST} />
              <Part title={m.review} rows={reviews} />
              <Part title={m.settle} rows={toSettle} />
            </>
          );
        }}
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
      <RequestRows items={rows} none="" beside={Since} />
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

function Since({ createdAt, expiresAt }: Row): ReactNode {
  return <Deadline createdAt={createdAt} expiresAt={expiresAt} />;
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
function useToSettle(): readonly Row[] {
  const unknown = useQuery(asked('requests.list', { query: { state: 'unknown', limit: MOST } }));
  const items = unknown.data?.items ?? [];
  const whole = useQueries({ queries: items.map(({ id }) => asked('requests.show', { params: { request: id } })) });
  return items.filter((_, index) => whole[index]?.data?.allowed.includes('resolve') === true);
}
