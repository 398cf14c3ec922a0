import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Field, TextArea, TextInput } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { duration } from '../../../ui/format.ts';
import type { CommandDialogProps } from './command-dialog-props.ts';
import { readLength } from './length.ts';

/** Files the request that puts off the end of one. */
export function ExtendDialog({ request: { id }, onClose }: CommandDialogProps): ReactNode {
  const m = useMessages().request.extend;
  const navigate = useNavigate();
  const [text, setText] = useState('1h');
  const [reason, setReason] = useState('');
  const [isSent, setSent] = useState(false);
  const [idempotencyKey, setKey] = useState(() => crypto.randomUUID());
  const seconds = readLength(text);
  const call = useCall('requests.extend', {
    changes: ['requests.list', 'requests.show'],
    onSuccess: ({ id: filed }) => {
      onClose();
      void navigate({ to: '/requests/$request', params: { request: filed } });
    },
  });
  // Another length or reason is another wish; the same one, sent again after a cut, is not.
  const change = (set: () => void): void => {
    set();
    setKey(crypto.randomUUID());
  };
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
        if (seconds === undefined) return;
        call.mutate({
          params: { request: id },
          body: { seconds, ...(reason.trim() !== '' && { reason }) },
          idempotencyKey,
        });
      }}
    >
      <Field
        label={m.seconds}
        about={seconds === undefined ? m.secondsAbout : m.comesTo(duration(seconds))}
        required
        error={isSent && seconds === undefined ? m.secondsWrong : undefined}
      >
        <TextInput value={text} onChange={({ target }) => change(() => setText(target.value))} />
      </Field>
      <Field label={m.reason}>
        <TextArea value={reason} maxLength={2000} onChange={({ target }) => change(() => setReason(target.value))} />
      </Field>
    </FormDialog>
  );
}
