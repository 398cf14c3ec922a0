import { formatDuration, type Undo } from '@guichet/contract';
import type { Changes, Life, Told, UndoState } from './life.ts';

/*
 * A request that was asked for a while (`lastsSeconds`). This goes on beside its life, once it has succeeded:
 *
 *   succeed --> scheduled --its undo succeeds--> undone
 *                 |    ^ '--its undo failed, and may be tried again--> scheduled, later
 *        it cannot be  | extend
 *           filed, or '--> held --a person undoes it--> undone
 */

/** What a request says of its own undoing. */
export interface Temporary {
  readonly lastsSeconds: number | null;
  readonly undoState: UndoState | null;
  readonly undoAt: Date | null;
  readonly undoTryAt: Date | null;
  readonly undoTries: number;
  readonly undoMessage: string | null;
}

export type UndoChanges = Pick<Changes, 'undoState' | 'undoAt' | 'undoTryAt' | 'undoTries' | 'undoMessage'>;

interface Step {
  readonly changes: UndoChanges;
  readonly told: readonly Told[];
}

/** So often an undo is tried by itself. */
export const MOST_UNDO_TRIES = 5;

/** How long the next try of an undo waits, in ms: 30 s, a minute, two ... */
export const undoBackoffMs = (tries: number): number => 30_000 * 2 ** Math.max(0, tries - 1);

const after = (now: Date, ms: number): Date => new Date(now.getTime() + ms);

/** Why nothing is undone by itself that was for a while at the time to which the database was restored. */
export const RESTORED = 'The database was restored to an earlier time: it may have been undone, or put off, since.';

/** The end of a request for a while: from now on its time runs. Nothing for one that is for good. */
export function scheduleUndo(
  { lastsSeconds, extensionOf, doubt }: Pick<Life, 'lastsSeconds' | 'extensionOf' | 'doubt'>,
  undo: Undo | null,
  now: Date,
): Step {
  if (lastsSeconds === null || extensionOf !== null) return { changes: {}, told: [] };
  const undoAt = after(now, lastsSeconds * 1000);
  if (doubt === 'restored') return holdUndo(RESTORED, undoAt);
  if (undo?.input == null)
    return holdUndo(
      `After ${formatDuration(lastsSeconds)} it should be undone, but nobody knows how. ${undo?.problem ?? ''}`.trim(),
      undoAt,
    );
  return {
    changes: { undoState: 'scheduled', undoAt, undoTryAt: undoAt },
    told: [{ type: 'request.undo_scheduled', data: { undoAt: undoAt.toISOString(), action: undo.action } }],
  };
}

/** It is not undone by itself any more: a person has to. */
export function holdUndo(message: string, undoAt?: Date): Step {
  return {
    changes: { undoState: 'held', undoTryAt: null, undoMessage: message, ...(undoAt !== undefined && { undoAt }) },
    told: [{ type: 'request.undo_held', data: { message } }],
  };
}

/** The request that undoes another one has ended: what that means for the other one. */
export function afterUndo(
  temporary: Temporary,
  { undo, state, idempotent, message }: { undo: string; state: string; idempotent: boolean; message: string | undefined },
  now: Date,
): Step {
  if (state === 'succeeded')
    return {
      changes: temporary.undoState === null ? {} : { undoState: 'undone', undoTryAt: null, undoMessage: null },
      told: [{ type: 'request.undone', data: { undo } }],
    };
  const failed = (more: Readonly<Record<string, unknown>> = {}): Told => ({
    type: 'request.undo_failed',
    data: { undo, state, ...(message !== undefined && { message }), ...more },
  });
  // Filed by a person: the one that is scheduled comes all the same.
  if (temporary.undoState !== 'scheduled' || temporary.undoTryAt !== null) return { changes: {}, told: [failed()] };
  const nothingDone = state === 'void' || state === 'expired';
  if (temporary.undoTries < MOST_UNDO_TRIES && (nothingDone || (idempotent && state === 'failed'))) {
    const undoTryAt = after(now, undoBackoffMs(temporary.undoTries));
    return { changes: { undoTryAt }, told: [failed({ againAt: undoTryAt.toISOString() })] };
  }
  const held = holdUndo(
    `${undo}, which should have undone it, is ${state.replaceAll('_', ' ')}${message === undefined ? '.' : `: ${message}`}`,
  );
  return { changes: held.changes, told: [failed(), ...held.told] };
}
