import type { TableOutput } from '@guichet/contract';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useRead } from '../../../api/read.ts';
import { present } from '../../../app/search-values.ts';
import { useFilter } from '../../../app/use-filter.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Checkbox, Select } from '../../../ui/field.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Panel } from '../../../ui/page.tsx';
import { SearchBox } from '../../../ui/search-box.tsx';
import { Note } from '../../../ui/states.tsx';
import { useInstance } from '../instance.ts';
import { LiveControl, useLive } from '../live.tsx';
import { GROUPINGS, readActivitySearch, SESSION_STATES } from '../search.ts';
import { GroupTable } from './group-table.tsx';
import { sessionsOf } from './session-columns.tsx';
import { SessionTable } from './session-table.tsx';

const route = getRouteApi('/postgres/$environment/$instance/activity');
const NONE = '*';
/** More than anybody reads; the table shows them as fast as ten. */
const MOST = 2000;

type ActivitySearch = ReturnType<typeof readActivitySearch>;

/** Who runs what, right now: it renews itself under the reader's eyes. */
export function ActivityTab(): ReactNode {
  const { postgres: m, ui } = useMessages();
  const { environment, instance } = useInstance();
  const search = useFilter(route.useSearch(), readActivitySearch);
  const navigate = route.useNavigate();
  const { q = '', groupBy, state, application, user, database, waiting = false, all = false, every = 2 } = search;
  const live = useLive(every);
  const input = useMemo(
    () => ({
      instance,
      limit: MOST,
      ...(groupBy !== undefined && { groupBy }),
      ...(state !== undefined && { state }),
      ...(application !== undefined && { application }),
      ...(user !== undefined && { user }),
      ...(database !== undefined && { database }),
      ...(waiting && { waitingOnly: true }),
      ...(all && { all: true }),
    }),
    [instance, groupBy, state, application, user, database, waiting, all],
  );
  const query = useRead('table', { action: 'postgres.activity', environment, input }, { everyMs: live.everyMs });
  const change = (changed: { readonly [Name in keyof ActivitySearch]?: ActivitySearch[Name] | undefined }): void =>
    void navigate({ search: (before) => present({ ...before, ...changed }), replace: true });
  const narrowed = [
    ['application', application],
    ['user', user],
    ['database', database],
  ] as const;
  return (
    <div className="flex flex-col gap-3">
      <div className="flex flex-wrap items-center gap-2">
        <SearchBox label={m.activity.filter} value={q} onChange={(text) => change({ q: text || undefined })} />
        <Select
          aria-label={m.activity.groupBy}
          className="w-44!"
          items={[
            { value: NONE, label: m.activity.noGroups },
            ...GROUPINGS.map((value) => ({
              value,
              label: ui.labelled(m.activity.groupBy, m.activity.groups[value].toLowerCase()),
            })),
          ]}
          value={groupBy ?? NONE}
          onChange={(chosen) => change({ groupBy: GROUPINGS.find((own) => own === chosen) })}
        />
        <Select
          aria-label={m.activity.state}
          className="w-44!"
          items={[{ value: NONE, label: m.activity.anyState }, ...SESSION_STATES.map((value) => ({ value, label: value }))]}
          value={state ?? NONE}
          onChange={(chosen) => change({ state: SESSION_STATES.find((own) => own === chosen) })}
        />
        <Checkbox
          label={m.activity.waitingOnly}
          checked={waiting}
          onChange={(checked) => change({ waiting: checked || undefined })}
        />
        <Checkbox label={m.activity.all} checked={all} onChange={(checked) => change({ all: checked || undefined })} />
        {narrowed.map(
          ([name, value]) =>
            value !== undefined && (
              <button
                key={name}
                type="button"
                onClick={() => change({ [name]: undefined })}
                className="inline-flex h-7 items-center gap-1 rounded-full bg-accent-tint px-2.5 text-xs text-accent"
              >
                {ui.labelled(m.activity.columns[name], value)} <span aria-hidden>×</span>
              </button>
            ),
        )}
        <span className="flex-1" />
        <LiveControl live={live} query={query} pace={every} onPace={(pace) => change({ every: pace })} />
      </div>
      {live.isLeft && <Note tone="warn">{m.live.left}</Note>}
      <Panel flush>
        <Loaded query={query}>
          {(output) =>
            groupBy === undefined ? (
              <Sessions output={output} filter={q} />
            ) : (
              <GroupTable
                output={output}
                by={groupBy}
                filter={q}
                onOpen={(narrower) => change({ ...narrower, groupBy: undefined })}
              />
            )
          }
        </Loaded>
      </Panel>
    </div>
  );
}

function Sessions({ output, filter }: { readonly output: TableOutput; readonly filter: string }): ReactNode {
  const sessions = useMemo(() => sessionsOf(output.rows), [output.rows]);
  return <SessionTable sessions={sessions} filter={filter} notes={output.notes} />;
}
