import { type Failure, GuichetError } from '@guichet/contract';
import type { Database } from '../db/index.ts';
import {
  extendedUntil,
  extensionHindrance,
  extensionOutput,
  findRequest,
  liveUndo,
  lockRequest,
  type RequestRow,
  requestName,
} from '../requests/index.ts';
import type { Transitions } from './transitions.ts';

/**
 * The run of a request that puts off the end of another one. It changes nothing outside of our database, so it begins and ends
 * in one transaction: there is no moment at which nobody knows what became of it.
 */
export async function runExtension(
  held: RequestRow,
  { db, transitions }: { db: Database; transitions: Transitions },
): Promise<void> {
  await db.transaction(async (tx) => {
    const row = await lockRequest(tx, held.number);
    if (row === undefined || row.fencingToken !== held.fencingToken || row.extensionOf === null) return;
    const original = await lockRequest(tx, row.extensionOf);
    if (original === undefined) throw new GuichetError('internal', `${requestName(row)} puts off a request that is gone.`);
    const hindrance = extensionHindrance(row, original, await liveUndo(tx, original.number));
    if (hindrance !== undefined) {
      const failure: Failure = {
        code: 'plan.drifted',
        message: hindrance,
        remedy: 'Look at it, and extend it again.',
        retryable: false,
      };
      await transitions.apply(tx, row, { event: { type: 'void', failure } });
      return;
    }
    const state = await transitions.apply(tx, row, { event: { type: 'dispatch', timeoutMs: row.timeoutSeconds * 1000 } });
    const sent = state === 'running' ? await findRequest(tx, row.number) : undefined;
    if (sent === undefined) return;
    const undoAt = extendedUntil(original, row, row.readAt);
    await transitions.apply(tx, sent, { event: { type: 'succeed', output: extensionOutput(original, undoAt) } });
    const told = { type: 'request.extended', data: { by: requestName(row), undoAt: undoAt.toISOString() } } as const;
    const changes = { undoState: 'scheduled', undoAt, undoTryAt: undoAt, undoTries: 0, undoMessage: null } as const;
    await transitions.tell(tx, { row: original, changes, told: [told] });
  });
}
