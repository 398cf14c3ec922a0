import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { RequestRows } from '../home/request-rows.tsx';
import { CalledPerson } from './called-person.tsx';
import { CompanyProblem } from './company-problem.tsx';
import { NameList, TeamName } from './names.tsx';
import { isAbout, openRequestsOf } from './open-requests.ts';
import { ServiceRows } from './service-rows.tsx';
import { TeamActions } from './team-actions.tsx';

type Team = ResponseOf<'teams.show'>;

const route = getRouteApi('/teams/$team');

/** One team: who is in it, who is on call now, what it answers for. */
export function TeamPage(): ReactNode {
  const m = useMessages().company;
  const { team: name } = route.useParams();
  const { principal } = useMe();
  const query = useQuery(asked('teams.show', { params: { team: name } }));
  return (
    <Page
      title={query.data?.title ?? name}
      trail={<Link to="/teams">{m.teams.title}</Link>}
      beside={
        <>
          {query.data && query.data.title !== null && <Badge>{name}</Badge>}
          {principal.teams.includes(name) && <Badge tone="accent">{m.team.mine}</Badge>}
        </>
      }
    >
      <CompanyProblem />
      <Loaded query={query}>{(team) => <Shown team={team} />}</Loaded>
    </Page>
  );
}

function Shown({ team }: { readonly team: Team }): ReactNode {
  const m = useMessages().company.team;
  const open = useQuery(openRequestsOf(team.name));
  const services = useQuery(asked('services.list', { query: { team: team.name } }));
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,3fr)_minmax(0,2fr)]">
      <div className="flex min-w-0 flex-col gap-4 max-lg:order-last">
        <Panel flush title={m.requests}>
          <Loaded query={open}>{({ items }) => <RequestRows items={items} none={m.noRequests} />}</Loaded>
        </Panel>
        <Panel flush title={m.services}>
          <Loaded query={services}>
            {({ items }) => (
              <ServiceRows
                services={items}
                none={m.noServices}
                openOn={(service) => open.data?.items.filter((row) => isAbout(row, service)).length ?? 0}
              />
            )}
          </Loaded>
        </Panel>
        <TeamActions team={team.name} />
      </div>
      <div className="flex min-w-0 flex-col gap-4">
        <About team={team} />
        <Members team={team} />
      </div>
    </div>
  );
}

function About({ team }: { readonly team: Team }): ReactNode {
  const { team: m, nobody } = useMessages().company;
  const teams = useQuery({ ...asked('teams.list'), staleTime: 60_000 });
  const environments = useQuery({ ...asked('environments.list'), staleTime: 60_000 });
  const children = teams.data?.items.filter(({ parent }) => parent === team.name) ?? [];
  const owned = environments.data?.items.filter(({ owner }) => owner === team.name) ?? [];
  return (
    <Panel title={m.about}>
      <Facts
        rows={[
          [
            m.onCall,
            <NameList key="on-call" none={nobody} items={team.onCall.map((name) => <CalledPerson key={name} name={name} />)} />,
          ],
          [
            m.managers,
            <NameList
              key="managers"
              none={nobody}
              items={team.managers.map((name) => <CalledPerson key={name} name={name} />)}
            />,
          ],
          [m.parent, team.parent !== null ? <TeamName key="parent" name={team.parent} /> : null],
          [
            m.children,
            children.length > 0 ? (
              <NameList
                key="children"
                none=""
                items={children.map(({ name, title }) => <TeamName key={name} name={name} title={title} />)}
              />
            ) : null,
          ],
          [
            m.environments,
            owned.length > 0 ? (
              <NameList
                key="environments"
                none=""
                items={owned.map(({ name, title }) => (
                  <Link
                    key={name}
                    to="/environments/$environment"
                    params={{ environment: name }}
                    className="hover:text-accent hover:underline"
                  >
                    {title ?? name}
                  </Link>
                ))}
              />
            ) : null,
          ],
          [m.machines, team.machines.length > 0 ? team.machines.join(', ') : null],
        ]}
      />
    </Panel>
  );
}

function Members({ team }: { readonly team: Team }): ReactNode {
  const m = useMessages().company;
  const query = useQuery(asked('people.list', { query: { team: team.name } }));
  return (
    <Panel flush title={m.team.members}>
      <Loaded query={query}>
        {({ items }) =>
          items.length === 0 ? (
            <p className="px-4 py-3 text-sm text-soft">{m.team.noMembers}</p>
          ) : (
            <ul>
              {items.map(({ name, fullName }) => (
                <li
                  key={name}
                  className="flex items-center gap-2 border-b border-line px-4 py-1.5 text-sm last:border-b-0 hover:bg-hover"
                >
                  <Link
                    to="/people/$person"
                    params={{ person: name }}
                    className="min-w-0 truncate font-medium hover:text-accent hover:underline"
                  >
                    {fullName}
                  </Link>
                  <span className="min-w-0 flex-1 truncate text-xs text-faint">{name}</span>
                  {team.managers.includes(name) && <Badge>{m.team.manager}</Badge>}
                  {team.onCall.includes(name) && <Badge tone="info">{m.teams.onCall}</Badge>}
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
    </Panel>
  );
}
