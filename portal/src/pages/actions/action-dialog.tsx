import type { Action, Request } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { asked } from '../../api/gateway.ts';
import { useKeys } from '../../app/keys.ts';
import { useMessages } from '../../messages/index.tsx';
import { SchemaForm } from '../../schema-form/schema-form.tsx';
import { useForm } from '../../schema-form/use-form.ts';
import type { Input } from '../../schema-form/value.ts';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Loaded } from '../../ui/loaded.tsx';
import { useLiveOptions } from './live-options.ts';
import { useWrite } from './use-write.ts';
import { ReviewedPlan, TermsFields } from './write-steps.tsx';

interface ActionDialogProps {
  /** `postgres.cancel` */
  readonly action: string;
  readonly environment: string;
  /** What the row knows: the form is filled in with it. */
  readonly input: Input;
  /** The form is shown; without it the plan is asked for at once, of just this input, which nobody changes. */
  readonly withForm?: boolean;
  /** Filled in as the reason. */
  readonly reason?: string;
  readonly onClose: () => void;
  /** It is filed. Close the dialog, go to `/requests/ID`, or show what becomes of it. */
  readonly onSubmitted: (request: Request) => void;
}

/**
 * A write of one thing on the screen, from its row: what would happen, who decides, why, and then it is sent, once.
 *
 *     const [cancelled, setCancelled] = useState<Session>();
 *     …
 *     {cancelled && (
 *       <ActionDialog
 *         action="postgres.cancel"
 *         environment={environment}
 *         input={{ instance, pid: cancelled.pid, backendStart: cancelled.backendStart }}
 *         onClose={() => setCancelled(undefined)}
 *         onSubmitted={({ id }) => void navigate({ to: '/requests/$request', params: { request: id } })}
 *       />
 *     )}
 *
 * Mount it when it is to be open. The `input` that it is mounted with is the one that is planned and sent: what the row
 * becomes meanwhile changes nothing. With `withForm` the reader may change it.
 */
export function ActionDialog(props: ActionDialogProps): ReactNode {
  const m = useMessages();
  const query = useQuery(asked('actions.show', { params: { action: props.action } }));
  if (query.data !== undefined) return <Opened {...props} of={query.data} />;
  return (
    <Dialog open onClose={props.onClose} title={props.action} size="lg">
      <Loaded query={query}>{() => m.ui.loading}</Loaded>
    </Dialog>
  );
}

function Opened({
  of: action,
  environment,
  input,
  withForm = false,
  reason,
  onClose,
  onSubmitted,
}: ActionDialogProps & { readonly of: Action }): ReactNode {
  const m = useMessages();
  const frozen = useRef(input);
  const form = useForm(action.input, frozen.current);
  const live = useLiveOptions(action, environment);
  const write = useWrite({ action, environment, form, reason });
  const { reviewed, isCurrent, busy } = write;
  const isPlanned = reviewed !== undefined && isCurrent;
  const begin = useRef(write.review);
  useEffect(() => {
    if (!withForm) void begin.current();
  }, [withForm]);
  const effect = reviewed?.planned.decision.effect;
  // Who needs an approval says why next.
  const content = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!withForm && effect === 'needs') content.current?.querySelector('textarea')?.focus({ preventScroll: true });
  }, [withForm, effect]);
  const go = async (): Promise<void> => {
    if (!isPlanned) return void (await write.review());
    const request = await write.submit();
    if (request !== undefined) onSubmitted(request);
  };
  useKeys(
    { 'mod+enter': { label: m.actions.keys.run, run: () => void go(), enabled: effect !== 'deny' && busy === undefined } },
    { inDialog: true },
  );
  return (
    <Dialog
      open
      size="lg"
      onClose={onClose}
      title={action.title}
      about={`${action.id} · ${environment}`}
      actions={
        <>
          <Button onClick={onClose}>{m.ui.cancel}</Button>
          {effect !== 'deny' && (
            <Button
              look={action.risk === 'destructive' && isPlanned ? 'danger' : 'primary'}
              busy={busy !== undefined}
              keys="mod+Enter"
              disabled={!action.available}
              onClick={() => void go()}
            >
              {!isPlanned ? m.actions.review : effect === 'needs' ? m.actions.submitForApproval : m.actions.submitNow}
            </Button>
          )}
        </>
      }
    >
      <div ref={content} className="flex flex-col gap-4">
        {withForm && <SchemaForm form={form} live={live} />}
        {busy === 'review' && reviewed === undefined && (
          <p role="status" className="text-sm text-soft">
            {m.actions.reviewing}
          </p>
        )}
        <ReviewedPlan write={write} action={action} environment={environment} />
        {effect !== 'deny' && <TermsFields write={write} action={action} isBrief />}
      </div>
    </Dialog>
  );
}
