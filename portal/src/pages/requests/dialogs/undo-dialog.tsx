import type { Planned, Request } from '@guichet/contract';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { asked, asProblem } from '../../../api/gateway.ts';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Field, TextArea } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { Loaded } from '../../../ui/loaded.tsx';
import { Note } from '../../../ui/states.tsx';
import { missingInWords } from '../groups.ts';
import { PlanDiff } from '../request/plan-diff.tsx';
import { PlanText } from '../request/plan-panel.tsx';
import type { CommandDialogProps } from './command-dialog-props.ts';

type Plan = Request['plan'];

/** Files the request that undoes one, with what it will do shown first. */
export function UndoDialog({ request, onClose }: CommandDialogProps): ReactNode {
  const m = useMessages().request;
  const { id, environment, undo } = request;
  const navigate = useNavigate();
  const [reason, setReason] = useState('');
  // One key for this dialog: a second click, or one more try after a cut, never files two.
  const [idempotencyKey, setKey] = useState(() => crypto.randomUUID());
  const [former, setFormer] = useState<Plan>();
  const planned = useQuery({
    ...asked('actions.plan', { params: { action: undo?.action ?? '' }, body: { environment, input: undo?.input ?? {} } }),
    enabled: undo?.input != null,
    refetchOnWindowFocus: false, // what is read must stay as it was read
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const file = useCall('requests.undo', {
    changes: ['requests.list', 'requests.show'],
    onSuccess: ({ id: filed }) => {
      onClose();
      void navigate({ to: '/requests/$request', params: { request: filed } });
    },
    onError: ({ code }) => {
      if (code !== 'plan.drifted') return;
      // It would do something else by now: shown beside what was read, and sent only when it is asked for again.
      setFormer(planned.data?.plan);
      setKey(crypto.randomUUID());
      void planned.refetch();
    },
  });
  const decision = planned.data?.decision;
  return (
    <FormDialog
      title={m.undo.title(id)}
      about={m.undo.about}
      send={m.undo.send}
      size="lg"
      busy={file.isPending}
      disabled={decision === undefined || decision.effect === 'deny' || planned.isFetching}
      error={file.error ?? (planned.data !== undefined && planned.isError ? asProblem(planned.error) : null)}
      onClose={onClose}
      onSend={() => {
        const plan = planned.data?.plan;
        if (plan === undefined || file.isPending) return;
        file.mutate({
          params: { request: id },
          body: { fingerprint: plan.fingerprint, ...(reason.trim() !== '' && { reason }) },
          idempotencyKey,
        });
      }}
    >
      <Loaded query={planned}>
        {({ plan, decision: decided }) => (
          <div className="flex flex-col gap-3 rounded-md border border-line p-3">
            {former !== undefined && !planned.isFetching && <PlanDiff before={former} after={plan} sides="seen" />}
            <PlanText plan={plan} />
            <DecisionNote decision={decided} />
          </div>
        )}
      </Loaded>
      <Field label={m.undo.reason}>
        <TextArea
          value={reason}
          maxLength={2000}
          onChange={({ target }) => {
            setReason(target.value);
            setKey(crypto.randomUUID());
          }}
        />
      </Field>
    </FormDialog>
  );
}

function DecisionNote({ decision }: { readonly decision: Planned['decision'] }): ReactNode {
  const m = useMessages().request;
  switch (decision.effect) {
    case 'permit':
      return <Note>{m.undo.permit}</Note>;
    case 'needs':
      return <Note>{m.undo.needs(missingInWords(decision.gates, m) ?? '')}</Note>;
    case 'deny':
      return (
        <Note tone="bad">
          <p className="font-medium">{m.undo.denied}</p>
          {decision.reasons.map(({ policy, message }) => (
            <p key={policy}>
              {message} <span className="text-xs text-faint">({policy})</span>
            </p>
          ))}
        </Note>
      );
  }
}
