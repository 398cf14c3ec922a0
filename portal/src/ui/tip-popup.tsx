import { Tooltip } from '@base-ui/react/tooltip';
import type { ReactNode } from 'react';
import { hideTip, keepTip, type Tip } from './tip.ts';

export function TipPopup({ tip }: { readonly tip: Tip | undefined }): ReactNode {
  return (
    <Tooltip.Root open={tip !== undefined} onOpenChange={(isOpen) => !isOpen && hideTip()}>
      <Tooltip.Portal>
        <Tooltip.Positioner anchor={tip?.anchor ?? null} sideOffset={6} className="z-50">
          <Tooltip.Popup
            onPointerEnter={keepTip}
            onPointerLeave={() => hideTip()}
            className="max-w-80 rounded-md border border-line bg-raised px-2 py-1 text-xs text-ink shadow-pop"
          >
            {tip?.text}
          </Tooltip.Popup>
        </Tooltip.Positioner>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
