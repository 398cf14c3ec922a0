import type { AuditEvent, AuditProof } from '@guichet/contract';
import { type InfiniteData, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Hourglass } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked, asProblem } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Code } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState, ErrorState, Skeleton } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { RequestName } from '../company/names.tsx';
import { detailOf } from './event-detail.ts';
import { OutcomeBadge, phraseOf } from './event-words.tsx';
import { ProofPanel } from './proof-panel.tsx';
import { AuditStanding } from './standing.tsx';

const route = getRouteApi('/audit/$event');
const AGAIN_MS = 2000;

/** One event: all that is recorded of it, and its proof. What is shown is what was sealed, as soon as it is. */
export function AuditEventPage(): ReactNode {
  const m = useMessages();
  const { event: id } = route.useParams();
  const listed = useListed(id);
  const proof = useQuery({
    ...asked('audit.proof', { params: { event: id } }),
    staleTime: Number.POSITIVE_INFINITY, // it holds for ever
    // Somebody who comes from the list may be here before it is sealed.
    refetchInterval: ({ state }) => (listed !== undefined && isUnsealed(state.error) ? AGAIN_MS : false),
  });
  const event = useMemo(() => (proof.data ? readEvent(proof.data) : undefined), [proof.data]) ?? listed;
  const isWaiting = listed !== undefined && isUnsealed(proof.error);
  return (
    <Page
      title={m.audit.event.title(id)}
      trail={<Link to="/audit">{m.audit.title}</Link>}
      beside={event && <OutcomeBadge outcome={event.outcome} />}
      about={event && `${event.actor.name} ${phraseOf(event.type, m)}`}
    >
      <AuditStanding />
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        {event !== undefined && (
          <div className="flex min-w-0 flex-col gap-4">
            <EventFacts event={event} />
            <Panel title={m.audit.event.data}>
              <Code text={JSON.stringify(event.data, null, 2)} label={m.audit.event.data} wrap={false} />
            </Panel>
            {proof.data && (
              <Panel title={m.audit.event.line}>
                <Code text={proof.data.event} label={m.audit.event.line} />
              </Panel>
            )}
          </div>
        )}
        {proof.data !== undefined && <ProofPanel event={id} proof={proof.data} />}
        {proof.data === undefined && isWaiting && (
          <Panel title={m.audit.proof.title}>
            <div role="status">
              <EmptyState icon={Hourglass} title={m.audit.proof.notSealed}>
                {m.audit.proof.notSealedText}
              </EmptyState>
            </div>
          </Panel>
        )}
        {proof.data === undefined && !isWaiting && (
          <Panel>
            {proof.isError ? (
              <ErrorState error={asProblem(proof.error)} onRetry={() => void proof.refetch()} />
            ) : (
              <Skeleton rows={5} />
            )}
          </Panel>
        )}
      </div>
    </Page>
  );
}

const isUnsealed = (error: Error | null): boolean => error !== null && asProblem(error).code === 'audit.not_sealed';

function EventFacts({ event }: { readonly event: AuditEvent }): ReactNode {
  const m = useMessages();
  const detail = detailOf(event);
  return (
    <Panel title={m.audit.event.facts}>
      <Facts
        rows={[
          [m.audit.columns.what, detail === '' ? phraseOf(event.type, m) : m.ui.labelled(phraseOf(event.type, m), detail)],
          [m.audit.event.type, <Mono key="type" text={event.type} />],
          [
            m.audit.columns.who,
            <span key="who">
              {event.actor.name} <Mono text={event.actor.id} />
            </span>,
          ],
          [m.audit.columns.when, <Time key="when" at={event.at} />],
          [m.audit.columns.action, event.action && <Mono text={event.action} />],
          [m.audit.columns.environment, event.environment],
          [m.audit.columns.resource, event.resource && <Mono text={event.resource} />],
          [m.audit.columns.request, event.request && <RequestLinks request={event.request} />],
        ]}
      />
    </Panel>
  );
}

function RequestLinks({ request }: { readonly request: string }): ReactNode {
  const m = useMessages().audit.event;
  return (
    <>
      <RequestName id={request} className="text-accent underline" /> ·{' '}
      <Link to="/audit" search={{ request }} className="text-accent underline">
        {m.related}
      </Link>
    </>
  );
}

const Mono = ({ text }: { readonly text: string }): ReactNode => <span className="font-mono text-xs text-soft">{text}</span>;

/** What the sealed line says; undefined when it cannot be read. */
function readEvent({ event }: AuditProof): AuditEvent | undefined {
  try {
    return JSON.parse(event) as AuditEvent; // the gateway wrote the line in this form: docs/spec/audit.md
  } catch {
    return undefined;
  }
}

/** The event as a list has shown it a moment ago. */
function useListed(id: string): AuditEvent | undefined {
  const queries = useQueryClient();
  return useMemo(() => {
    const lists = queries.getQueriesData<InfiniteData<{ readonly items: readonly AuditEvent[] }>>({
      queryKey: ['audit.list', 'pages'],
    });
    return lists
      .flatMap(([, data]) => data?.pages ?? [])
      .flatMap(({ items }) => items)
      .find((event) => event.id === id);
  }, [queries, id]);
}
