import { canonicalRequestId } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { ListFilter, X } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, type RefObject, useEffect, useId, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, Select, TextInput } from '../../ui/field.tsx';
import { MomentInput } from '../../ui/moment-input.tsx';
import { type Suggestion, Suggestions } from '../../ui/suggestions.tsx';
import { type AuditFilter, hiddenFilters, OUTCOMES, type Outcome, RANGES, type Range } from './audit-filter.ts';

interface FilterBarProps {
  readonly filter: AuditFilter;
  readonly onChange: (filter: AuditFilter) => void;
  readonly search: RefObject<HTMLInputElement | null>;
}

const ANY = 'any';

/** What the log is narrowed to: the common filters in one line, the others behind a button. */
export function FilterBar({ filter, onChange, search }: FilterBarProps): ReactNode {
  const m = useMessages().audit;
  const hidden = hiddenFilters(filter);
  const [isOpen, setOpen] = useState(hidden > 0);
  const detailsId = useId();
  const people = useQuery(asked('people.list'));
  const set = (changes: Partial<Record<keyof AuditFilter, string | undefined>>): void => {
    // An empty filter is none; what is left is as AuditFilter says, for each control sets its own member.
    const next = Object.fromEntries(
      Object.entries({ ...filter, ...changes }).filter(([, value]) => value !== undefined && value !== ''),
    );
    onChange(next as AuditFilter);
  };
  return (
    <search aria-label={m.filters.label} className="flex flex-col gap-2">
      <div className="grid grid-cols-2 items-end gap-2 sm:flex sm:flex-wrap">
        <FilterText
          className="max-sm:col-span-2 sm:min-w-48 sm:flex-1"
          label={m.filters.search}
          placeholder={m.filters.searchHint}
          value={filter.q}
          onSet={(q) => set({ q })}
          input={search}
          live
        />
        <FilterText
          className="sm:w-44"
          label={m.filters.who}
          placeholder={m.filters.whoHint}
          value={filter.actor}
          onSet={(actor) => set({ actor })}
          choices={people.data?.items.map(({ name, fullName }) => ({ value: `user:${name}`, label: fullName }))}
        />
        <Choice<Outcome>
          label={m.filters.outcome}
          value={filter.outcome}
          items={OUTCOMES.map((value) => ({ value, label: m.outcomes[value] }))}
          onSet={(outcome) => set({ outcome })}
        />
        <TimeChoice filter={filter} set={set} />
        <Button icon={ListFilter} aria-expanded={isOpen} aria-controls={detailsId} onClick={() => setOpen(!isOpen)} look="quiet">
          {m.filters.more(hidden)}
        </Button>
        {Object.keys(filter).length > 0 && (
          <Button icon={X} look="quiet" onClick={() => onChange({})}>
            {m.filters.clear}
          </Button>
        )}
      </div>
      <div id={detailsId} hidden={!isOpen} className="grid grid-cols-2 gap-2 sm:flex sm:flex-wrap">
        {isOpen && <MoreFilters filter={filter} set={set} />}
      </div>
    </search>
  );
}

type Set = (changes: Partial<Record<keyof AuditFilter, string | undefined>>) => void;

function MoreFilters({ filter, set }: { readonly filter: AuditFilter; readonly set: Set }): ReactNode {
  const { audit: m, auditEvents } = useMessages();
  const { gateway } = useMe();
  const actions = useQuery(asked('actions.list'));
  return (
    <>
      <FilterText
        className="sm:w-56"
        label={m.filters.action}
        placeholder={m.filters.actionHint}
        value={filter.action}
        onSet={(action) => set({ action })}
        choices={actions.data?.items.map(({ id, title }) => ({ value: id, label: title }))}
      />
      <FilterText
        className="sm:w-56"
        label={m.filters.resource}
        placeholder={m.filters.resourceHint}
        value={filter.resource}
        onSet={(resource) => set({ resource })}
      />
      <FilterText
        className="sm:w-32"
        label={m.filters.request}
        placeholder="REQ-12"
        value={filter.request}
        onSet={(request) => set({ request: request && (canonicalRequestId(request) ?? request) })}
      />
      <Choice
        label={m.filters.environment}
        value={filter.environment}
        items={gateway.environments.map((value) => ({ value, label: value }))}
        onSet={(environment) => set({ environment })}
      />
      <Choice
        label={m.filters.type}
        value={filter.type}
        className="sm:w-72"
        items={Object.entries(auditEvents).map(([value, about]) => ({ value, label: value, about }))}
        onSet={(type) => set({ type })}
      />
    </>
  );
}

