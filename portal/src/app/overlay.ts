import { useSyncExternalStore } from 'react';

/** What the shell can lay over any page. One at a time. */
export type Overlay = 'keys' | 'palette';

let open: Overlay | undefined;
const listeners = new Set<() => void>();

export function showOverlay(overlay: Overlay | undefined): void {
  open = overlay;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const useOverlay = (): Overlay | undefined => useSyncExternalStore(subscribe, () => open);
