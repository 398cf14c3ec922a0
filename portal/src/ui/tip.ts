import type { ReactNode } from 'react';

/** What is told about what is pointed at or focused: one thing at a time, so there is one place for it in the whole page. */
export interface Tip {
  readonly anchor: Element;
  readonly text: ReactNode;
}

let shown: Tip | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

function become(tip: Tip | undefined): void {
  shown = tip;
  for (const tell of listeners) tell();
}

/** After a moment: whoever only passes by is not told anything. */
export function showTip(tip: Tip): void {
  clearTimeout(timer);
  timer = setTimeout(() => become(tip.anchor.isConnected ? tip : undefined), 400);
}

/** `after` leaves time to go from the thing to what is told of it, in ms. */
export function hideTip({ after = 0 }: { readonly after?: number } = {}): void {
  clearTimeout(timer);
  if (shown !== undefined) timer = setTimeout(() => become(undefined), after);
}

/** Somebody reads it. */
export const keepTip = (): void => clearTimeout(timer);

export const shownTip = (): Tip | undefined => shown;

export function watchTip(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
