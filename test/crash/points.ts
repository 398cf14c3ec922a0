import { flushCompileCache } from 'node:module';

/** What a process that can be killed at a named point says to whoever kills it. */
export interface Seen {
  /** A point that it has come to for the first time. */
  readonly seen: string;
}

/** What it is told: die when it comes to the point for the nth time from now on. */
export interface Arm {
  readonly point: string;
  readonly nth: number;
}

const known = new Set<string>();
let armed: { readonly point: string; left: number } | undefined;

/**
 * A point of this process. Whoever started the process learns of it, and may have had it armed: then the process is
 * killed here, by SIGKILL, between this instruction and the next.
 */
export function passed(point: string): void {
  if (!known.has(point)) {
    known.add(point);
    process.send?.({ seen: point } satisfies Seen);
  }
  if (armed?.point !== point) return;
  armed.left -= 1;
  if (armed.left <= 0) process.kill(process.pid, 'SIGKILL');
}

/** Takes orders from the process that started this one, and ends with it. */
export function takeOrders(): void {
  process.on('message', (arm: Arm) => {
    armed = { point: arm.point, left: arm.nth };
  });
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref(); // it keeps nobody alive
  // What is killed writes no cache of its compiled code at its end; with one it is back sooner.
  setTimeout(flushCompileCache, 2500).unref();
}
