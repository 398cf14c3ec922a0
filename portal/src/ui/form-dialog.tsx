import type { GuichetError } from '@guichet/contract';
import { type ReactNode, useId, useRef } from 'react';
import { useKeys } from '../app/keys.ts';
import { useMessages } from '../messages/index.tsx';
import { Button, type ButtonLook } from './button.tsx';
import { Dialog } from './dialog.tsx';
import { ErrorNote } from './states.tsx';

/** A dialog that sends one form; what the gateway says against it stands in it. */
export function FormDialog({
  title,
  about,
  send,
  look = 'primary',
  busy,
  disabled = false,
  error,
  size = 'md',
  onSend,
  onClose,
  children,
}: {
  readonly title: string;
  readonly about?: ReactNode;
  /** What its button says. */
  readonly send: string;
  readonly look?: ButtonLook;
  readonly busy: boolean;
  readonly disabled?: boolean;
  readonly error: GuichetError | null;
  readonly size?: 'sm' | 'md' | 'lg';
  readonly onSend: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}): ReactNode {
  const m = useMessages();
  const form = useId();
  const fields = useRef<HTMLFormElement>(null);
  const trySend = (): void => {
    onSend();
    // What is missing is marked by then: the first of it gets the focus.
    requestAnimationFrame(() =>
      fields.current
        ?.querySelector<HTMLElement>('input[aria-invalid="true"], textarea[aria-invalid="true"], button[aria-invalid="true"]')
        ?.focus(),
    );
  };
  useKeys({ 'mod+enter': { run: () => !busy && !disabled && trySend() } }, { inDialog: true });
  return (
    <Dialog
      open
      title={title}
      about={about}
      size={size}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{m.ui.cancel}</Button>
          <Button type="submit" form={form} look={look} busy={busy} disabled={disabled} keys="mod+Enter">
            {send}
          </Button>
        </>
      }
    >
      <form
        ref={fields}
        id={form}
        className="flex flex-col gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          trySend();
        }}
      >
        {children}
        {error !== null && <ErrorNote error={error} />}
      </form>
    </Dialog>
  );
}
