import { setTimeout as wait } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import type { Database, Queryable, Transaction } from '../db/index.ts';
import {
  CAME_SINCE,
  countBefore,
  DROPPED,
  KEEP_ROWS,
  KEEP_TERMS,
  LOCK_LOG,
  MARK,
  PARTS,
  PATIENCE,
  PUT_BACK,
  PUT_TERMS_BACK,
  STAYING,
  TERMS_PARTS,
} from './archive-statements.ts';

const TRIES = 60;
const PAUSE_MS = 1000;
/** Events of that time that later heads have: those of one head as a rule. */
const MOST_STAYING = 50_000;

export interface Archived {
  readonly from: number;
  readonly to: number;
  /** How many events it has. */
  readonly events: number;
  readonly before: Date;
}

/** The event that says that it was archived. */
interface Sealed {
  readonly event: string;
}

/** Somebody else archives, after the connection with the lock broke. */
export const goneOnWith = (): GuichetError =>
  new GuichetError('internal', 'Somebody else has gone on with this archive.', { remedy: 'Run archive-audit again.' });

interface Part {
  readonly name: string;
  readonly isOld: boolean | null;
  readonly until: string | null;
}

/**
 * Takes archived events out of the database, with their parts, in one transaction. What later heads have of that time
 * stays, in the default part. Whoever writes the log waits for it for a moment; whoever reads it long goes first. All that takes
 * long is found out before it locks anybody out.
 */
export async function dropArchived(db: Database, archived: Archived & Sealed): Promise<void> {
  const { to, before } = archived;
  const [mark] = await db.query<{ mark: string }>(MARK);
  await refuseUndroppable(db, archived);
  const staying = await db.query<Place>(STAYING, [to, before]);
  for (let failures = 0; ; failures++) {
    try {
      return await db.transaction((tx) => drop(tx, { archived, staying, mark: mark?.mark ?? '0' }));
    } catch (error) {
      if (!isBusy(error) || failures >= TRIES) throw error;
      await wait(PAUSE_MS);
    }
  }
}

const isBusy = (error: unknown): boolean => {
  for (let each = error; each instanceof Error; each = each.cause)
    if ('code' in each && (each.code === '55P03' || each.code === '40P01')) return true;
  return false;
};

/** Rejects, before anything is written, when the parts cannot go as they are. */
export async function refuseUndroppable(db: Queryable, { to, events, before }: Archived): Promise<void> {
  const parts = await db.query<Part>(PARTS, ['audit_events', before]);
  const reaching = parts.find(({ name, isOld }) => name === 'audit_events_first' && isOld === false);
  if (reaching !== undefined)
    throw new GuichetError('usage.invalid', `The oldest part of the log holds the events until ${reaching.until}, as one.`, {
      remedy: `Pass --before ${reaching.until?.slice(0, 7)}, or a later month.`,
    });
  const staying = await db.query<{ id: string }>(STAYING, [to, before]);
  if (staying.length > MOST_STAYING)
    throw new GuichetError(
      'usage.invalid',
      `Head ${to + 1} has events of that time and later ones: ${staying.length.toLocaleString('en')} would have to stay.`,
      {
        remedy: 'Pass a later month with --before.',
      },
    );
  let count = 0;
  for (const { name } of parts.filter(({ isOld }) => isOld !== false))
    count += (await db.query<{ count: number }>(countBefore(name), [before]))[0]?.count ?? 0;
  if (count !== events + staying.length)
    throw new GuichetError(
      'internal',
      `There are ${count} events from before ${before.toISOString()} where heads have ${events + staying.length}: nothing is taken out.`,
      { remedy: "Run the gateway's own 'verify-audit'." },
    );
}

interface Place {
  readonly id: string;
  readonly at: string;
}

async function drop(
  tx: Transaction,
  { archived: { from, before, event }, staying, mark }: { archived: Archived & Sealed; staying: readonly Place[]; mark: string },
): Promise<void> {
  await tx.query(PATIENCE);
  await tx.query(LOCK_LOG);
  if ((await tx.query(DROPPED, [from, event])).length === 0) throw goneOnWith();
  if ((await tx.query(CAME_SINCE, [mark, before])).length > 0)
    throw new GuichetError(
      'internal',
      `Somebody has put an event of before ${before.toISOString()} into the log: nothing is taken out.`,
      {
        remedy: "Run the gateway's own 'verify-audit', and find out who.",
      },
    );
  const places = [staying.map(({ at }) => at), staying.map(({ id }) => id)];
  await tx.query(KEEP_ROWS, places);
  await tx.query(KEEP_TERMS, places);
  for (const { name, isOld } of await tx.query<Part>(PARTS, ['audit_events', before])) {
    if (isOld === true) await tx.executeSql(`drop table ${name}`);
    else if (isOld === null) await renewDefault(tx, { name, before });
  }
  await tx.query(PUT_BACK);
  for (const { name, isOld } of await tx.query<Part>(PARTS, ['audit_search', before]))
    if (isOld === true) await tx.executeSql(`drop table ${name}`);
  await tx.query(TERMS_PARTS);
  await tx.query(PUT_TERMS_BACK);
}

/** No row is ever deleted: the default part is made anew with what stays in it, when it has something that goes. */
async function renewDefault(tx: Transaction, { name, before }: { name: string; before: Date }): Promise<void> {
  const { rows } = await tx.executeSql(`select from ${name} where at < $1 limit 1`, [before]);
  if (rows.length === 0) return;
  await tx.executeSql(`alter table audit_events detach partition ${name}`);
  await tx.executeSql(`alter table ${name} rename to audit_events_archived`);
  await tx.executeSql(`create table ${name} partition of audit_events default`);
  await tx.executeSql(
    `create trigger audit_events_no_truncate before truncate on ${name} for each statement execute function refuse_change()`,
  );
  await tx.executeSql('insert into audit_events select * from audit_events_archived where at >= $1', [before]);
  await tx.executeSql('drop table audit_events_archived');
}
