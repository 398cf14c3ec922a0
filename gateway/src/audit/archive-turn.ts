import { setTimeout as wait } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import pg from 'pg';
import { asDatabaseError } from '../db/index.ts';

/** One that archives among all of a database; any number that no other lock has. */
const LOCK = 7_283_464;
/** The server takes a moment to see that somebody who was killed is gone. */
const LOOKS = 10;
const PAUSE_MS = 200;

/** Archives alone, from the first look to the drop: the lock is that of a connection, and goes with it. */
export async function inTurn<Result>(url: string, work: () => Promise<Result>): Promise<Result> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'guichet-archive',
    keepAlive: true,
    connectionTimeoutMillis: 3000,
  });
  client.on('error', () => {}); // whoever goes on without it can drop only what is recorded just so
  await client.connect().catch((error: unknown) => {
    throw asDatabaseError(error);
  });
  try {
    for (let looks = 1; !(await isMine(client)); looks++) {
      if (looks === LOOKS)
        throw new GuichetError('usage.invalid', 'Another archive-audit of this log is at work.', {
          remedy: 'Wait until it has ended, and run it again if there is more to archive.',
        });
      await wait(PAUSE_MS);
    }
    return await work();
  } finally {
    await client.end().catch(() => {}); // it broke: then it is closed
  }
}

async function isMine(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK]);
  return rows[0]?.mine === true;
}
