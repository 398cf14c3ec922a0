import { setImmediate } from 'node:timers/promises';

/** Decisions in a row without a pause: a few milliseconds' worth. */
const IN_A_ROW = 32;

/** Lets other calls have their turn, once in a while: thousands of decisions in one go would hold up the whole gateway. */
export function breather(): () => Promise<void> {
  let count = 0;
  return async () => {
    count += 1;
    if (count % IN_A_ROW === 0) await setImmediate();
  };
}
