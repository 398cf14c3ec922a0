import { Toast } from '@base-ui/react/toast';
import { X } from 'lucide-react';
import { type ReactNode, useEffect } from 'react';
import { useMessages } from '../messages/index.tsx';
import { IconButton } from './button.tsx';

export const toasts = Toast.createToastManager();

const corner = Promise.withResolvers<void>();
/** Resolves once the corner is on the screen: what is added before is shown by nobody. */
export const cornerIsThere = corner.promise;

/** The corner where they appear; it is there before the first one, so that this is read out. */
export function ToastCorner(): ReactNode {
  // The provider inside listens by then: its effects come first.
  useEffect(() => corner.resolve(), []);
  return (
    <Toast.Provider toastManager={toasts}>
      <Toast.Portal>
        <Toast.Viewport className="fixed right-4 bottom-4 z-50 flex w-80 max-w-[calc(100vw-2rem)] flex-col gap-2">
          <ToastList />
        </Toast.Viewport>
      </Toast.Portal>
    </Toast.Provider>
  );
}

function ToastList(): ReactNode {
  const m = useMessages();
  return Toast.useToastManager().toasts.map((toast) => (
    <Toast.Root key={toast.id} toast={toast} className="rounded-lg border border-line bg-raised shadow-pop">
      <Toast.Content className="flex items-start gap-2 py-2 pr-1.5 pl-3">
        <div className="min-w-0 flex-1 py-1">
          <Toast.Title className="text-sm font-medium" />
          <Toast.Description className="text-sm text-soft" />
        </div>
        <Toast.Close render={<IconButton icon={X} size="sm" label={m.ui.close} />} />
      </Toast.Content>
    </Toast.Root>
  ));
}
