import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { ActionChoice } from './action-choice.tsx';
import { ScheduleForm } from './schedule-form.tsx';
import { readSchedulePrefill } from './schedule-prefill.ts';

const route = getRouteApi('/new-schedule');

/** A new schedule: which action and where stand in the address, the rest is typed. */
export function NewSchedule(): ReactNode {
  const all = useMessages();
  const m = all.schedules.form;
  const { gateway } = useMe();
  const { action, environment } = useFilter(route.useSearch(), readSchedulePrefill);
  const navigate = useNavigate({ from: '/new-schedule' });
  const catalogue = useQuery({ ...asked('actions.list', { query: { kind: 'write' } }), staleTime: 60_000 });
  return (
    <Page title={m.title} about={m.about} trail={<Link to="/schedules">{all.schedules.title}</Link>}>
      <Loaded query={catalogue}>
        {({ items }) => {
          const chosen = items.find(({ id }) => id === action);
          const offered = gateway.environments.filter((name) => chosen?.environments?.includes(name) ?? true);
          const where = environment !== undefined && offered.includes(environment) ? environment : undefined;
          return (
            <>
              <Panel>
                <div className="grid gap-4 sm:grid-cols-2">
                  <ActionChoice
                    actions={items}
                    value={chosen?.id}
                    onChange={(id) => void navigate({ search: (before) => ({ ...before, action: id }), replace: true })}
                  />
                  <Field label={m.environment} required>
                    <Select
                      placeholder={m.chooseEnvironment}
                      items={offered.map((name) => ({ value: name, label: name }))}
                      value={where ?? null}
                      onChange={(name) =>
                        void navigate({ search: (before) => ({ ...before, environment: name }), replace: true })
                      }
                    />
                  </Field>
                </div>
              </Panel>
              {chosen !== undefined && where !== undefined && (
                <ScheduleForm key={chosen.id} action={chosen} environment={where} />
              )}
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
