import { OPERATIONS, type Operation } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, Select, TextArea } from '../../ui/field.tsx';
import type { ExplainSearch } from './explain-search.ts';
import { SuggestedText } from './suggested-text.tsx';
import { secondsIn, wordsOf } from './times.ts';

type Input = Readonly<Record<string, unknown>>;
type About = 'call' | 'request' | 'operation';
const OBVIOUS = 'obvious';

/** The question. What is wrong with it is said when it is asked. */
export function ExplainForm({
  search,
  input,
  onAsk,
}: {
  readonly search: ExplainSearch;
  readonly input: Input | undefined;
  readonly onAsk: (search: ExplainSearch, input: Input | undefined) => void;
}): ReactNode {
  const m = useMessages().policy.explain;
  const { principal, gateway } = useMe();
  const [about, setAbout] = useState<About>(aboutOf(search));
  const [draft, setDraft] = useState({
    ...search,
    lasts: wordsOf(search.lasts),
    input: input === undefined ? '' : JSON.stringify(input, null, 2),
  });
  const [isAsked, setAsked] = useState(false);
  const [isMoreOpen, setMoreOpen] = useState(
    [search.owner, search.service, search.resource, search.lasts, input].some((value) => value !== undefined),
  );
  const set = (changes: Partial<typeof draft>): void => setDraft({ ...draft, ...changes });
  const actions = useQuery({ ...asked('actions.list'), staleTime: 60_000 });
  const people = useQuery({ ...asked('people.list'), staleTime: 60_000 });
  const teams = useQuery({ ...asked('teams.list'), staleTime: 60_000 });
  const services = useQuery({ ...asked('services.list'), staleTime: 60_000 });

  const seconds = secondsIn(draft.lasts);
  const given = inputIn(draft.input);
  const environment = draft.environment ?? gateway.environments[0];
  const wrong = {
    request: about === 'request' && !draft.request?.trim() ? m.missingRequest : undefined,
    action: about === 'call' && !draft.action?.trim() ? m.missingAction : undefined,
    operation: about === 'operation' && draft.operation === undefined ? m.missingOperation : undefined,
    resource: about === 'call' && draft.resource && !/^[^:]+:.+$/.test(draft.resource) ? m.resourceWrong : undefined,
    lasts: about === 'call' && seconds === 'wrong' ? m.lastsWrong : undefined,
    input: about === 'call' && given === 'wrong' ? m.inputWrong : undefined,
  };
  const errorOf = (name: keyof typeof wrong): string | undefined => (isAsked ? wrong[name] : undefined);

  function ask(event?: FormEvent): void {
    event?.preventDefault();
    setAsked(true);
    // What is wrong has to be seen.
    if ([wrong.resource, wrong.lasts, wrong.input].some((error) => error !== undefined)) setMoreOpen(true);
    if (Object.values(wrong).some((error) => error !== undefined)) return;
    const { as, operation, request, action, owner, service, resource } = draft;
    const asked = {
      as,
      operation,
      ...(about === 'request' && { request }),
      ...(about === 'call' && {
        action,
        environment,
        owner,
        service,
        resource,
        ...(typeof seconds === 'number' && { lasts: seconds }),
      }),
    };
    const set = Object.entries(asked).filter(([, value]) => value !== undefined && value !== '');
    // Each member is as ExplainSearch has it; those that are empty are left out.
    onAsk(Object.fromEntries(set) as ExplainSearch, about === 'call' && given !== 'wrong' ? given : undefined);
  }

  return (
    <form onSubmit={ask} className="flex flex-col gap-3">
      <Field label={m.about}>
        <Select
          items={(['call', 'request', 'operation'] as const).map((value) => ({ value, label: m.abouts[value] }))}
          value={about}
          onChange={setAbout}
        />
      </Field>
      {about === 'request' && (
        <SuggestedText
          label={m.request}
          value={draft.request}
          onChange={(request) => set({ request })}
          error={errorOf('request')}
          placeholder="REQ-12"
        />
      )}
      {about === 'call' && (
        <>
          <SuggestedText
            label={m.action}
            value={draft.action}
            onChange={(action) => set({ action })}
            choices={actions.data?.items.map(({ id }) => id)}
            error={errorOf('action')}
            placeholder="postgres.terminate-session"
          />
          <Field label={m.environment}>
            <Select
              items={gateway.environments.map((value) => ({ value, label: value }))}
              value={environment ?? null}
              onChange={(environment) => set({ environment })}
            />
          </Field>
        </>
      )}
      <SuggestedText
        label={m.who}
        about={m.whoAbout}
        value={draft.as}
        onChange={(as) => set({ as })}
        choices={people.data?.items.map(({ name }) => name)}
        placeholder={principal.id}
      />
      <Field label={m.operation} error={errorOf('operation')}>
        <Select<Operation | typeof OBVIOUS>
          items={[
            ...(about === 'operation' ? [] : [{ value: OBVIOUS, label: m.operationDefault } as const]),
            ...OPERATIONS.map((value) => ({ value, label: value })),
          ]}
          value={draft.operation ?? (about === 'operation' ? null : OBVIOUS)}
          onChange={(chosen) => setOperation(chosen)}
        />
      </Field>
      {about === 'call' && (
        <details
          open={isMoreOpen}
          onToggle={({ currentTarget }) => setMoreOpen(currentTarget.open)}
          className="[&[open]>summary]:mb-3"
        >
          <summary className="w-fit text-sm font-medium text-soft hover:text-ink">{m.more}</summary>
          <div className="flex flex-col gap-3">
            <div className="grid gap-3 sm:grid-cols-2">
              <SuggestedText
                label={m.owner}
                value={draft.owner}
                onChange={(owner) => set({ owner })}
                choices={teams.data?.items.map(({ name }) => name)}
              />
              <SuggestedText
                label={m.service}
                value={draft.service}
                onChange={(service) => set({ service })}
                choices={services.data?.items.map(({ name }) => name)}
              />
              <SuggestedText
                label={m.resource}
                about={m.resourceAbout}
                value={draft.resource}
                onChange={(resource) => set({ resource })}
                error={errorOf('resource')}
              />
              <SuggestedText
                label={m.lasts}
                about={m.lastsAbout}
                value={draft.lasts}
                onChange={(lasts) => set({ lasts })}
                error={errorOf('lasts')}
              />
            </div>
            <Field label={m.input} about={m.inputAbout} error={errorOf('input')}>
              <TextArea
                rows={3}
                spellCheck={false}
                className="font-mono text-xs"
                value={draft.input}
                onChange={({ currentTarget }) => set({ input: currentTarget.value })}
              />
            </Field>
          </div>
        </details>
      )}
      <div>
        <Button type="submit" look="primary">
          {m.ask}
        </Button>
      </div>
    </form>
  );

  function setOperation(chosen: Operation | typeof OBVIOUS): void {
    const { operation: _, ...rest } = draft;
    setDraft(chosen === OBVIOUS ? rest : { ...rest, operation: chosen });
  }
}

const aboutOf = ({ request, action, operation }: ExplainSearch): About =>
  request !== undefined ? 'request' : action === undefined && operation !== undefined ? 'operation' : 'call';

function inputIn(text: string): Input | undefined | 'wrong' {
  if (text.trim() === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : 'wrong';
  } catch {
    return 'wrong';
  }
}
