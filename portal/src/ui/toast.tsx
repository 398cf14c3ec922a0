import { lazy, type ReactNode, Suspense } from 'react';

const load = () => import('./toast-list.tsx');
const ToastCorner = lazy(async () => ({ default: (await load()).ToastCorner }));

/** Says that something is done, for some seconds, in a corner. What went wrong is said where it did, not here. */
export function tell(title: string, { description, timeout = 5000 }: { description?: string; timeout?: number } = {}): void {
  void load().then(async ({ toasts, cornerIsThere }) => {
    await cornerIsThere;
    toasts.add({ title, timeout, ...(description !== undefined && { description }) });
  });
}

/** Where they appear. Not waited for: nothing is told before somebody has done something. */
export function Toasts(): ReactNode {
  return (
    <Suspense>
      <ToastCorner />
    </Suspense>
  );
}