function Choice<Value extends string>({
  label,
  value,
  items,
  onSet,
  className = 'sm:w-36',
}: {
  readonly label: string;
  readonly value: Value | undefined;
  readonly items: readonly { readonly value: Value; readonly label: string; readonly about?: string }[];
  readonly onSet: (value: Value | undefined) => void;
  readonly className?: string;
}): ReactNode {
  const m = useMessages().audit.filters;
  return (
    <Field label={label} className={className}>
      <Select<Value | typeof ANY>
        items={[{ value: ANY, label: m.any }, ...items]}
        value={value ?? ANY}
        // What is not `any` is one of the items.
        onChange={(chosen) => onSet(chosen === ANY ? undefined : (chosen as Value))}
      />
    </Field>
  );
}

function TimeChoice({ filter, set }: { readonly filter: AuditFilter; readonly set: Set }): ReactNode {
  const m = useMessages().audit.filters;
  const isOwn = filter.range === undefined && (filter.since !== undefined || filter.until !== undefined);
  const [wantsOwn, setWantsOwn] = useState(isOwn);
  const value: Range | 'own' | 'all' = filter.range ?? (wantsOwn || isOwn ? 'own' : 'all');
  return (
    <>
      <Field label={m.time} className="sm:w-40">
        <Select
          items={(['all', ...RANGES, 'own'] as const).map((range) => ({ value: range, label: m.ranges[range] }))}
          value={value}
          onChange={(chosen) => {
            setWantsOwn(chosen === 'own');
            if (chosen !== 'own') set({ range: chosen === 'all' ? undefined : chosen, since: undefined, until: undefined });
            else set({ range: undefined });
          }}
        />
      </Field>
      {value === 'own' && (
        <>
          <Field label={m.since} className="sm:w-48">
            <MomentInput value={filter.since} onChange={(since) => set({ since })} />
          </Field>
          <Field label={m.until} className="sm:w-48">
            <MomentInput value={filter.until} onChange={(until) => set({ until })} />
          </Field>
        </>
      )}
    </>
  );
}

/** Typed first, asked for on Enter or when it is left; words are asked for as they are typed. */
function FilterText({
  label,
  placeholder,
  value = '',
  onSet,
  choices,
  className,
  input,
  live = false,
}: {
  readonly label: string;
  readonly placeholder: string;
  readonly value?: string | undefined;
  readonly onSet: (value: string | undefined) => void;
  readonly choices?: readonly Suggestion[] | undefined;
  readonly className: string;
  readonly input?: RefObject<HTMLInputElement | null>;
  readonly live?: boolean;
}): ReactNode {
  const listId = useId();
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  // Only what the reader has typed is asked for: the timer begins anew with each letter.
  // biome-ignore lint/correctness/useExhaustiveDependencies: onSet is another function each time and does the same
  useEffect(() => {
    if (!live || typed.trim() === value) return;
    const timer = setTimeout(() => onSet(typed.trim()), 300);
    return () => clearTimeout(timer);
  }, [typed, live]);
  const commit = (): void => {
    if (typed.trim() !== value) onSet(typed.trim());
  };
  return (
    <Field label={label} className={className}>
      <TextInput
        {...(input && { ref: input })}
        type="search"
        autoComplete="off"
        spellCheck={false}
        placeholder={placeholder}
        value={typed}
        {...(choices && { list: listId })}
        onChange={({ currentTarget }) => setTyped(currentTarget.value)}
        onBlur={commit}
        onKeyDown={({ key }: KeyboardEvent) => {
          if (key === 'Enter') commit();
        }}
      />
      {choices !== undefined && <Suggestions id={listId} items={choices} />}
    </Field>
  );
}
