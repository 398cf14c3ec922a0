import { setTimeout as sleep } from 'node:timers/promises';
import { InstanceError } from '../instance-error.ts';

/** In ms. What takes hours is looked at less often than what takes seconds. */
const FIRST_PAUSE = 250;
const LONGEST_PAUSE = 5000;

/** Waits for the work and looks at it again and again meanwhile. A look that fails costs nothing but what it would have told. */
export async function watched<Value>(work: Promise<Value>, look: () => Promise<void>): Promise<Value> {
  const over = new AbortController();
  const ended = work.finally(() => over.abort());
  ended.catch(() => {}); // it is awaited below
  for (let pause = FIRST_PAUSE; !over.signal.aborted; pause = Math.min(pause * 1.2, LONGEST_PAUSE)) {
    await look().catch((error: unknown) => {
      if (!(error instanceof InstanceError)) throw error;
    });
    await sleep(pause, undefined, { signal: over.signal }).catch(() => {});
  }
  return ended;
}

interface Told {
  readonly message: string;
  readonly done?: number;
  readonly total?: number;
}

/** Tells how far it is when that is something new: every step that is told is kept. */
export function newsOnly(progress: (now: Told) => void): (now: Told) => void {
  let last = '';
  return (now) => {
    const text = JSON.stringify(now);
    if (text === last) return;
    last = text;
    progress(now);
  };
}
