import type { Resolution } from '@guichet/contract';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Checkbox, Field, Select, TextArea } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { tell } from '../../../ui/toast.tsx';
import type { CommandDialogProps } from './command-dialog-props.ts';

const OUTCOMES = ['succeeded', 'failed', 'not_started'] as const;
/** The gateway asks for as much. */
const SHORTEST_REASON = 10;

/** Says what became of a run whose end nobody saw. Nothing is chosen before the reader chooses: it must be what they found. */
export function ResolveDialog({ request: { id }, onDone, onClose }: CommandDialogProps): ReactNode {
  const m = useMessages().request.resolve;
  const [outcome, setOutcome] = useState<Resolution | null>(null);
  const [reason, setReason] = useState('');
  const [force, setForce] = useState(false);
  const [isSent, setSent] = useState(false);
  const call = useCall('requests.resolve', {
    changes: ['requests.list'],
    onSuccess: (answer) => {
      tell(m.done(id));
      onDone(answer);
    },
  });
  const isShort = reason.trim().length < SHORTEST_REASON;
  return (
    <FormDialog
      title={m.title(id)}
      about={m.about}
      send={m.send}
      busy={call.isPending}
      error={call.error}
      onClose={onClose}
      onSend={() => {
        setSent(true);
        if (!isShort && outcome !== null) call.mutate({ params: { request: id }, body: { outcome, reason, force } });
      }}
    >
      <Field label={m.outcome} required error={isSent && outcome === null ? m.outcomeMissing : undefined}>
        <Select<Resolution>
          value={outcome}
          onChange={setOutcome}
          placeholder={m.choose}
          items={OUTCOMES.map((value) => ({ value, label: m.outcomes[value] }))}
        />
      </Field>
      <Field label={m.reason} required error={isSent && isShort ? m.reasonShort : undefined}>
        <TextArea value={reason} maxLength={2000} onChange={({ target }) => setReason(target.value)} />
      </Field>
      <Checkbox label={m.force} checked={force} onChange={setForce} />
    </FormDialog>
  );
}
