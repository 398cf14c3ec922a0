import type { Instance } from '../estate.ts';
import type { OwnSession } from '../login.ts';
import { GUARDS, type ReadingWanted } from '../run-sql/reading-session.ts';
import { saidByServer } from '../run-sql/server-refusal.ts';

/** It must not queue for long: what it has locked by then, others wait for. */
const LOCK_MS = 1000;

/**
 * Works in a transaction that may change rows and never commits: it is rolled back at the end, and by the server itself when
 * the connection is lost. Rejects with an InstanceError, which says why the server refuses what was asked.
 */
export async function rolledBack<Value>(
  instance: Instance,
  { database, seconds, runId, signal }: Omit<ReadingWanted, 'as'>,
  work: (session: OwnSession) => Promise<Value>,
): Promise<Value> {
  const limits = { statementMs: seconds * 1000, lockMs: LOCK_MS };
  try {
    return await instance.admin.session(
      { database, ...(runId !== undefined && { runId }), ...limits, signal },
      async (session) => {
        await session.query('begin');
        await session.query(GUARDS);
        const value = await work(session);
        await session.query('rollback');
        return value;
      },
    );
  } catch (error) {
    const where = { instance: instance.name, database, seconds, environment: instance.settings.environment };
    throw saidByServer(error, where) ?? error;
  }
}
