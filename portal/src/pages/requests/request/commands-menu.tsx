import type { Request } from '@guichet/contract';
import { Ellipsis } from 'lucide-react';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useMessages } from '../../../messages/index.tsx';
import { Button, IconButton } from '../../../ui/button.tsx';
import { Menu } from '../../../ui/menu.tsx';
import { useKeepRequest } from './keep-request.ts';
import { RunAgain } from './run-again.tsx';

/** Each dialog is loaded when it is asked for: few who look at a request need one. */
const DIALOGS = {
  withdraw: lazy(async () => {
    const { StopDialog } = await import('../dialogs/stop-dialog.tsx');
    return { default: (props: CommandProps) => <StopDialog {...props} command="withdraw" /> };
  }),
  cancel: lazy(async () => {
    const { StopDialog } = await import('../dialogs/stop-dialog.tsx');
    return { default: (props: CommandProps) => <StopDialog {...props} command="cancel" /> };
  }),
  break_glass: lazy(async () => ({ default: (await import('../dialogs/glass-dialog.tsx')).GlassDialog })),
  review: lazy(async () => ({ default: (await import('../dialogs/review-dialog.tsx')).ReviewDialog })),
  resolve: lazy(async () => ({ default: (await import('../dialogs/resolve-dialog.tsx')).ResolveDialog })),
  undo: lazy(async () => ({ default: (await import('../dialogs/undo-dialog.tsx')).UndoDialog })),
  extend: lazy(async () => ({ default: (await import('../dialogs/extend-dialog.tsx')).ExtendDialog })),
};
type Command = keyof typeof DIALOGS;

interface CommandProps {
  readonly request: Request;
  readonly onDone: (answer: Request) => void;
  readonly onClose: () => void;
}

/** In the order in which they are likely to be wanted; the first that is allowed is a button of its own. */
const ORDER: readonly Command[] = ['review', 'resolve', 'cancel', 'withdraw', 'extend', 'undo', 'break_glass'];

/** What can be done with a request beside deciding on it. */
export function CommandsMenu({ request }: { readonly request: Request }): ReactNode {
  const m = useMessages().request.commands;
  const [open, setOpen] = useState<Command>();
  const keep = useKeepRequest();
  const allowed = ORDER.filter((command) => request.allowed.includes(command));
  const nameOf = (command: Command): string => (command === 'cancel' && request.state === 'queued' ? m.cancelQueued : m[command]);
  // What is an emergency is never the nearest button.
  const [first] = allowed[0] === 'break_glass' ? [] : allowed;
  const others = allowed.filter((command) => command !== first);
  const Open = open === undefined ? undefined : DIALOGS[open];
  return (
    <>
      <RunAgain request={request} />
      {first !== undefined && <Button onClick={() => setOpen(first)}>{nameOf(first)}</Button>}
      {others.length > 0 && (
        <Menu
          trigger={<IconButton icon={Ellipsis} label={m.more} look="secondary" />}
          entries={others.map((command) => ({
            label: nameOf(command),
            ...(command === 'break_glass' && { tone: 'bad' as const }),
            onSelect: () => setOpen(command),
          }))}
        />
      )}
      {Open !== undefined && (
        <Suspense>
          <Open
            request={request}
            onClose={() => setOpen(undefined)}
            onDone={(answer) => {
              keep(answer);
              setOpen(undefined);
            }}
          />
        </Suspense>
      )}
    </>
  );
}
