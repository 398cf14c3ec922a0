import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages, useSpoken } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Code } from '../../ui/copy.tsx';
import { ExternalLink } from '../../ui/external-link.tsx';
import { Facts } from '../../ui/facts.tsx';
import { day } from '../../ui/format.ts';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { CompanyProblem } from '../company/company-problem.tsx';
import { TeamName } from '../company/names.tsx';
import { RequestRows } from '../home/request-rows.tsx';
import { Applications } from './applications.tsx';

const route = getRouteApi('/environments/$environment');

/** One environment: whose it is, how to reach it, what runs there and whether it may be deployed. */
export function EnvironmentPage(): ReactNode {
  const m = useMessages().environments;
  const { environment: name } = route.useParams();
  const query = useQuery(asked('environments.show', { params: { environment: name } }));
  return (
    <Page
      wide
      title={query.data?.title ?? name}
      beside={query.data && query.data.title !== null && <Badge>{name}</Badge>}
      trail={<Link to="/environments">{m.title}</Link>}
    >
      <CompanyProblem />
      <Loaded query={query}>{(environment) => <Shown environment={environment} />}</Loaded>
    </Page>
  );
}

function Shown({ environment }: { readonly environment: ResponseOf<'environments.show'> }): ReactNode {
  const m = useMessages().environments;
  const { language } = useSpoken();
  const { name, owner, created, description, links, configure, applications } = environment;
  const running = useQuery(asked('requests.list', { query: { environment: name, state: 'running', limit: 20 } }));
  return (
    <>
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Panel title={m.facts}>
          <Facts
            rows={[
              [m.owner, owner === null ? m.notSaid : <TeamName key="owner" name={owner} />],
              [m.created, created === null ? m.notSaid : day(created, language)],
              [m.context, description ?? <span className="text-faint">{m.noDescription}</span>],
              [
                m.links,
                links.length === 0 ? null : (
                  <ul key="links" className="flex flex-wrap gap-x-4 gap-y-1">
                    {links.map(({ title, url }) => (
                      <li key={`${title} ${url}`} className="min-w-0">
                        <ExternalLink url={url}>{title}</ExternalLink>
                      </li>
                    ))}
                  </ul>
                ),
              ],
            ]}
          />
        </Panel>
        <Panel title={m.configure}>
          {configure.length === 0 ? (
            <p className="text-sm text-soft">{m.configureNone}</p>
          ) : (
            <div className="flex flex-col gap-3">
              {configure.map(({ title, command }) => (
                <div key={title}>
                  <p className="mb-1 text-sm font-medium">{title}</p>
                  <Code text={command} label={title} />
                </div>
              ))}
            </div>
          )}
        </Panel>
      </div>
      <Applications applications={applications} />
      <Panel
        flush
        title={m.running}
        actions={
          <Link to="/requests" search={{ view: 'all', environment: name }} className="text-xs text-accent hover:underline">
            {m.allRequests}
          </Link>
        }
      >
        <Loaded query={running}>{({ items }) => <RequestRows items={items} none={m.runningNone} />}</Loaded>
      </Panel>
    </>
  );
}
