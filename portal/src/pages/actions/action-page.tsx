import type { Action } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router';
import { Link2, Unplug } from 'lucide-react';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { asked } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useFilter } from '../../app/use-filter.ts';
import { useMessages } from '../../messages/index.tsx';
import { SchemaForm } from '../../schema-form/schema-form.tsx';
import { useForm } from '../../schema-form/use-form.ts';
import { apart } from '../../schema-form/whole-text.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/field.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { Page, Panel } from '../../ui/page.tsx';
import { Note } from '../../ui/states.tsx';
import { useCopyAndTell } from '../../ui/use-copy.ts';
import { RiskBadge } from '../requests/risk-badge.tsx';
import { ActionFacts } from './action-facts.tsx';
import { type Prefill, readPrefill } from './action-search.ts';
import { FavouriteButton } from './favourite-button.tsx';
import { noteUsed } from './kept-actions.ts';
import { useLiveOptions } from './live-options.ts';
import { ReadSteps } from './read-steps.tsx';
import type { StepsProps } from './steps.ts';
import { WriteSteps } from './write-page-steps.tsx';

const route = getRouteApi('/actions/$action');

/** One action: what it is, its form, and then its answer, or its plan and what becomes of it. */
export function ActionPage(): ReactNode {
  const { action } = route.useParams();
  const query = useQuery(asked('actions.show', { params: { action } }));
  if (query.data !== undefined) return <OneAction key={query.data.id} action={query.data} />;
  return (
    <Page title={action}>
      <Panel flush>
        <Loaded query={query}>{() => null}</Loaded>
      </Panel>
    </Page>
  );
}

function OneAction({ action }: { readonly action: Action }): ReactNode {
  const { actions: m } = useMessages();
  const me = useMe();
  const prefill: Prefill = useFilter(route.useSearch(), readPrefill);
  const navigate = useNavigate({ from: '/actions/$action' });
  const offered = useMemo(
    () => me.gateway.environments.filter((name) => action.environments?.includes(name) ?? true),
    [me.gateway.environments, action.environments],
  );
  const { environment = offered.length === 1 ? offered[0] : undefined, reason, input } = prefill;
  const [schema] = useState(action.input);
  // What the link fills in is what the form begins with; what the address becomes later changes nothing typed.
  const [linked] = useState(() => (typeof input === 'object' ? apart(schema, input) : undefined));
  const form = useForm(schema, linked?.rest);
  const live = useLiveOptions(action, environment);
  useEffect(() => noteUsed(me.principal.id, action.id), [me.principal.id, action.id]);
  const heldSecret = linked !== undefined && linked.secrets.length > 0;
  useEffect(() => {
    if (heldSecret) void navigate({ search: (before) => ({ ...before, input: linked.rest }), replace: true });
  }, [heldSecret, linked, navigate]);
  const isOffered = environment === undefined || offered.includes(environment);
  const [isEnvironmentMissing, setMissing] = useState(false);

  const where = (
    <Field
      label={m.environment}
      required
      className="w-72 max-w-full"
      {...(!isOffered && environment !== undefined && { error: m.notOffered(environment) })}
      {...(isEnvironmentMissing && environment === undefined && { error: m.chooseEnvironment })}
    >
      <Select
        items={offered.map((name) => ({ value: name, label: name }))}
        value={environment ?? null}
        placeholder={m.chooseEnvironment}
        onChange={(name) => void navigate({ search: (before) => ({ ...before, environment: name }), replace: true })}
      />
    </Field>
  );
  const steps: StepsProps = {
    action,
    form,
    environment: isOffered ? environment : undefined,
    reason,
    fields: <SchemaForm form={form} live={live} beside={where} />,
    onMissing: () => setMissing(true),
  };
  return (
    <Page
      title={action.title}
      wide
      trail={
        <>
          <Link to="/actions">{m.title}</Link> /{' '}
          <Link to="/actions" search={{ provider: action.provider }}>
            {action.provider}
          </Link>
        </>
      }
      beside={
        <>
          {action.kind === 'write' ? <RiskBadge risk={action.risk} /> : <Badge>{m.kinds.read}</Badge>}
          <FavouriteButton id={action.id} title={action.title} />
        </>
      }
      about={action.description === '' ? undefined : <p className="max-w-prose">{action.description}</p>}
      actions={<CopyLink action={action} environment={environment} input={form.rest} />}
    >
      {!action.available && (
        <Note tone="warn" icon={Unplug}>
          <p className="font-medium">{m.unavailableTitle}</p>
          <p>{action.unavailableReason ?? m.unavailableText}</p>
        </Note>
      )}
      {typeof input === 'string' && <Note tone="warn">{m.badLink}</Note>}
      {heldSecret && <Note tone="warn">{m.secretLink}</Note>}
      <div className="grid items-start gap-4 lg:grid-cols-[minmax(0,1fr)_18rem] xl:grid-cols-[minmax(0,1fr)_20rem]">
        <div className="flex min-w-0 flex-col gap-4">
          {action.kind === 'read' ? <ReadSteps {...steps} /> : <WriteSteps {...steps} />}
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Examples action={action} onUse={form.replace} />
          <ActionFacts action={action} />
        </div>
      </div>
    </Page>
  );
}

function Examples({
  action: { examples },
  onUse,
}: {
  readonly action: Action;
  readonly onUse: (input: Readonly<Record<string, unknown>>) => void;
}): ReactNode {
  const m = useMessages().actions;
  const [used, setUsed] = useState('');
  if (examples.length === 0) return null;
  return (
    <Panel title={m.examples}>
      <ul className="flex flex-col gap-1">
        {examples.map(({ title, input }) => (
          <li key={title}>
            <button
              type="button"
              className="w-full rounded-md border border-line px-2.5 py-1.5 text-left text-sm hover:bg-hover"
              onClick={() => {
                onUse(input);
                setUsed(title);
              }}
            >
              <span className="sr-only">{m.fillExample} </span>
              {title}
              <span className="block truncate font-mono text-2xs text-faint">{JSON.stringify(input)}</span>
            </button>
          </li>
        ))}
      </ul>
      <span role="status" className="sr-only">
        {used === '' ? '' : m.filledIn(used)}
      </span>
    </Panel>
  );
}

function CopyLink({
  action,
  environment,
  input,
}: {
  readonly action: Action;
  readonly environment: string | undefined;
  readonly input: Readonly<Record<string, unknown>>;
}): ReactNode {
  const m = useMessages().actions;
  const copyAndTell = useCopyAndTell();
  return (
    <Button
      icon={Link2}
      onClick={() => {
        const search = new URLSearchParams({
          ...(environment !== undefined && { environment }),
          ...(Object.keys(input).length > 0 && { input: JSON.stringify(input) }),
        });
        const query = search.size === 0 ? '' : `?${search}`;
        copyAndTell(`${location.origin}/actions/${action.id}${query}`, m.linkCopied, m.linkAbout);
      }}
    >
      {m.copyLink}
    </Button>
  );
}
