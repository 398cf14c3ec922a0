import { type Actor, GuichetError } from '@guichet/contract';
import { appendAudit } from '../audit/index.ts';
import { type Database, type Statement, statement } from '../db/index.ts';
import { type Envelope, rewrap } from './envelope.ts';
import type { Keyring } from './key-encryption-key.ts';

const BATCH = 100;

interface Table {
  readonly name: string;
  /** What finds one of its rows in a report. */
  readonly nameOf: (id: string) => string;
  readonly due: Statement;
  readonly replace: Statement;
}

/** A table that holds envelopes in a column `sealed`. */
const table = (name: string, key: string, type: 'text' | 'bigint', nameOf: (id: string) => string): Table => ({
  name,
  nameOf,
  due: statement(
    `rewrap-due-${name}`,
    `select ${key}::text as id, sealed from ${name}
     where sealed is not null and sealed->>'key' <> $1 and ($2::text is null or ${key} > $2::${type}) order by ${key} limit ${BATCH}`,
  ),
  // Only what was read is replaced: meanwhile the request may have ended, and its secrets with it.
  replace: statement(
    `rewrap-${name}`,
    `update ${name} set sealed = $2 where ${key} = $1::${type} and sealed->>'wrapped' = $3 returning 1 as done`,
  ),
});

const TABLES: readonly Table[] = [
  table('sealing_keys', 'name', 'text', (id) => `the secret '${id}' of the installation`),
  table('grant_keys', 'kid', 'text', (id) => `the grant key ${id}`),
  table('audit_keys', 'kid', 'text', (id) => `the key ${id} of the audit log`),
  table('requests', 'number', 'bigint', (id) => `REQ-${id}`),
];

export interface Rewrapped {
  /** How many things were sealed anew. */
  readonly count: number;
  /** What could not be opened, with why. */
  readonly left: readonly string[];
}

interface Row {
  readonly id: string;
  readonly sealed: Envelope;
}

/**
 * Seals the data keys of all that is stored with the key that seals now; contents stay as they are. Batch by batch, each
 * with its audit row: whoever is interrupted begins again and does what is left. Gateways may run meanwhile.
 */
export async function rewrapAll({ db, keyring, by }: { db: Database; keyring: Keyring; by: Actor }): Promise<Rewrapped> {
  let count = 0;
  const left: string[] = [];
  for (const each of TABLES) {
    let after: string | null = null;
    for (;;) {
      const rows: Row[] = await db.query<Row>(each.due, [keyring.current.id, after]);
      if (rows.length === 0) break;
      after = rows.at(-1)?.id ?? null;
      const renewed = await renewedOf(rows, keyring, (id, why) => left.push(`${each.nameOf(id)}: ${why}`));
      count += await replaceAll(db, { table: each, renewed, by, key: keyring.current.id });
    }
  }
  return { count, left };
}

interface Renewed extends Row {
  readonly was: string;
}

/** The keys may be far away: outside of any transaction. */
async function renewedOf(rows: readonly Row[], keyring: Keyring, leave: (id: string, why: string) => void): Promise<Renewed[]> {
  const renewed: Renewed[] = [];
  for (const { id, sealed } of rows) {
    try {
      renewed.push({ id, sealed: await rewrap(keyring, sealed), was: sealed.wrapped });
    } catch (error) {
      if (!(error instanceof GuichetError) || error.code !== 'sealing.broken') throw error;
      leave(id, error.message);
    }
  }
  return renewed;
}

async function replaceAll(
  db: Database,
  { table: { name, replace }, renewed, by, key }: { table: Table; renewed: readonly Renewed[]; by: Actor; key: string },
): Promise<number> {
  if (renewed.length === 0) return 0;
  return db.transaction(async (tx) => {
    let count = 0;
    for (const { id, sealed, was } of renewed) count += (await tx.query(replace, [id, JSON.stringify(sealed), was])).length;
    await appendAudit(tx, { type: 'sealing.rewrapped', actor: by, outcome: 'ok', data: { key, what: name, count } });
    return count;
  });
}
