import { writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';

/** What a process that can be killed at a named point says to whoever kills it. */
export interface Seen {
  /** A point that it has come to for the first time. */
  readonly seen: string;
}

/** What it is told: die at whichever of these points comes first, when it comes for the nth time from now on. */
export interface Arm {
  readonly points: readonly string[];
  readonly nth: number;
}

/** Stands before the name of the point at which a process dies, on a line of its stderr: that is with the kernel before it dies. */
export const DIES_AT = 'dies at the point: ';

const known = new Set<string>();
let armed = new Map<string, number>();

/**
 * A point of this process. Whoever started the process learns of it, and may have had it armed: then the process is
 * killed here, by SIGKILL, between this instruction and the next.
 */
export function passed(point: string): void {
  if (!known.has(point)) {
    known.add(point);
    process.send?.({ seen: point } satisfies Seen);
  }
  const left = armed.get(point);
  if (left === undefined) return;
  armed.set(point, left - 1);
  if (left > 1) return;
  try {
    writeSync(2, `\n${DIES_AT}${point}\n`);
  } catch {
    // Nobody hears where; it dies all the same.
  }
  process.kill(process.pid, 'SIGKILL');
}

/** Takes orders from the process that started this one, and ends with it. */
export function takeOrders(): void {
  process.on('message', ({ points, nth }: Arm) => {
    armed = new Map(points.map((point) => [point, nth]));
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref(); // it keeps nobody alive
  // What is killed writes no cache of its compiled code at its end; with one it is back sooner.
  setTimeout(flushCompileCache, 2500).unref();
}
