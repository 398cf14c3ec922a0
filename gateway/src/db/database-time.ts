import { type Queryable, statement } from './database.ts';

const TIME = statement('database-time', 'select clock_timestamp() as time');

/** The time by the one clock that all replicas share. */
export async function databaseTime(db: Queryable): Promise<Date> {
  const [row] = await db.query<{ time: Date }>(TIME);
  if (row === undefined) throw new Error('The database told no time.');
  return row.time;
}
