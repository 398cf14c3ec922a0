import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import type { OwnSession } from '../login.ts';
import { quotedName } from '../quoted-name.ts';
import { codeOf, saidByServer, tookTooLong } from './server-refusal.ts';

/** So long a statement may wait for a table that is locked, in ms. */
const LOCK_MS = 2000;
/** For what is not the statement itself: to connect, to look at what it names. In ms. */
const MARGIN_MS = 2000;

export interface ReadingWanted {
  readonly database: string;
  readonly seconds: number;
  readonly runId?: string;
  /** `admin`: with its own rights, for a plan of what changes rows; still it can only read. `reader` when absent. */
  readonly as?: 'reader' | 'admin';
  readonly signal: AbortSignal;
}

/**
 * Opens a session that can only read, and works in it: one transaction, READ ONLY, of the reader login. So what slips through the
 * checks of the statement finds no right to make roles, to signal others or to write. Without a reader it is a session of the
 * admin as pg_read_all_data; code that somebody hid where the planner runs it could become the admin again. Rejects with an
 * InstanceError, which says why the server refuses what was asked.
 */
export async function reading<Value>(
  instance: Instance,
  { database, seconds, runId, as = 'reader', signal }: ReadingWanted,
  work: (session: OwnSession) => Promise<Value>,
): Promise<Value> {
  const limits = { statementMs: seconds * 1000, lockMs: LOCK_MS };
  const reader = as === 'reader' ? instance.reader : undefined;
  const login = reader ?? instance.admin;
  // The server's own limit is one for each statement, and a cursor is read by many.
  const over = AbortSignal.timeout(seconds * 1000 + MARGIN_MS);
  const stopped = AbortSignal.any([signal, over]);
  try {
    return await login.session(
      { database, ...(runId !== undefined && { runId }), ...limits, signal: stopped },
      async (session) => {
        await session.query('begin transaction isolation level repeatable read, read only');
        if (as === 'reader' && reader === undefined)
          await session.query('set local role pg_read_all_data').catch((error: unknown) => {
            if (codeOf(error) !== '42501') throw error;
            throw new InstanceError(
              `The admin login '${login.user}' of the instance '${instance.name}' is not a member of pg_read_all_data.`,
              {
                remedy: `A superuser must run there: GRANT pg_read_all_data TO ${quotedName(login.user)};`,
                passing: false,
                cause: error,
              },
            );
          });
        await session.query(GUARDS);
        return await work(session);
      },
    );
  } catch (error) {
    if (over.aborted && !signal.aborted) throw tookTooLong(seconds, error);
    throw (
      saidByServer(error, { instance: instance.name, database, seconds, environment: instance.settings.environment }) ?? error
    );
  }
}

/**
 * The text means what our parser took it for; one core is enough for a look; a policy of rows is an error and not fewer rows,
 * and its functions do not run.
 */
export const GUARDS = `
set local standard_conforming_strings = on; set local idle_in_transaction_session_timeout = '10s';
set local max_parallel_workers_per_gather = 0; set local row_security = off`;
