import type { Action } from '@guichet/contract';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../api/use-call.ts';
import { useMessages } from '../../messages/index.tsx';
import { SchemaForm } from '../../schema-form/schema-form.tsx';
import { useForm } from '../../schema-form/use-form.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select, TextArea, TextInput } from '../../ui/field.tsx';
import { Panel } from '../../ui/page.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { Suggestions } from '../../ui/suggestions.tsx';
import { tell } from '../../ui/toast.tsx';
import { useLiveOptions } from '../actions/live-options.ts';
import { nextTimes } from './cron-times.ts';
import { wrongWith } from './schedule-draft.ts';
import { ZonedTime } from './zoned-time.tsx';

const SHOWN = 5;
const TIME_ZONES = ['UTC', ...Intl.supportedValuesOf('timeZone')].map((value) => ({ value }));
const EXAMPLES = { hourly: '0 * * * *', nightly: '0 3 * * *', workdays: '0 3 * * 1-5', weekly: '0 8 * * 1' } as const;
const EXAMPLE_NAMES = ['hourly', 'nightly', 'workdays', 'weekly'] as const;

/** What the schedule asks for, when, and why. */
export function ScheduleForm({ action, environment }: { readonly action: Action; readonly environment: string }): ReactNode {
  const all = useMessages();
  const m = all.schedules.form;
  const navigate = useNavigate();
  const [schema] = useState(action.input);
  const form = useForm(schema);
  const live = useLiveOptions(action, environment);
  const [name, setName] = useState('');
  const [cron, setCron] = useState('0 3 * * *');
  const [timezone, setTimezone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [reason, setReason] = useState('');
  const [missed, setMissed] = useState<'skip' | 'once'>('skip');
  const [wasSent, setSent] = useState(false);
  const create = useCall('schedules.create', {
    changes: ['schedules.list'],
    onSuccess: (made) => {
      form.settle();
      tell(all.schedules.made(made.name));
      void navigate({ to: '/schedules/$schedule', params: { schedule: made.name } });
    },
    onError: (error) => form.refuse(error),
  });
  const times = nextTimes({ cron, zone: timezone, count: SHOWN });
  const wrong = wrongWith({ name, reason, times }, m);
  const told = (field: 'name' | 'cron' | 'timezone' | 'reason'): string | undefined =>
    create.error?.errors?.find((error) => error.field === `/${field}`)?.message ??
    (wasSent || field === 'cron' || field === 'timezone' ? wrong[field] : undefined);

  function submit(): void {
    setSent(true);
    const isRight = form.check();
    if (!isRight || Object.keys(wrong).length > 0) return;
    create.mutate({
      body: { name, cron, timezone, action: action.id, environment, input: { ...form.input }, reason: reason.trim(), missed },
    });
  }

  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Panel title={m.input}>
        <SchemaForm form={form} live={live} />
      </Panel>
      <Panel title={m.cron}>
        <div className="grid items-start gap-4 md:grid-cols-2">
          <div className="flex flex-col gap-4">
            <Field label={m.cron} about={m.cronAbout} required error={told('cron')}>
              <TextInput
                value={cron}
                autoComplete="off"
                spellCheck={false}
                className="font-mono"
                onChange={(event) => setCron(event.currentTarget.value)}
              />
            </Field>
            {/* biome-ignore lint/a11y/useSemanticElements: a row of buttons is no fieldset */}
            <div role="group" aria-label={m.examplesLabel} className="-mt-2 flex flex-wrap gap-1">
              {EXAMPLE_NAMES.map((example) => (
                <Button key={example} size="sm" look="quiet" onClick={() => setCron(EXAMPLES[example])}>
                  {m.examples[example]}
                </Button>
              ))}
            </div>
            <Field label={m.timezone} required error={told('timezone')}>
              <TextInput
                value={timezone}
                list="time-zones"
                autoComplete="off"
                spellCheck={false}
                onChange={(event) => setTimezone(event.currentTarget.value)}
              />
            </Field>
            <Suggestions id="time-zones" items={TIME_ZONES} />
            <Field label={all.schedules.missed}>
              <Select
                value={missed}
                onChange={setMissed}
                items={(['skip', 'once'] as const).map((policy) => ({
                  value: policy,
                  label: all.schedules.missedPolicies[policy],
                }))}
              />
            </Field>
          </div>
          <div className="text-sm">
            <h3 className="mb-1 font-medium">{m.nextTimes}</h3>
            {typeof times === 'string' || times.length === 0 ? (
              <p className="text-soft">{m.never}</p>
            ) : (
              <ol className="flex flex-col gap-1">
                {times.map((at) => (
                  <li key={at}>
                    <ZonedTime at={at} zone={timezone} />
                  </li>
                ))}
              </ol>
            )}
          </div>
        </div>
      </Panel>
      <Panel>
        <div className="flex flex-col gap-4">
          <Field label={m.name} about={m.nameAbout} required error={told('name')} className="max-w-md">
            <TextInput
              value={name}
              autoComplete="off"
              spellCheck={false}
              onChange={(event) => setName(event.currentTarget.value)}
            />
          </Field>
          <Field label={m.reason} about={m.reasonAbout} required error={told('reason')}>
            <TextArea rows={2} value={reason} maxLength={2000} onChange={(event) => setReason(event.currentTarget.value)} />
          </Field>
          {create.error !== null && <ErrorNote error={create.error} />}
          <div>
            <Button type="submit" look="primary" busy={create.isPending} disabled={!action.available}>
              {m.submit}
            </Button>
          </div>
        </div>
      </Panel>
    </form>
  );
}
