import { useBlocker } from '@tanstack/react-router';
import { type ReactNode, useRef } from 'react';
import { useMessages } from '../../messages/index.tsx';
import { Button } from '../../ui/button.tsx';
import { Dialog } from '../../ui/dialog.tsx';

interface LeaveGuard {
  /** From now on one may leave: what was typed has been sent. */
  readonly allow: () => void;
  /** Asks before what was typed is lost. */
  readonly question: ReactNode;
}

/** Asks before a page is left on which something was typed; the address of the same page may change freely. */
export function useLeaveGuard(isDirty: boolean): LeaveGuard {
  const m = useMessages().actions.leave;
  const isAllowed = useRef(false);
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => isDirty && !isAllowed.current && current.pathname !== next.pathname,
    enableBeforeUnload: () => isDirty && !isAllowed.current,
    withResolver: true,
  });
  return {
    allow: () => {
      isAllowed.current = true;
    },
    question: blocker.status === 'blocked' && (
      <Dialog
        open
        size="sm"
        onClose={blocker.reset}
        title={m.title}
        about={m.text}
        actions={
          <>
            <Button onClick={blocker.proceed}>{m.go}</Button>
            <Button look="primary" onClick={blocker.reset}>
              {m.stay}
            </Button>
          </>
        }
      />
    ),
  };
}
