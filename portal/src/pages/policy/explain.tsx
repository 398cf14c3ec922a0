import type { PolicyExplained } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { CircleHelp } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState, Note } from '../../ui/states.tsx';
import { DecidingRules, DecisionWords } from './decision-words.tsx';
import { ExplainForm } from './explain-form.tsx';
import { explainBody, readExplainSearch } from './explain-search.ts';
import { PolicyPage } from './policy-page.tsx';

const route = getRouteApi('/policy/explain');

/** Why a decision is what it is: the question in the address, the answer beside it. */
export function PolicyExplain(): ReactNode {
  const m = useMessages().policy.explain;
  const search = useFilter(route.useSearch(), readExplainSearch);
  const navigate = useNavigate();
  const [input, setInput] = useState<Readonly<Record<string, unknown>>>();
  const body = useMemo(() => explainBody(search, input), [search, input]);
  return (
    <PolicyPage current="explain">
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
        <Panel title={m.form}>
          <ExplainForm
            key={JSON.stringify(search)}
            search={search}
            input={input}
            onAsk={(next, given) => {
              setInput(given);
              void navigate({ to: '/policy/explain', search: next });
            }}
          />
        </Panel>
        <Panel title={m.answer}>
          {body === undefined ? (
            <EmptyState icon={CircleHelp} title={m.empty}>
              {m.emptyText}
            </EmptyState>
          ) : (
            <Answer body={body} />
          )}
        </Panel>
      </div>
    </PolicyPage>
  );
}

function Answer({ body }: { readonly body: NonNullable<ReturnType<typeof explainBody>> }): ReactNode {
  const m = useMessages().policy;
  // What is asked about somebody else is recorded: not asked again by itself.
  const query = useQuery({ ...asked('policy.explain', { body }), staleTime: 60_000, refetchOnWindowFocus: false });
  const top = useRef<HTMLDivElement>(null);
  const isAnswered = query.data !== undefined;
  // Below the form, on a phone, the answer would not be seen.
  useEffect(() => {
    if (isAnswered && top.current && top.current.getBoundingClientRect().top > innerHeight * 0.8) top.current.scrollIntoView();
  }, [isAnswered]);
  return (
    <>
      <div ref={top} className="scroll-mt-28" />
      <p role="status" className="sr-only">
        {query.data && m.effects[query.data.decision.effect]}
      </p>
      <Loaded query={query}>{(explained) => <Explained explained={explained} />}</Loaded>
    </>
  );
}

function Explained({ explained }: { readonly explained: PolicyExplained }): ReactNode {
  const { policy, ui } = useMessages();
  const m = policy.explain;
  const { decision, rules, errors, changes } = explained;
  return (
    <div className="flex flex-col gap-4 text-sm">
      <div>
        <p className="mb-1.5 text-base font-medium">
          <Question explained={explained} />
        </p>
        <DecisionWords decision={decision} />
      </div>
      {errors.map((error) => (
        <Note key={error} tone="bad">
          {ui.labelled(m.error, error)}
        </Note>
      ))}
      <section>
        <h3 className="mb-1.5 text-xs font-medium text-faint">{m.because}</h3>
        <DecidingRules rules={rules} />
      </section>
      <section>
        <h3 className="mb-1.5 text-xs font-medium text-faint">{m.changes}</h3>
        {changes.length === 0 ? (
          <p className="text-soft">{m.noChanges}</p>
        ) : (
          <ul className="flex flex-col gap-2">
            {changes.map(({ what, decision: then }) => (
              <li key={what} className="flex flex-col gap-0.5">
                <span>{what}</span>
                <DecisionWords decision={then} />
              </li>
            ))}
          </ul>
        )}
      </section>
    </div>
  );
}

/** What was asked, as the gateway has understood it. */
function Question({ explained }: { readonly explained: PolicyExplained }): ReactNode {
  const m = useMessages().policy.explain;
  const { principal, operation, action, environment, resource, request } = explained;
  const verbs: Readonly<Record<string, string>> = m.whats;
  const [area = '', verb = ''] = operation.split('.');
  const isOfAction = area === 'action' && verb in verbs;
  const what = [
    isOfAction ? verbs[verb] : operation,
    action ?? '',
    environment === null ? '' : m.inEnvironment(environment),
    resource === null ? '' : m.ownedBy(resource.owner),
  ];
  return (
    <>
      {m.question(principal.name, what.filter((part) => part !== '').join(' '))}{' '}
      {request !== null && (
        <Link to={`/requests/${request}` as string} className="text-accent underline">
          {request}
        </Link>
      )}
    </>
  );
}
