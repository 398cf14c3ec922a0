import { getRouteApi, Link, Outlet, useMatchRoute } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useRead } from '../../api/read.ts';
import { useSpoken } from '../../messages/index.tsx';
import { toneOfState } from '../../outputs/state-tone.ts';
import { Badge } from '../../ui/badge.tsx';
import { bytes, duration } from '../../ui/format.ts';
import { Page } from '../../ui/page.tsx';
import { TabLinks } from '../../ui/tabs.tsx';
import { AskProvider } from './ask.tsx';
import { numberOf, textOf } from './cells.ts';

const route = getRouteApi('/postgres/$environment/$instance');

const TABS = [
  ['activity', 'activity'],
  ['blocking', 'blocking'],
  ['slow', 'slow-queries'],
  ['explain', 'explain'],
  ['health', 'health'],
  ['databases', 'databases'],
  ['tables', 'tables'],
  ['roles', 'roles'],
  ['settings', 'settings'],
  ['leases', 'leases'],
  ['replicas', 'replicas'],
] as const;

/** One server, and what can be seen of it. */
export function InstancePage(): ReactNode {
  const { messages } = useSpoken();
  const m = messages.postgres;
  const params = route.useParams();
  const { environment, instance } = params;
  const isAt = useMatchRoute();
  return (
    <AskProvider>
      <Page
        title={instance}
        wide
        trail={
          <>
            <Link to="/postgres">{m.title}</Link> /{' '}
            <Link to="/postgres" search={{ environment }}>
              {environment}
            </Link>
          </>
        }
        beside={<Standing environment={environment} instance={instance} />}
      >
        <TabLinks
          label={m.tabsLabel}
          tabs={TABS.map(([name, path]) => {
            const to = `/postgres/$environment/$instance/${path}` as const;
            return { label: m.tabs[name], link: { to, params }, current: isAt({ to, params }) !== false };
          })}
        />
        {/* What is typed and folded on a page of one server is not that of another. */}
        <Outlet key={`${environment}/${instance}`} />
      </Page>
    </AskProvider>
  );
}

/** How the server is, beside its name; nothing when it cannot be told: the view below says why. */
function Standing({ environment, instance }: { readonly environment: string; readonly instance: string }): ReactNode {
  const { language } = useSpoken();
  const { data } = useRead(
    'table',
    { action: 'postgres.instances', environment, input: {} },
    { everyMs: 30_000, staleMs: 10_000 },
  );
  const row = data?.rows.find((own) => own['name'] === instance);
  if (row === undefined) return null;
  const state = textOf(row, 'state') ?? '';
  const size = numberOf(row, 'size');
  const uptime = numberOf(row, 'uptime');
  const lag = numberOf(row, 'lag');
  const words = [
    textOf(row, 'role'),
    textOf(row, 'version') && `PostgreSQL ${textOf(row, 'version')}`,
    size === undefined ? undefined : bytes(size, language),
    uptime === undefined ? undefined : `↑ ${duration(uptime)}`,
    lag === undefined ? undefined : `lag ${duration(lag)}`,
    textOf(row, 'owner'),
  ].filter((word) => word !== undefined && word !== '');
  return (
    <>
      <Badge tone={toneOfState(state)}>{state}</Badge>
      <span className="text-sm text-faint">{words.join(' · ')}</span>
    </>
  );
}
