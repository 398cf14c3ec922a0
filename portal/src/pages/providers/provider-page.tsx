import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { ActionRows } from '../company/action-rows.tsx';
import { TeamName } from '../company/names.tsx';
import { Figures } from './figures.tsx';
import { Health, LOOK_AGAIN_MS } from './health.tsx';
import { Reconcile } from './reconcile.tsx';

type Provider = ResponseOf<'providers.show'>;

const route = getRouteApi('/providers/$provider');

/** One provider: whether it answers, what it offers, how calls of it went, and whether its ledger agrees with our record. */
export function ProviderPage(): ReactNode {
  const m = useMessages().providers;
  const { provider: name } = route.useParams();
  const query = useQuery({
    ...asked('providers.show', { params: { provider: name } }),
    refetchInterval: LOOK_AGAIN_MS,
  });
  return (
    <Page
      title={query.data?.title ?? name}
      trail={<Link to="/providers">{m.title}</Link>}
      beside={
        query.data && (
          <>
            {query.data.title !== null && <Badge>{name}</Badge>}
            <Health available={query.data.available} />
            <span className="text-sm text-faint">
              {m.since} <Time at={query.data.since} />
            </span>
          </>
        )
      }
    >
      <Loaded query={query}>{(provider) => <Shown provider={provider} />}</Loaded>
    </Page>
  );
}

function Shown({ provider }: { readonly provider: Provider }): ReactNode {
  const m = useMessages().providers;
  return (
    <>
      {!provider.available && <Note tone="bad">{provider.unavailableReason ?? m.unavailable}</Note>}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
        <div className="flex min-w-0 flex-col gap-4">
          <Figures figures={provider.figures} />
          <Offered provider={provider} />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <About provider={provider} />
          <Reconcile key={provider.name} provider={provider.name} hasLedger={provider.ledger} />
        </div>
      </div>
    </>
  );
}

function Offered({ provider }: { readonly provider: Provider }): ReactNode {
  const m = useMessages().providers;
  const query = useQuery({ ...asked('actions.list', { query: { provider: provider.name } }), staleTime: 60_000 });
  return (
    <Panel flush title={`${m.actions} · ${m.actionsCount(provider.actions.read, provider.actions.write)}`}>
      <Loaded query={query}>{({ items }) => <ActionRows actions={items} none={m.noActions} />}</Loaded>
    </Panel>
  );
}

function About({ provider }: { readonly provider: Provider }): ReactNode {
  const m = useMessages().providers;
  const { name, version, team, protocol, where, manifestAt, receipts, receiptKeys, ledger } = provider;
  return (
    <Panel title={m.facts}>
      {manifestAt === null && <p className="mb-3 text-sm text-soft">{m.never}</p>}
      <Facts
        rows={[
          [m.name, name],
          [m.team, team !== null ? <TeamName key="team" name={team} /> : null],
          [m.version, version],
          [m.protocol, protocol],
          [m.where, m.wheres[where]],
          [m.manifest, manifestAt !== null ? <Time key="manifest" at={manifestAt} /> : null],
          [m.receipts, receipts ? m.receiptsYes : m.receiptsNo],
          [
            m.receiptKeys,
            receiptKeys.length > 0 ? (
              <ul key="keys">
                {receiptKeys.map((key) => (
                  <li key={key} className="flex items-center gap-1">
                    <code className="min-w-0 truncate font-mono text-xs">{key}</code>
                    <CopyButton text={key} />
                  </li>
                ))}
              </ul>
            ) : null,
          ],
          [m.ledger, ledger ? m.ledgerYes : m.ledgerNo],
        ]}
      />
    </Panel>
  );
}
