import { type Queryable, statement } from '../db/index.ts';
import type { Envelope } from './envelope.ts';

const LOAD_ROOT = statement('sealing-root', `select sealed from sealing_keys where name = 'root'`);
const INSERT_ROOT = statement(
  'sealing-root-insert',
  `insert into sealing_keys (name, sealed) values ('root', $1) on conflict (name) do nothing`,
);

export async function loadRoot(db: Queryable): Promise<Envelope | undefined> {
  return (await db.query<{ sealed: Envelope }>(LOAD_ROOT))[0]?.sealed;
}

/** Does nothing when there is one. */
export async function insertRoot(db: Queryable, sealed: Envelope): Promise<void> {
  await db.query(INSERT_ROOT, [JSON.stringify(sealed)]);
}
