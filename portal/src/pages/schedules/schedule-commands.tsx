import type { ResponseOf } from '@guichet/client';
import { useNavigate } from '@tanstack/react-router';
import { Pause, Play, Trash2 } from 'lucide-react';
import { type ReactNode, useState } from 'react';
import { useCall } from '../../api/use-call.ts';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Field, TextArea } from '../../ui/field.tsx';
import { FormDialog } from '../../ui/form-dialog.tsx';
import { ErrorNote } from '../../ui/states.tsx';
import { tell } from '../../ui/toast.tsx';

type Shown = ResponseOf<'schedules.show'>;
interface CommandProps {
  readonly name: string;
  readonly onClose: () => void;
}

const CHANGES = ['schedules.list', 'schedules.show'] as const;

/** What the reader may do with a schedule now. */
export function ScheduleCommands({ schedule }: { readonly schedule: Shown }): ReactNode {
  const m = useMessages().schedules;
  const { name, allowed } = schedule;
  const [open, setOpen] = useState<'pause' | 'delete'>();
  const close = (): void => setOpen(undefined);
  const resume = useCall('schedules.resume', { changes: CHANGES, onSuccess: () => tell(m.resumed(name)) });
  return (
    <>
      {allowed.includes('resume') && (
        <Button
          icon={Play}
          look="primary"
          busy={resume.isPending}
          onClick={() => resume.mutate({ params: { schedule: name }, body: {} })}
        >
          {m.resume}
        </Button>
      )}
      {allowed.includes('pause') && (
        <Button icon={Pause} onClick={() => setOpen('pause')}>
          {m.pause}
        </Button>
      )}
      {allowed.includes('delete') && (
        <Button icon={Trash2} onClick={() => setOpen('delete')}>
          {m.delete}
        </Button>
      )}
      {resume.error !== null && <ErrorNote error={resume.error} />}
      {open === 'pause' && <PauseDialog name={name} onClose={close} />}
      {open === 'delete' && <DeleteDialog name={name} onClose={close} />}
    </>
  );
}

function PauseDialog({ name, onClose }: CommandProps): ReactNode {
  const m = useMessages().schedules;
  const [comment, setComment] = useState('');
  const pause = useCall('schedules.pause', {
    changes: CHANGES,
    onSuccess: () => {
      tell(m.paused(name));
      onClose();
    },
  });
  return (
    <FormDialog
      size="sm"
      title={m.pauseTitle(name)}
      about={m.pauseText}
      send={m.pause}
      busy={pause.isPending}
      error={pause.error}
      onSend={() => pause.mutate({ params: { schedule: name }, body: { comment } })}
      onClose={onClose}
    >
      <Field label={m.comment}>
        <TextArea rows={2} value={comment} maxLength={2000} onChange={(event) => setComment(event.currentTarget.value)} />
      </Field>
    </FormDialog>
  );
}

function DeleteDialog({ name, onClose }: CommandProps): ReactNode {
  const m = useMessages().schedules;
  const navigate = useNavigate();
  const remove = useCall('schedules.delete', {
    changes: ['schedules.list'],
    onSuccess: () => {
      tell(m.deleted(name));
      void navigate({ to: '/schedules' });
    },
  });
  return (
    <FormDialog
      size="sm"
      title={m.deleteTitle(name)}
      about={m.deleteText}
      send={m.delete}
      look="danger"
      busy={remove.isPending}
      error={remove.error}
      onSend={() => remove.mutate({ params: { schedule: name } })}
      onClose={onClose}
    />
  );
}
