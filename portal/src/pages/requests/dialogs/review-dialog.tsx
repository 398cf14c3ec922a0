import type { ReviewVerdict } from '@guichet/contract';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../../api/use-call.ts';
import { useMessages } from '../../../messages/index.tsx';
import { Field, Segmented, TextArea } from '../../../ui/field.tsx';
import { FormDialog } from '../../../ui/form-dialog.tsx';
import { Note } from '../../../ui/states.tsx';
import { tell } from '../../../ui/toast.tsx';
import type { CommandDialogProps } from './command-dialog-props.ts';

/** Closes the review of a broken glass. */
export function ReviewDialog({ request: { id, review }, onDone, onClose }: CommandDialogProps): ReactNode {
  const m = useMessages().request;
  const [verdict, setVerdict] = useState<ReviewVerdict>('justified');
  const [comment, setComment] = useState('');
  const [isSent, setSent] = useState(false);
  const call = useCall('requests.review', {
    changes: ['requests.list'],
    onSuccess: (answer) => {
      tell(m.review.done(id));
      onDone(answer);
    },
  });
  const isMissing = comment.trim() === '';
  return (
    <FormDialog
      title={m.review.title(id)}
      about={m.review.about}
      send={m.review.send}
      busy={call.isPending}
      error={call.error}
      onClose={onClose}
      onSend={() => {
        setSent(true);
        if (!isMissing) call.mutate({ params: { request: id }, body: { verdict, comment } });
      }}
    >
      {review !== null && (
        <Note tone="warn">
          <p className="font-medium">{m.glass.broken(review.brokenBy.name, review.incident)}</p>
          <p className="whitespace-pre-wrap">{review.reason}</p>
        </Note>
      )}
      <Segmented
        label={m.review.verdict}
        value={verdict}
        onChange={setVerdict}
        items={[
          { value: 'justified', label: m.verdicts.justified },
          { value: 'not_justified', label: m.verdicts.not_justified },
        ]}
      />
      <Field label={m.review.comment} required error={isSent && isMissing ? m.review.needsComment : undefined}>
        <TextArea value={comment} maxLength={2000} onChange={({ target }) => setComment(target.value)} />
      </Field>
    </FormDialog>
  );
}
