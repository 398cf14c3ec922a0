import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import clsx from 'clsx';
import { ListFilter, X } from 'lucide-react';
import { type ReactNode, useId, useMemo, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Select, type SelectItem } from '../../ui/field.tsx';
import { MomentInput } from '../../ui/moment-input.tsx';
import { isRange, NARROWING, RANGES, type Range, type RequestFilter, statesIn, UNDOS, type View } from './request-filter.ts';
import { StateFilter } from './state-filter.tsx';
import { SuggestedInput } from './suggested-input.tsx';

/** Stands for no filter: a Select has no empty choice. */
const ANY = 'any';

/** What the list is narrowed by. Each change is in the address, so that it can be sent and gone back to. */
export function FilterBar({ filter, view }: { readonly filter: RequestFilter; readonly view: View }): ReactNode {
  const { requests: m } = useMessages();
  const navigate = useNavigate();
  const { gateway, principal } = useMe();
  const fields = useId();
  const actions = useQuery({ ...asked('actions.list'), staleTime: 60_000 });
  const allTeams = useQuery({ ...asked('teams.list', { query: {} }), staleTime: 60_000, enabled: view === 'all' });
  const people = useQuery({ ...asked('people.list', { query: {} }), staleTime: 60_000 });
  const change = (changed: { readonly [Name in keyof RequestFilter]?: RequestFilter[Name] | undefined }): void => {
    const next = Object.entries({ ...filter, ...changed }).filter(([, value]) => value !== undefined && value !== '');
    // Each typed character of a text is no step to go back to.
    void navigate({ to: '/requests', search: Object.fromEntries(next), replace: true });
  };
  const actionIds = useMemo(() => {
    const writes = (actions.data?.items ?? []).filter(({ kind }) => kind === 'write');
    const providers = [...new Set(writes.map(({ provider }) => provider))];
    return [
      ...providers.map((provider) => ({ value: `${provider}.*`, label: provider })),
      ...writes.map(({ id, title }) => ({ value: id, label: title })),
    ];
  }, [actions.data]);
  const teams = view === 'team' ? principal.teams : (allTeams.data?.items ?? []).map(({ name }) => name);
  const requesters = useMemo(
    () => [
      { value: 'me', label: m.filters.me },
      ...(people.data?.items ?? []).map(({ name, fullName }) => ({ value: `user:${name}`, label: fullName })),
    ],
    [people.data, m],
  );
  const narrowed = NARROWING.filter((name) => filter[name] !== undefined).length;
  // On a phone the rows matter more: filters are there when they are asked for.
  const [isOpen, setOpen] = useState(narrowed > 0);
  return (
    <search aria-label={m.filters.label} className="flex flex-wrap items-center gap-2">
      <Button
        size="sm"
        icon={ListFilter}
        aria-expanded={isOpen}
        aria-controls={fields}
        className="md:hidden"
        onClick={() => setOpen(!isOpen)}
      >
        {m.filters.label}
        {narrowed > 0 && ` (${narrowed})`}
      </Button>
      <div id={fields} className={clsx('flex-wrap items-center gap-2 md:flex', isOpen ? 'flex' : 'hidden')}>
        {view !== 'unknown' && view !== 'to-approve' && (
          <StateFilter
            states={statesIn(filter.state)}
            onChange={(states) => change({ state: states.length === 0 ? undefined : states.join(',') })}
          />
        )}
        <Choice
          label={m.filters.environment}
          value={filter.environment}
          items={gateway.environments.map((value) => ({ value, label: value }))}
          onChange={(environment) => change({ environment })}
        />
        <SuggestedInput
          label={m.filters.action}
          value={filter.action}
          items={actionIds}
          onChange={(action) => change({ action })}
        />
        {((view === 'team' && teams.length > 1) || view === 'all') && (
          <Choice
            label={m.filters.team}
            value={filter.team}
            items={teams.map((value) => ({ value, label: value }))}
            onChange={(team) => change({ team })}
          />
        )}
        {filter.resource !== undefined && (
          <SuggestedInput
            label={m.filters.resource}
            value={filter.resource}
            items={[]}
            onChange={(resource) => change({ resource })}
          />
        )}
        {view !== 'mine' && (
          <SuggestedInput
            label={m.filters.requester}
            value={filter.requester}
            items={requesters}
            onChange={(requester) => change({ requester })}
          />
        )}
        <Since filter={filter} onChange={change} />
        {(view === 'all' || view === 'mine') && (
          <Choice
            label={m.filters.undo}
            value={filter.undo}
            items={UNDOS.map((value) => ({ value, label: m.filters.undos[value] }))}
            onChange={(undo) => change({ undo })}
          />
        )}
        {narrowed > 0 && (
          <Button
            size="sm"
            look="quiet"
            icon={X}
            onClick={() => void navigate({ to: '/requests', search: { view }, replace: true })}
          >
            {m.filters.clear}
          </Button>
        )}
      </div>
    </search>
  );
}

