import type { Failure } from '@guichet/contract';
import { type Queryable, statement, type Transaction } from '../db/index.ts';
import { transition } from './state.ts';
import { applyChanges, lockRequest, requestName } from './store.ts';
import { holdUndo, RESTORED } from './temporary.ts';
import { type Announcers, tell } from './undo.ts';
import { writeTransition } from './write.ts';

/** What has begun nothing as far as this database knows, and may have run, or been undone, since. */
const WAITING = statement(
  'restored-waiting',
  `select number from requests where state in ('awaiting_approval', 'queued') or (state = 'running' and dispatched_at is null) order by number`,
);
const UNDER_WAY = statement(
  'restored-under-way',
  `select number from requests where state = 'unknown' or (state = 'running' and dispatched_at is not null) order by number`,
);
const TEMPORARY = statement('restored-temporary', `select number from requests where undo_state = 'scheduled' order by number`);

export interface EndedByRestore {
  /** Ids of requests that are void. */
  readonly voided: readonly string[];
  /** Ids of those that were under way: their providers are asked, and they are not tried again. */
  readonly underWay: readonly string[];
  /** Ids of those that are not undone by themselves any more. */
  readonly held: readonly string[];
}

/**
 * The database is back at an earlier time, and the world is not: what waited then has perhaps run since. It ends; whoever
 * still wants it files it again, with a plan of how things are now. What ran, or was unknown, is asked about
 * as always, and not tried again.
 */
export async function endWhatMayHaveRun(tx: Transaction, announcers: Announcers): Promise<EndedByRestore> {
  const failure: Failure = {
    code: 'database.restored',
    message: 'The database was restored to an earlier time: it may have run since.',
    remedy: 'Look whether it was done. If not, file it again.',
    retryable: false,
  };
  const voided: string[] = [];
  for (const number of await numbersOf(tx, WAITING)) {
    const row = await lockRequest(tx, number);
    if (row === undefined) continue;
    const next = transition(row, { type: 'void', failure }, row.readAt);
    if (!(await writeTransition(tx, { row, next }, announcers))) continue;
    if (next.ok && next.changes.state === 'void') voided.push(requestName(row));
  }
  const underWay: string[] = [];
  for (const number of await numbersOf(tx, UNDER_WAY)) {
    const row = await lockRequest(tx, number);
    if (row === undefined) continue;
    await applyChanges(tx, { row, changes: { state: row.state, doubt: 'restored' }, told: [] });
    underWay.push(requestName(row));
  }
  const held: string[] = [];
  for (const number of await numbersOf(tx, TEMPORARY)) {
    const row = await lockRequest(tx, number);
    if (row?.undoState !== 'scheduled') continue;
    await tell(tx, { row, ...holdUndo(RESTORED) }, announcers);
    held.push(requestName(row));
  }
  return { voided, underWay, held };
}

const numbersOf = async (db: Queryable, of: typeof WAITING): Promise<string[]> =>
  (await db.query<{ number: string }>(of)).map(({ number }) => number);
