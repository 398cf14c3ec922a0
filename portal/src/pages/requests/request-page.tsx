import { isEnded } from '@guichet/client';
import { canonicalRequestId, type Request } from '@guichet/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link, Navigate } from '@tanstack/react-router';
import { Globe } from 'lucide-react';
import { type ReactNode, useRef, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { NotFound } from '../../app/failed-page.tsx';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Time } from '../../ui/time.tsx';
import { AboutPanel } from './request/about-panel.tsx';
import { ApprovalsPanel } from './request/approvals-panel.tsx';
import { AuditPanel } from './request/audit-panel.tsx';
import { Changed } from './request/changed.tsx';
import { CommandsMenu } from './request/commands-menu.tsx';
import { Decide, NextToApprove } from './request/decide.tsx';
import { useFollowed } from './request/follow.ts';
import { InputPanel } from './request/input-panel.tsx';
import { LiveLog } from './request/live-log.tsx';
import { PlanDiff } from './request/plan-diff.tsx';
import { PlanPanel } from './request/plan-panel.tsx';
import { ReceiptPanel } from './request/receipt-panel.tsx';
import { RelatedPanel, TemporaryPanel } from './request/related-panel.tsx';
import { ResultPanel } from './request/result-panel.tsx';
import { BrokenGlass, Standing } from './request/standing.tsx';
import { Timeline } from './request/timeline.tsx';
import { RiskBadge } from './risk-badge.tsx';
import { StateBadge } from './state-badge.tsx';

const route = getRouteApi('/requests/$request');

/** One request: what, why, who has to agree, what happens, how it ended. */
export function RequestPage(): ReactNode {
  const { request } = route.useParams();
  const id = canonicalRequestId(request);
  if (id === undefined) return <NotFound />;
  if (id !== request) return <Navigate to="/requests/$request" params={{ request: id }} replace />;
  // What is kept of one request (its events, what was looked at, what was typed) is of no other.
  return <OneRequest key={id} id={id} />;
}

function OneRequest({ id }: { readonly id: string }): ReactNode {
  const query = useQuery(asked('requests.show', { params: { request: id } }));
  if (query.data === undefined)
    return (
      <Page title={id}>
        <Loaded query={query}>{() => null}</Loaded>
      </Page>
    );
  return <Loaded query={query}>{(request) => <RequestBody request={request} />}</Loaded>;
}

function RequestBody({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request;
  const queries = useQueryClient();
  const known = useRef(request.lastEvent);
  known.current = Math.max(known.current, request.lastEvent);
  const followed = useFollowed({
    request: request.id,
    lastEvent: request.lastEvent,
    onEvent: ({ number, type }) => {
      // What was there when the page was loaded is in what was loaded; what a run says changes nothing of it.
      if (number <= known.current || type === 'run.log' || type === 'run.progress') return;
      void queries.invalidateQueries({ queryKey: asked('requests.show', { params: { request: request.id } }).queryKey });
      void queries.invalidateQueries({ queryKey: ['requests.list'] });
    },
  });
  // What the reader has looked at is what they decide on, whatever comes meanwhile.
  const [seen, setSeen] = useState(request);
  const isChanged = seen.digest !== request.digest;
  const { state, drift, output, review, run, temporary } = request;
  const hasEnded = isEnded(state);
  const isRunning = state === 'running';
  const live = (isRunning || followed.log.length > 0 || followed.problem !== undefined) && (
    <LiveLog followed={followed} isRunning={isRunning} onRetry={followed.retry} />
  );
  return (
    <Page
      wide
      title={request.summary}
      trail={
        <span className="flex items-center gap-1">
          <Link to="/requests">{m.trail}</Link> / <span className="text-soft">{request.id}</span>
          <CopyButton text={`${location.origin}/requests/${request.id}`} />
        </span>
      }
      beside={
        <>
          <StateBadge state={state} />
          <Badge tone="accent" icon={Globe}>
            {request.environment}
          </Badge>
          <RiskBadge risk={request.risk} />
        </>
      }
      about={
        <>
          {m.asked(request.requester.name, request.title, request.environment)} · <Time at={request.createdAt} />
        </>
      }
      actions={<CommandsMenu request={request} />}
    >
      <div className="grid items-start gap-4 max-lg:pb-32 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {isChanged && <Changed seen={seen} now={request} onSeen={() => setSeen(request)} />}
          {review !== null && <BrokenGlass review={review} />}
          <Standing request={request} />
          {drift !== null && (
            <Panel title={m.drift.title}>
              <p className="mb-3 text-sm text-soft">{m.drift.about}</p>
              <PlanDiff before={request.plan} after={drift} sides="approved" />
              <p className="mt-3 text-sm">{m.drift.again}</p>
            </Panel>
          )}
          {isRunning && live}
          {hasEnded && output !== null && <ResultPanel request={request} output={output} />}
          <PlanPanel request={request} isDone={state !== 'awaiting_approval' && state !== 'queued'} />
          <InputPanel input={request.input} />
          {!isRunning && live}
          <Timeline followed={followed} />
        </div>
        {/* As long as it fits, it stays in sight: the decision is in it. */}
        <aside className="flex min-w-0 flex-col gap-4 lg:sticky lg:top-16 lg:max-h-[calc(100dvh-5rem)] lg:overflow-y-auto">
          <Decide request={request} digest={seen.digest} isChanged={isChanged} />
          {(state === 'awaiting_approval' || request.gates.length > 0) && <ApprovalsPanel request={request} />}
          {temporary !== null && <TemporaryPanel temporary={temporary} />}
          <AboutPanel request={request} />
          <RelatedPanel request={request} />
          {run !== null && run.dispatchedAt !== null && <ReceiptPanel run={run} />}
          <AuditPanel request={request.id} />
          <NextToApprove request={request.id} />
        </aside>
      </div>
    </Page>
  );
}
