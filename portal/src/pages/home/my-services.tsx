import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Panel } from '../../ui/page.tsx';
import { Skeleton } from '../../ui/states.tsx';
import { CalledPerson } from '../company/called-person.tsx';
import { NameList, TeamName } from '../company/names.tsx';
import { isAbout, openRequestsOf } from '../company/open-requests.ts';
import { ServiceRows } from '../company/service-rows.tsx';
import { PanelLink } from './panel-link.tsx';

/** A team that owns more has a page of them. */
const MOST = 6;

/** What my teams answer for: who is on call, what is open on it, the services with their links. */
export function MyServices(): ReactNode {
  const m = useMessages().home.services;
  const { principal } = useMe();
  return (
    <Panel flush title={m.title} actions={<PanelLink link={{ to: '/services' }}>{m.all}</PanelLink>}>
      {principal.teams.length === 0 ? (
        <p className="px-4 py-3 text-sm text-soft">{m.noTeam}</p>
      ) : (
        principal.teams.map((team) => <TeamPart key={team} name={team} />)
      )}
    </Panel>
  );
}

function TeamPart({ name }: { readonly name: string }): ReactNode {
  const all = useMessages();
  const m = all.home.services;
  const team = useQuery({ ...asked('teams.show', { params: { team: name } }), staleTime: 60_000 });
  const services = useQuery({ ...asked('services.list', { query: { team: name } }), staleTime: 60_000 });
  const open = useQuery(openRequestsOf(name));
  const rows = open.data?.items ?? [];
  return (
    <div className="border-b border-line last:border-b-0">
      <div className="flex flex-wrap items-baseline gap-x-3 px-4 pt-2 text-sm">
        <h3 className="font-medium">
          <TeamName name={name} title={team.data?.title} />
        </h3>
        {team.data !== undefined && (
          <span className="text-xs text-faint">
            {m.onCall}{' '}
            <NameList
              none={all.company.nobody}
              items={team.data.onCall.map((person) => <CalledPerson key={person} name={person} />)}
            />
          </span>
        )}
        {rows.length > 0 && (
          <Link
            to="/teams/$team"
            params={{ team: name }}
            className="ml-auto inline-flex min-h-6 items-center text-xs text-accent hover:underline"
          >
            {all.company.service.open(rows.length)}
          </Link>
        )}
      </div>
      <Loaded query={services} skeleton={<Skeleton rows={2} />}>
        {({ items }) => (
          <ServiceRows
            services={items}
            none={m.none}
            most={MOST}
            openOn={(service) => rows.filter((row) => isAbout(row, service)).length}
          />
        )}
      </Loaded>
    </div>
  );
}
