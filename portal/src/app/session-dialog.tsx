import { LogIn } from 'lucide-react';
import { type ReactNode, useState, useSyncExternalStore } from 'react';
import { session } from '../api/session.ts';
import { loginPath } from '../api/sign-in.ts';
import { useMessages } from '../messages/index.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';

/** Over the page when its session is over: the page stays as it is, with all that was typed into it. */
export function SessionDialog(): ReactNode {
  const m = useMessages().shell.ended;
  const standing = useSyncExternalStore(session.subscribe, session.standing);
  const [isWaiting, setWaiting] = useState(false);
  if (standing === 'signed-in') return null;
  if (standing === 'somebody-else')
    return (
      <Dialog
        open
        mustAnswer
        size="sm"
        onClose={() => {}}
        title={m.somebodyElse}
        about={m.somebodyElseText}
        actions={
          <Button look="primary" onClick={() => location.reload()}>
            {m.reload}
          </Button>
        }
      />
    );
  return (
    <Dialog
      open
      mustAnswer
      size="sm"
      onClose={() => {}}
      title={m.title}
      about={m.text}
      actions={
        <Button
          look="primary"
          icon={LogIn}
          onClick={() => {
            setWaiting(true);
            window.open(loginPath('/signed-in'), '_blank', 'popup,width=520,height=720');
          }}
        >
          {m.signIn}
        </Button>
      }
    >
      <p role="status" className="text-sm text-soft">
        {isWaiting ? m.waiting : ''}
      </p>
    </Dialog>
  );
}
