import { createContext, Script } from 'node:vm';

/** Told apart from all that the work itself may throw. */
export class TookTooLong extends Error {}

const call = new Script('work()');
const room: { work: (() => unknown) | undefined } = { work: undefined };
createContext(room);

/**
 * Does work of which somebody else decides how long it takes (a pattern of theirs on a text of a caller's), and breaks it
 * off after so many milliseconds, also in the middle of one regular expression: everybody else waits meanwhile. Throws
 * `TookTooLong`. The watch over it costs a fifth of a millisecond. Only for work that is worth nothing half done, and that
 * leaves nothing behind: never for what runs in WebAssembly.
 */
export function withinTime<Result>({ milliseconds, what }: { milliseconds: number; what: string }, work: () => Result): Result {
  const { work: outer } = room;
  room.work = work;
  try {
    // The script is the call of `work`, and gives what that gives.
    return call.runInContext(room, { timeout: milliseconds }) as Result;
  } catch (error) {
    throw isOver(error) ? new TookTooLong(`${what} takes longer than ${milliseconds} ms`) : error;
  } finally {
    room.work = outer;
  }
}

/** It comes from the other context, whose `Error` is not ours. */
function isOver(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT';
}
