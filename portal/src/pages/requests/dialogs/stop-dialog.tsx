import type { Request } from '@guichet/contract';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Field, TextArea } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { tell } from '../../../ui/toast.tsx';
import type { CommandDialogProps } from './command-dialog-props.ts';

/** Take a request back, or ask its run to stop; both may say why. */
export function StopDialog({
  request: { id, state },
  command,
  onDone,
  onClose,
}: CommandDialogProps & { readonly command: 'withdraw' | 'cancel' }): ReactNode {
  const m = useMessages().request;
  const [comment, setComment] = useState('');
  const call = useCall(command === 'withdraw' ? 'requests.withdraw' : 'requests.cancel', {
    changes: ['requests.list'],
    onSuccess: (answer: Request) => {
      tell(m[command].done(id));
      onDone(answer);
    },
  });
  const name = command === 'cancel' && state === 'queued' ? m.commands.cancelQueued : m.commands[command];
  return (
    <FormDialog
      title={`${name} · ${id}`}
      about={m[command].about}
      send={name}
      look={command === 'cancel' ? 'danger' : 'primary'}
      busy={call.isPending}
      error={call.error}
      onClose={onClose}
      onSend={() => call.mutate({ params: { request: id }, body: { comment } })}
    >
      <Field label={m.decide.commentOptional}>
        <TextArea value={comment} maxLength={2000} onChange={({ target }) => setComment(target.value)} />
      </Field>
    </FormDialog>
  );
}
