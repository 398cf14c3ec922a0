import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceError } from '../instance-error.ts';

const PAUSE_MS = 500;

/** Waits for the work and looks at it again and again meanwhile. A look that fails costs nothing but what it would have told. */
export async function watched<Value>(work: Promise<Value>, look: () => Promise<void>): Promise<Value> {
  const over = new AbortController();
  const ended = work.finally(() => over.abort());
  ended.catch(() => {}); // it is awaited below
  while (!over.signal.aborted) {
    await look().catch((error: unknown) => {
      if (!(error instanceof InstanceError)) throw error;
    });
    await sleep(PAUSE_MS, undefined, { signal: over.signal }).catch(() => {});
  }
  return ended;
}
