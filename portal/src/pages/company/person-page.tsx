import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge } from '../../ui/badge.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { RequestRows } from '../home/request-rows.tsx';
import { CalledPerson } from './called-person.tsx';
import { CompanyProblem } from './company-problem.tsx';
import { NameList, TeamName } from './names.tsx';

type Person = ResponseOf<'people.show'>;

const route = getRouteApi('/people/$person');

/** Somebody: their teams, what they are on call for, whom they report to, what they asked for lately. */
export function PersonPage(): ReactNode {
  const m = useMessages().company;
  const { person: name } = route.useParams();
  const { principal } = useMe();
  const query = useQuery(asked('people.show', { params: { person: name } }));
  return (
    <Page
      title={query.data?.fullName ?? name}
      trail={<Link to="/people">{m.people.title}</Link>}
      beside={
        <>
          <Badge>{name}</Badge>
          {principal.id === `user:${name}` && <Badge tone="accent">{m.person.me}</Badge>}
          {query.data && query.data.onCall.length > 0 && <Badge tone="info">{m.person.onCall}</Badge>}
        </>
      }
    >
      <CompanyProblem />
      <Loaded query={query}>{(person) => <Shown person={person} />}</Loaded>
    </Page>
  );
}

function Shown({ person }: { readonly person: Person }): ReactNode {
  const { person: m } = useMessages().company;
  const { name, email, teams, onCall, manages, manager, sameAs, listed } = person;
  const requests = useQuery(asked('requests.list', { query: { requester: `user:${name}`, limit: 15 } }));
  const teamList = (names: readonly string[]): ReactNode => (
    <NameList none={m.noTeams} items={names.map((team) => <TeamName key={team} name={team} />)} />
  );
  return (
    <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)]">
      <Panel title={m.about}>
        <Facts
          rows={[
            [m.account, <code key="account" className="font-mono text-xs">{`user:${name}`}</code>],
            [
              m.email,
              email !== null ? (
                <span key="email" className="inline-flex max-w-full items-center gap-1">
                  <a href={`mailto:${email}`} className="truncate hover:text-accent hover:underline">
                    {email}
                  </a>
                  <CopyButton text={email} />
                </span>
              ) : null,
            ],
            [m.teams, teamList(teams)],
            [m.onCallFor, onCall.length > 0 ? teamList(onCall) : null],
            [m.manages, manages.length > 0 ? teamList(manages) : null],
            [m.manager, manager !== null ? <CalledPerson key="manager" name={manager} /> : null],
            [m.sameAs, sameAs !== null ? <CalledPerson key="same" name={sameAs} /> : null],
          ]}
        />
        {!listed && (
          <div className="mt-3">
            <Note>{m.notListed}</Note>
          </div>
        )}
      </Panel>
      <Panel flush title={m.requests}>
        <Loaded query={requests}>{({ items }) => <RequestRows items={items} none={m.noRequests} />}</Loaded>
      </Panel>
    </div>
  );
}
