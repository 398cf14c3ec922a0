import type { ResponseOf } from '@guichet/client';
import { useQuery } from '@tanstack/react-query';
import { CalendarClock, Plus } from 'lucide-react';
import { type ReactNode, useMemo } from 'react';
import { asked } from '../../api/gateway.ts';
import type { Messages } from '../../messages/en/index.ts';
import { useMessages } from '../../messages/index.tsx';
import { LinkButton } from '../../ui/button.tsx';
import { type Column, DataTable } from '../../ui/data-table.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { EmptyState } from '../../ui/states.tsx';
import { Time } from '../../ui/time.tsx';
import { ScheduleState } from './schedule-state.tsx';

type Schedule = ResponseOf<'schedules.list'>['items'][number];

const columnsOf = (m: Messages['schedules']): readonly Column<Schedule>[] => [
  {
    key: 'name',
    title: m.name,
    cell: ({ name }) => <span className="font-medium">{name}</span>,
    sort: ({ name }) => name,
    width: 170,
    grow: true,
  },
  {
    key: 'state',
    title: m.state,
    cell: ({ state }) => <ScheduleState state={state} />,
    sort: ({ state }) => state,
    width: 110,
    priority: 1,
  },
  {
    key: 'next',
    title: m.next,
    cell: ({ nextAt }) => nextAt !== null && <Time at={nextAt} />,
    sort: ({ nextAt }) => nextAt,
    width: 120,
  },
  {
    key: 'when',
    title: m.when,
    cell: ({ cron, timezone }) => (
      <>
        <code className="font-mono text-xs">{cron}</code> <span className="text-xs text-faint">{timezone}</span>
      </>
    ),
    width: 200,
    priority: 3,
  },
  {
    key: 'action',
    title: m.action,
    cell: ({ action }) => <code className="font-mono text-xs">{action}</code>,
    sort: ({ action }) => action,
    width: 170,
    grow: true,
  },
  {
    key: 'environment',
    title: m.environment,
    cell: ({ environment }) => environment,
    sort: ({ environment }) => environment,
    width: 120,
    priority: 3,
  },
  { key: 'owner', title: m.owner, cell: ({ owner }) => owner.name, sort: ({ owner }) => owner.name, width: 140, priority: 3 },
];

const linkOf = ({ name }: Schedule) => ({ to: '/schedules/$schedule', params: { schedule: name } }) as const;
const idOf = ({ name }: Schedule): string => name;

/** What is filed again and again. */
export function ScheduleList(): ReactNode {
  const m = useMessages().schedules;
  const query = useQuery(asked('schedules.list'));
  const columns = useMemo(() => columnsOf(m), [m]);
  const create = (
    <LinkButton to="/new-schedule" look="primary" icon={Plus}>
      {m.create}
    </LinkButton>
  );
  return (
    <Page wide title={m.title} about={m.about} actions={create}>
      <Panel flush>
        <Loaded query={query}>
          {({ items }) => (
            <DataTable
              caption={m.title}
              columns={columns}
              rows={items}
              rowId={idOf}
              link={linkOf}
              empty={
                <EmptyState icon={CalendarClock} title={m.none}>
                  {m.noneText}
                </EmptyState>
              }
            />
          )}
        </Loaded>
      </Panel>
    </Page>
  );
}
