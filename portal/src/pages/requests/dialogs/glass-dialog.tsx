import { type ReactNode, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Field, TextArea, TextInput } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { Note } from '../../../ui/states.tsx';
import { tell } from '../../../ui/toast.tsx';
import { missingInWords } from '../groups.ts';
import type { CommandDialogProps } from './command-dialog-props.ts';

/** The gateway asks for as much. */
const SHORTEST_REASON = 10;

/** In an emergency: what it means, for which incident, and why. */
export function GlassDialog({ request, onDone, onClose }: CommandDialogProps): ReactNode {
  const { glass, ...m } = useMessages().request;
  const { id, digest, gates } = request;
  const [incident, setIncident] = useState('');
  const [reason, setReason] = useState('');
  const [isSent, setSent] = useState(false);
  const call = useCall('requests.break_glass', {
    changes: ['requests.list'],
    onSuccess: (answer) => {
      tell(glass.done(id));
      onDone(answer);
    },
  });
  const isIncidentMissing = incident.trim() === '';
  const isReasonShort = reason.trim().length < SHORTEST_REASON;
  const missing = missingInWords(gates, { ...m, glass });
  return (
    <FormDialog
      title={glass.title(id)}
      about={glass.about}
      send={glass.send}
      look="danger"
      busy={call.isPending}
      error={call.error}
      onClose={onClose}
      onSend={() => {
        setSent(true);
        if (!isIncidentMissing && !isReasonShort) call.mutate({ params: { request: id }, body: { incident, reason, digest } });
      }}
    >
      <Note tone="warn">
        <p className="font-medium">{request.summary}</p>
        {missing !== undefined && <p>{glass.means(missing)}</p>}
        <p>{glass.told}</p>
        <p>{glass.recorded}</p>
      </Note>
      <Field
        label={glass.incident}
        about={glass.incidentAbout}
        required
        error={isSent && isIncidentMissing ? glass.incidentMissing : undefined}
      >
        <TextInput value={incident} maxLength={100} onChange={({ target }) => setIncident(target.value)} />
      </Field>
      <Field
        label={glass.reason}
        about={glass.reasonAbout}
        required
        error={isSent && isReasonShort ? glass.reasonShort : undefined}
      >
        <TextArea value={reason} maxLength={2000} onChange={({ target }) => setReason(target.value)} />
      </Field>
    </FormDialog>
  );
}
