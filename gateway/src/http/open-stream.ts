import { once } from 'node:events';
import type { ServerResponse } from 'node:http';

/** Waits for a reader who takes nothing, as long as they are given; then cuts them. */
export async function write(response: ServerResponse, text: string, patience: () => AbortSignal): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  try {
    await once(response, 'drain', { signal: patience() });
  } catch {
    response.destroy();
  }
}

/** A bell that remembers that it rang. */
export function waker(): { ring: () => void; rung: () => Promise<void> } {
  let rang = false;
  let resolve: (() => void) | undefined;
  return {
    ring: () => {
      rang = true;
      resolve?.();
    },
    rung: async () => {
      if (!rang) await new Promise<void>((done) => (resolve = done));
      rang = false;
      resolve = undefined;
    },
  };
}
