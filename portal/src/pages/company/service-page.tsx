import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { ExternalLink } from '../../ui/external-link.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { CompanyProblem } from './company-problem.tsx';
import { DependencyGraph } from './dependency-graph.tsx';
import { Lifecycle } from './lifecycle.tsx';
import { TeamName } from './names.tsx';
import { ServiceRequests } from './service-requests.tsx';
import { TeamActions } from './team-actions.tsx';

const route = getRouteApi('/services/$service');

/** One service: who answers for it, where it runs, what it needs and what needs it. */
export function ServicePage(): ReactNode {
  const m = useMessages().company;
  const { service: name } = route.useParams();
  const query = useQuery(asked('services.show', { params: { service: name } }));
  return (
    <Page
      title={query.data?.title ?? name}
      trail={<Link to="/services">{m.services.title}</Link>}
      beside={
        query.data && (
          <>
            {query.data.title !== null && <Badge>{name}</Badge>}
            <Lifecycle name={query.data.lifecycle} />
          </>
        )
      }
      about={query.data?.description}
    >
      <CompanyProblem />
      <Loaded query={query}>{(service) => <Shown service={service} />}</Loaded>
    </Page>
  );
}

function Shown({ service }: { readonly service: ResponseOf<'services.show'> }): ReactNode {
  const m = useMessages().company.service;
  const { name, title, team, system, environments, links, dependsOn, neededBy } = service;
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="flex min-w-0 flex-col gap-4">
        <ServiceRequests service={service} />
        <Panel title={m.dependencies}>
          <DependencyGraph name={title ?? name} needs={dependsOn} neededBy={neededBy} />
        </Panel>
        <Panel title={m.environments} flush>
          {environments.length === 0 ? (
            <p className="px-4 py-3 text-sm text-soft">{m.nowhere}</p>
          ) : (
            <ul>
              {environments.map((environment) => (
                <li key={environment.name} className="border-b border-line px-4 py-2 last:border-b-0">
                  <Link
                    to="/environments/$environment"
                    params={{ environment: environment.name }}
                    search={{ team }}
                    className="inline-flex min-h-6 items-center text-sm font-medium hover:text-accent hover:underline"
                  >
                    {environment.name}
                  </Link>
                  <Links links={environment.links} />
                </li>
              ))}
            </ul>
          )}
        </Panel>
        <TeamActions team={team} />
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <Panel title={m.about}>
          <Facts
            rows={[
              [m.owner, <TeamName key="owner" name={team} />],
              [m.lifecycle, service.lifecycle],
              [m.system, system],
              [m.links, links.length > 0 ? <Links key="links" links={links} /> : null],
            ]}
          />
        </Panel>
      </div>
    </div>
  );
}

function Links({ links }: { readonly links: readonly { readonly title: string; readonly url: string }[] }): ReactNode {
  if (links.length === 0) return null;
  return (
    <ul className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
      {links.map(({ title, url }) => (
        <li key={`${title} ${url}`} className="min-w-0">
          <ExternalLink url={url}>{title}</ExternalLink>
        </li>
      ))}
    </ul>
  );
}
