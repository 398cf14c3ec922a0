import { Dialog as Base } from '@base-ui/react/dialog';
import clsx from 'clsx';
import { X } from 'lucide-react';
import type { ReactNode } from 'react';
import { useMessages } from '../messages/index.tsx';

interface DialogProps {
  readonly title: ReactNode;
  readonly about?: ReactNode;
  readonly open: boolean;
  readonly onClose: () => void;
  /** It has to be answered: neither Escape nor a click beside it closes it. */
  readonly mustAnswer?: boolean;
  readonly size?: 'sm' | 'md' | 'lg';
  /** Below: the buttons. */
  readonly actions?: ReactNode;
  readonly children?: ReactNode;
}

const WIDTHS = { sm: 'max-w-sm', md: 'max-w-lg', lg: 'max-w-3xl' } as const;

export function Dialog({
  title,
  about,
  open,
  onClose,
  mustAnswer = false,
  size = 'md',
  actions,
  children,
}: DialogProps): ReactNode {
  const m = useMessages();
  return (
    <Base.Root open={open} onOpenChange={(isOpen) => !isOpen && onClose()} disablePointerDismissal={mustAnswer}>
      <Base.Portal>
        <Base.Backdrop className="fixed inset-0 z-40 bg-black/35 dark:bg-black/60" />
        <Base.Popup
          className={clsx(
            'fixed top-[8vh] left-1/2 z-40 flex max-h-[84vh] w-[calc(100vw-1.5rem)] -translate-x-1/2 flex-col rounded-xl border border-line bg-raised shadow-pop outline-none',
            WIDTHS[size],
          )}
        >
          <div className="flex items-start gap-2 px-4 pt-3">
            <div className="min-w-0 flex-1 py-1">
              <Base.Title className="text-lg font-semibold">{title}</Base.Title>
              {about !== undefined && <Base.Description className="mt-0.5 text-sm text-soft">{about}</Base.Description>}
            </div>
            {!mustAnswer && (
              // No tooltip: it has the focus first, and Escape would close the tooltip instead of the dialog.
              <Base.Close
                aria-label={m.ui.close}
                className="inline-flex size-8 shrink-0 items-center justify-center rounded-md text-soft hover:bg-hover hover:text-ink"
              >
                <X size={16} aria-hidden />
              </Base.Close>
            )}
          </div>
          <div className="min-h-0 flex-1 overflow-y-auto px-4 pt-2 pb-4">{children}</div>
          {actions !== undefined && (
            <div className="flex flex-wrap justify-end gap-2 border-t border-line px-4 py-3">{actions}</div>
          )}
        </Base.Popup>
      </Base.Portal>
    </Base.Root>
  );
}
