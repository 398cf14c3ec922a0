import { LogIn } from 'lucide-react';
import { type ReactNode, useId, useState, useSyncExternalStore } from 'react';
import { session } from '../api/session.ts';
import { loginPath } from '../api/sign-in.ts';
import { useMessages } from '../messages/index.tsx';
import { Button } from '../ui/button.tsx';

/** Over the page when its session is over: the page stays as it is, with all that was typed into it. */
export function SessionDialog(): ReactNode {
  const m = useMessages().shell.ended;
  const standing = useSyncExternalStore(session.subscribe, session.standing);
  const [isWaiting, setWaiting] = useState(false);
  if (standing === 'signed-in') return null;
  if (standing === 'somebody-else')
    return (
      <MustAnswer
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
    <MustAnswer
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
    </MustAnswer>
  );
}

/**
 * A dialog of the browser's own, not that of the other pages: it must come when nothing can be fetched any more, and is so
 * rare that no first load should carry what the other one is made of.
 */
function MustAnswer({
  title,
  about,
  actions,
  children,
}: {
  readonly title: string;
  readonly about: string;
  readonly actions: ReactNode;
  readonly children?: ReactNode;
}): ReactNode {
  const id = useId();
  return (
    <dialog
      ref={(dialog) => {
        if (dialog?.open === false) dialog.showModal();
      }}
      // Escape does not answer it; browsers close it all the same when it is pressed again.
      onCancel={(event) => event.preventDefault()}
      onClose={(event) => event.currentTarget.showModal()}
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-about`}
      className="mx-auto mt-[8vh] w-[calc(100vw-1.5rem)] max-w-sm rounded-xl border border-line bg-raised text-ink shadow-pop outline-none backdrop:bg-black/35 dark:backdrop:bg-black/60"
    >
      <div className="px-4 pt-4 pb-3">
        <h2 id={`${id}-title`} className="text-lg font-semibold">
          {title}
        </h2>
        <p id={`${id}-about`} className="mt-0.5 text-sm text-soft">
          {about}
        </p>
        {children}
      </div>
      <div className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">{actions}</div>
    </dialog>
  );
}
