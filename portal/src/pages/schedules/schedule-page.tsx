import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMessages } from '../../messages/index.tsx';
import { Badge, type Tone } from '../../ui/badge.tsx';
import { Code } from '../../ui/copy.tsx';
import { Facts } from '../../ui/facts.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { ActionName, ActorName, RequestName } from '../company/names.tsx';
import { ScheduleCommands } from './schedule-commands.tsx';
import { ScheduleState } from './schedule-state.tsx';
import { ZonedTime } from './zoned-time.tsx';

type Shown = ResponseOf<'schedules.show'>;
type Firing = Shown['firings'][number];

const route = getRouteApi('/schedules/$schedule');

/** One schedule: what it files, when it is due next, what became of the last times. */
export function SchedulePage(): ReactNode {
  const m = useMessages().schedules;
  const { schedule: name } = route.useParams();
  const query = useQuery(asked('schedules.show', { params: { schedule: name } }));
  return (
    <Page
      title={name}
      trail={<Link to="/schedules">{m.title}</Link>}
      beside={query.data && <ScheduleState state={query.data.state} />}
      actions={query.data && <ScheduleCommands schedule={query.data} />}
    >
      <Loaded query={query}>{(schedule) => <Parts schedule={schedule} />}</Loaded>
    </Page>
  );
}

function Parts({ schedule }: { readonly schedule: Shown }): ReactNode {
  const m = useMessages().schedules;
  return (
    <>
      {schedule.pausedReason !== null && (
        <Note tone="warn">
          {m.pausedBecause} {schedule.pausedReason}
        </Note>
      )}
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <About schedule={schedule} />
        <Panel title={m.upcoming}>
          {schedule.upcoming.length === 0 ? (
            <p className="text-sm text-soft">{m.upcomingNone}</p>
          ) : (
            <ol className="flex flex-col gap-1.5 text-sm">
              {schedule.upcoming.map((at) => (
                <li key={at}>
                  <ZonedTime at={at} zone={schedule.timezone} />
                </li>
              ))}
            </ol>
          )}
        </Panel>
      </div>
      <Panel flush title={m.firings}>
        {schedule.firings.length === 0 ? (
          <p className="px-4 py-3 text-sm text-soft">{m.firingsNone}</p>
        ) : (
          <ul>
            {schedule.firings.map((firing) => (
              <FiringRow key={firing.at} firing={firing} />
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

function About({ schedule }: { readonly schedule: Shown }): ReactNode {
  const m = useMessages().schedules;
  const { action, environment, cron, timezone, owner, createdAt, reason, missed, input } = schedule;
  return (
    <Panel title={m.facts}>
      <Facts
        rows={[
          [m.action, <ActionName key="action" id={action} />],
          [
            m.environment,
            <Link
              key="environment"
              to="/environments/$environment"
              params={{ environment }}
              className="hover:text-accent hover:underline"
            >
              {environment}
            </Link>,
          ],
          [
            m.when,
            <span key="when">
              <code className="font-mono text-xs">{cron}</code> <span className="text-faint">{timezone}</span>
            </span>,
          ],
          [m.owner, <ActorName key="owner" actor={owner} />],
          [m.created, <Time key="created" at={createdAt} />],
          [m.reason, reason],
          [m.missed, m.missedPolicies[missed]],
          [
            m.input,
            Object.keys(input).length === 0 ? (
              m.noInput
            ) : (
              <Code key="input" label={m.input} text={JSON.stringify(input, null, 2)} />
            ),
          ],
        ]}
      />
    </Panel>
  );
}

const TONES: Readonly<Record<Firing['outcome'], Tone>> = {
  filing: 'info',
  filed: 'good',
  denied: 'bad',
  missed: 'warn',
  overlapped: 'warn',
  failed: 'bad',
};

function FiringRow({ firing }: { readonly firing: Firing }): ReactNode {
  const m = useMessages().schedules;
  const { at, outcome, count, since, request, message } = firing;
  return (
    <li className="flex flex-wrap items-baseline gap-x-3 gap-y-1 border-b border-line px-4 py-2 text-sm last:border-b-0">
      <Time at={at} className="w-28 shrink-0" />
      <Badge tone={TONES[outcome]}>{m.outcomes[outcome]}</Badge>
      {request !== null && <RequestName id={request} />}
      {count > 1 && (
        <span className="text-xs text-faint">
          {m.times(count)}
          {since !== null && (
            <>
              {' '}
              {m.since} <Time at={since} />
            </>
          )}
        </span>
      )}
      {message !== null && <span className="min-w-0 text-soft">{message}</span>}
    </li>
  );
}