/** One of a few, or any. */
function Choice<Value extends string>({
  label,
  value,
  items,
  onChange,
}: {
  readonly label: string;
  readonly value: Value | undefined;
  readonly items: readonly SelectItem<Value>[];
  readonly onChange: (value: Value | undefined) => void;
}): ReactNode {
  const all = useMessages();
  const m = all.requests.filters;
  const choices: readonly SelectItem<Value | typeof ANY>[] = [{ value: ANY, label: all.ui.labelled(label, m.any) }, ...items];
  return (
    <Select<Value | typeof ANY>
      size="sm"
      aria-label={label}
      className="w-auto! max-w-56"
      items={choices}
      value={value ?? ANY}
      onChange={(chosen) => onChange(chosen === ANY ? undefined : chosen)}
    />
  );
}

/** Since when, in ranges or from a day to another. */
function Since({
  filter: { since, until },
  onChange,
}: {
  readonly filter: RequestFilter;
  readonly onChange: (changed: { readonly since?: string | undefined; readonly until?: string | undefined }) => void;
}): ReactNode {
  const all = useMessages();
  const m = all.requests.filters;
  const isExact = (since !== undefined && !isRange(since)) || until !== undefined;
  const [isOpen, setOpen] = useState(isExact);
  const shown: Range | typeof ANY | 'exact' = isOpen || isExact ? 'exact' : since !== undefined && isRange(since) ? since : ANY;
  return (
    <>
      <Select<Range | typeof ANY | 'exact'>
        size="sm"
        aria-label={m.since}
        className="w-auto! max-w-56"
        value={shown}
        items={[
          { value: ANY, label: all.ui.labelled(m.since, m.any) },
          // The keys of RANGES, in its order.
          ...(Object.keys(RANGES) as Range[]).map((value) => ({ value, label: m.ranges[value] })),
          { value: 'exact', label: m.exact },
        ]}
        onChange={(chosen) => {
          setOpen(chosen === 'exact');
          if (chosen !== 'exact') onChange({ since: chosen === ANY ? undefined : chosen, until: undefined });
        }}
      />
      {shown === 'exact' && (
        <>
          <Day
            label={m.from}
            at={since !== undefined && isRange(since) ? undefined : since}
            onChange={(at) => onChange({ since: at })}
          />
          <Day label={m.until} at={until} onChange={(at) => onChange({ until: at })} />
        </>
      )}
    </>
  );
}

function Day({
  label,
  at,
  onChange,
}: {
  readonly label: string;
  readonly at: string | undefined;
  readonly onChange: (at: string | undefined) => void;
}): ReactNode {
  const id = useId();
  return (
    <span className="inline-flex items-center gap-1.5">
      <label htmlFor={id} className="text-xs text-faint">
        {label}
      </label>
      <MomentInput id={id} value={at} onChange={onChange} className="h-7 w-auto! text-xs" />
    </span>
  );
}
