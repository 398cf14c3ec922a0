import { CircleCheck } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { ENDED_CHANNEL } from '../../api/sign-in.ts';
import { useMessages } from '../../messages/index.tsx';
import { EmptyState } from '../../ui/states.tsx';

/** Where a sign-in in a second window ends: it tells the page that waits, and closes. */
export function SignedIn(): ReactNode {
  const m = useMessages().shell.ended;
  useEffect(() => {
    const channel = new BroadcastChannel(ENDED_CHANNEL);
    channel.postMessage('signed-in');
    channel.close();
    window.close(); // a browser that does not let it shows the words below
  }, []);
  return (
    <EmptyState icon={CircleCheck} title={m.done}>
      {m.doneText}
    </EmptyState>
  );
}
