import type { ResponseOf } from '@guichet/client';
import type { LinkKind } from '@guichet/contract';
import { getRouteApi, useNavigate } from '@tanstack/react-router';
import clsx from 'clsx';
import { Ban, Boxes, CircleCheck, CircleHelp, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { ExternalLink } from '../../ui/external-link.tsx';
import { Select } from '../../ui/field.tsx';
import { Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { ServiceName, TeamName } from '../company/names.tsx';
import { readApplicationFilter } from './application-filter.ts';

type Application = ResponseOf<'environments.show'>['applications'][number];

const route = getRouteApi('/environments/$environment');
const EVERY = '*';

const LOOKS: Readonly<Record<Application['deployment']['state'], readonly [Tone, LucideIcon]>> = {
  allowed: ['good', CircleCheck],
  blocked: ['bad', Ban],
  unknown: ['neutral', CircleHelp],
};

/** What runs in an environment; of one team, when its address says so. */
export function Applications({ applications }: { readonly applications: readonly Application[] }): ReactNode {
  const m = useMessages().environments;
  const { team } = useFilter(route.useSearch(), readApplicationFilter);
  const navigate = useNavigate({ from: '/environments/$environment' });
  const teams = [
    ...new Set([...applications.map((application) => application.team), ...(team === undefined ? [] : [team])]),
  ].sort();
  const shown = team === undefined ? applications : applications.filter((application) => application.team === team);
  return (
    <Panel
      flush
      title={m.applications}
      actions={
        teams.length > 1 && (
          <Select
            size="sm"
            aria-label={m.team}
            className="w-44!"
            items={[{ value: EVERY, label: m.allTeams }, ...teams.map((name) => ({ value: name, label: name }))]}
            value={team ?? EVERY}
            onChange={(chosen) => void navigate({ search: chosen === EVERY ? {} : { team: chosen }, replace: true })}
          />
        )
      }
    >
      {shown.length === 0 ? (
        <EmptyState icon={Boxes} title={team === undefined ? m.applicationsNone : m.applicationsOfTeamNone}>
          {team === undefined ? m.applicationsNoneText : undefined}
        </EmptyState>
      ) : (
        <ul>
          {shown.map((application) => (
            <ApplicationRow key={application.service} application={application} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function ApplicationRow({ application }: { readonly application: Application }): ReactNode {
  const m = useMessages().environments;
  const { service, title, team, links, deployment } = application;
  const [tone, icon] = LOOKS[deployment.state];
  return (
    <li className="grid gap-x-6 gap-y-2 border-b border-line px-4 py-2.5 last:border-b-0 lg:grid-cols-[minmax(0,2fr)_minmax(0,3fr)_minmax(0,5fr)]">
      <div className="min-w-0">
        <div className="truncate leading-6 font-medium">
          <ServiceName name={service} title={title} />
        </div>
        <div className="truncate text-xs leading-6 text-faint">
          <TeamName name={team} />
        </div>
      </div>
      <div className="min-w-0">
        <div className="flex flex-wrap items-center gap-x-2 gap-y-1 text-xs text-soft">
          <Badge tone={tone} icon={icon}>
            {m.state[deployment.state]}
          </Badge>
          {deployment.version !== null && <span className="font-mono">{m.version(deployment.version)}</span>}
          {deployment.at !== null && (
            <span>
              {m.deployed} <Time at={deployment.at} />
            </span>
          )}
        </div>
        <p className="mt-0.5 text-xs text-faint">
          {deployment.reason}
          {deployment.source !== null && ` (${m.source(deployment.source)})`}
        </p>
      </div>
      <ApplicationLinks links={links} label={m.linksOf(title ?? service)} />
    </li>
  );
}

/** The order in which links stand, and the room of each: the same one is at the same place in each row of a wide page. */
const SLOTS: readonly (readonly [kind: LinkKind, room: string])[] = [
  ['deployment', 'xl:w-20'],
  ['logs', 'xl:w-14'],
  ['http-metrics', 'xl:w-28'],
  ['deployment-metrics', 'xl:w-40'],
];

/** The links of a service in one environment. */
export function ApplicationLinks({ links, label }: { readonly links: Application['links']; readonly label: string }): ReactNode {
  const m = useMessages().environments;
  if (links.length === 0) return <div />;
  const known = SLOTS.map(([kind, room]) => ({ kind, room, links: links.filter((link) => link.kind === kind) }));
  const others = links.filter(({ kind }) => kind === 'other');
  return (
    <ul aria-label={label} className="flex flex-wrap content-start gap-x-3 gap-y-1 text-sm">
      {[...known, { kind: 'other' as const, room: '', links: others }].map(({ kind, room, links: ofKind }) => (
        <li
          key={kind}
          className={clsx('min-w-0', room, ofKind.length === 0 && 'max-xl:hidden')}
          aria-hidden={ofKind.length === 0}
        >
          {ofKind.map(({ title, url }) => (
            <ExternalLink key={url} url={url} about={m.kinds[kind]}>
              {title}
            </ExternalLink>
          ))}
        </li>
      ))}
    </ul>
  );
}
