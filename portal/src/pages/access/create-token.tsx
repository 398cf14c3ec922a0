import type { ResponseOf } from '@guichet/client';
import type { GuichetError } from '@guichet/contract';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { asked, asProblem, gateway } from '../../api/gateway.ts';
import { useMe } from '../../api/me.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Code } from '../../ui/copy.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Checkbox, Field, Segmented, Select, TextInput } from '../../ui/field.tsx';
import { ErrorNote, Note } from '../../ui/states.tsx';
import { ActionScope } from './action-scope.tsx';
import { useMyMachines } from './my-machines.ts';
import { scopeInWords } from './token-words.ts';

type Created = ResponseOf<'tokens.create'>;

const LENGTHS = ['1', '7', '30', '90', '366'] as const;
/** No machine is called so. */
const ME = '@me';

/** Asks for a new token, then shows it: once, and it is kept nowhere. */
export function CreateToken({ onClose }: { readonly onClose: () => void }): ReactNode {
  const [created, setCreated] = useState<Created>();
  return created === undefined ? (
    <NewToken onClose={onClose} onCreated={setCreated} />
  ) : (
    <MadeToken created={created} onClose={onClose} />
  );
}

function NewToken({
  onClose,
  onCreated,
}: {
  readonly onClose: () => void;
  readonly onCreated: (created: Created) => void;
}): ReactNode {
  const all = useMessages();
  const m = all.access.create;
  const { principal, gateway: at } = useMe();
  const machines = useMyMachines();
  const catalogue = useQuery({ ...asked('actions.list'), staleTime: 60_000 });
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [machine, setMachine] = useState(ME);
  const [days, setDays] = useState<(typeof LENGTHS)[number]>('30');
  const [reach, setReach] = useState<'some' | 'all'>('some');
  const [actions, setActions] = useState<readonly string[]>([]);
  const [environments, setEnvironments] = useState<readonly string[]>([]);
  const [wasSent, setSent] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<GuichetError>();
  const isNamed = name.trim() !== '';
  const isNarrowed = reach === 'all' || actions.length > 0 || environments.length > 0;

  // No mutation of the query library: that would keep the answer, and the secret in it.
  async function create(): Promise<void> {
    setSent(true);
    if (!isNamed || !isNarrowed) return;
    setBusy(true);
    setError(undefined);
    try {
      const created = await gateway.call('tokens.create', {
        body: {
          name,
          expiresInDays: Number(days),
          ...(machine !== ME && { machine, all: reach === 'all' }),
          scope:
            reach === 'all'
              ? {}
              : {
                  ...(actions.length > 0 && { actions: [...actions] }),
                  ...(environments.length > 0 && { environments: [...environments] }),
                },
        },
      });
      void queries.invalidateQueries({ queryKey: ['tokens.list'] });
      onCreated(created);
    } catch (failed) {
      setError(asProblem(failed));
      setBusy(false);
    }
  }

  return (
    <Dialog
      open
      onClose={onClose}
      title={m.title}
      about={m.about}
      actions={
        <>
          <Button onClick={onClose}>{all.ui.cancel}</Button>
          <Button look="primary" type="submit" form="new-token" busy={isBusy}>
            {m.submit}
          </Button>
        </>
      }
    >
      <form
        id="new-token"
        className="flex flex-col gap-4"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void create();
        }}
      >
        <Field label={m.name} about={m.nameAbout} required error={wasSent && !isNamed ? m.named : undefined}>
          <TextInput value={name} maxLength={100} autoComplete="off" onChange={(event) => setName(event.currentTarget.value)} />
        </Field>
        <div className="grid gap-4 sm:grid-cols-2">
          <div className="flex flex-col gap-1">
            <span className="text-sm font-medium" aria-hidden>
              {m.whose}
            </span>
            <Select
              aria-label={m.whose}
              value={machine}
              onChange={setMachine}
              items={[
                { value: ME, label: m.me(principal.name) },
                ...machines.map(({ machine: own, team }) => ({ value: own, label: m.machine(own), about: team })),
              ]}
            />
          </div>
          <div className="flex flex-col gap-1">
            <span className="text-sm font-medium" aria-hidden>
              {m.length}
            </span>
            <Select
              aria-label={m.length}
              value={days}
              onChange={setDays}
              items={LENGTHS.map((length) => ({ value: length, label: m.days(Number(length)) }))}
            />
          </div>
        </div>
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium" aria-hidden>
            {m.reach}
          </span>
          <div>
            <Segmented
              label={m.reach}
              value={reach}
              onChange={setReach}
              items={[
                { value: 'some', label: m.reaches.some },
                { value: 'all', label: m.reaches.all },
              ]}
            />
          </div>
        </div>
        {reach === 'some' && (
          <>
            <ActionScope actions={catalogue.data?.items ?? []} value={actions} onChange={setActions} />
            <fieldset className="flex flex-col gap-1.5">
              <legend className="mb-1 text-sm font-medium">{m.environments}</legend>
              <div className="flex flex-wrap gap-x-5 gap-y-1">
                {at.environments.map((environment) => (
                  <Checkbox
                    key={environment}
                    label={environment}
                    checked={environments.includes(environment)}
                    onChange={(checked) =>
                      setEnvironments(
                        checked ? [...environments, environment] : environments.filter((other) => other !== environment),
                      )
                    }
                  />
                ))}
              </div>
              <p className="text-xs text-faint">{m.environmentsAbout}</p>
            </fieldset>
          </>
        )}
        {wasSent && !isNarrowed && (
          <p role="alert" className="text-xs font-medium text-bad">
            {m.narrow}
          </p>
        )}
        {error !== undefined && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}

function MadeToken({ created, onClose }: { readonly created: Created; readonly onClose: () => void }): ReactNode {
  const all = useMessages();
  const m = all.access.create;
  return (
    <Dialog
      open
      // A click beside it must not lose what is shown this once.
      mustAnswer
      onClose={() => {}}
      title={m.made}
      about={m.madeText}
      actions={
        <Button look="primary" onClick={onClose}>
          {m.done}
        </Button>
      }
    >
      <div className="flex flex-col gap-3">
        <p className="text-sm">{all.ui.labelled(all.access.tokens.scope, scopeInWords(created, all.access.tokens))}</p>
        <Code text={created.secret} label={m.secret} />
        {created.warnings.map((warning) => (
          <Note key={warning} tone="warn">
            {warning}
          </Note>
        ))}
      </div>
    </Dialog>
  );
}
