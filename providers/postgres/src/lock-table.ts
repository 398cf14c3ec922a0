import type { Instance } from './estate.ts';

/** One who holds or wants a lock that somebody waits for. */
export interface LockEntry {
  /** The same for all entries of one lock. */
  readonly lock: number;
  /** Null for a prepared transaction, which has no session. */
  readonly pid: number | null;
  readonly granted: boolean;
  readonly mode: string;
  /** As in pg_locks: `relation`, `transactionid`, `tuple`, `advisory` ... */
  readonly type: string;
  readonly database: string | null;
  /** Oid of the table or index, as text, where there is one. */
  readonly relation: string | null;
  /** Name of the prepared transaction. */
  readonly gid: string | null;
}

/** What says which lock it is, as values that can be compared by =: one that is not there equals another that is not there. */
const KEY: Readonly<Record<string, string>> = {
  type: 'locktype',
  db: "coalesce(database, '0')",
  rel: "coalesce(relation, '0')",
  page: 'coalesce(page, -1)',
  tuple: "coalesce(tuple, '-1')",
  vxid: "coalesce(virtualxid, '')",
  xid: "coalesce(transactionid, '0')",
  class: "coalesce(classid, '0')",
  obj: "coalesce(objid, '0')",
  sub: "coalesce(objsubid, '-1')",
};
const KEYS = Object.keys(KEY)
  .map((name) => `k_${name}`)
  .join(', ');
const WITH_KEYS = Object.entries(KEY)
  .map(([name, value]) => `${value} as k_${name}`)
  .join(', ');

/**
 * The locks that somebody waits for, with all who hold or want them. In pg_locks a prepared transaction has no pid: which one
 * it is shows by the lock that each of them has on its own transaction id. Who waits for a row waits for the transaction
 * that changed it, and has locked the tuple while it waits: that tells the table. Those
 * tuples are given as lock 0. Each join is by equality, for thousands may wait.
 */
const LOCKS = `
with l as materialized (
  select pid, granted, mode, locktype, database, relation, transactionid, virtualtransaction,
    ${WITH_KEYS}
  from pg_locks),
waited as (select row_number() over () as lock, k.* from (select distinct ${KEYS} from l where not granted) k),
prepared as (
  select l.virtualtransaction, p.gid from l join pg_prepared_xacts p on p.transaction = l.transactionid
  where l.pid is null and l.locktype = 'transactionid')
select w.lock::int, l.pid, l.granted, l.mode, l.locktype as type, d.datname::text as database, l.relation::text, p.gid
from l join waited w using (${KEYS})
left join prepared p on l.pid is null and p.virtualtransaction = l.virtualtransaction
left join pg_database d on d.oid = l.database
union all
select 0, l.pid, true, l.mode, l.locktype, d.datname::text, l.relation::text, null
from l left join pg_database d on d.oid = l.database
where l.granted and l.locktype = 'tuple'`;

/** Rejects with an InstanceError. */
export async function readLockTable(instance: Instance): Promise<LockEntry[]> {
  const rows = await instance.observer.query<LockEntry>(LOCKS);
  const tuples = new Map(rows.flatMap((row) => (row.lock === 0 && row.pid !== null ? [[row.pid, row] as const] : [])));
  return rows.flatMap((row) => {
    if (row.lock === 0) return [];
    const tuple = row.granted || row.relation !== null || row.pid === null ? undefined : tuples.get(row.pid);
    return [tuple === undefined ? row : { ...row, relation: tuple.relation, database: tuple.database }];
  });
}

/** The entries of each lock. */
export function byLock(entries: readonly LockEntry[]): Map<number, LockEntry[]> {
  const locks = new Map<number, LockEntry[]>();
  for (const entry of entries) {
    const known = locks.get(entry.lock);
    if (known === undefined) locks.set(entry.lock, [entry]);
    else known.push(entry);
  }
  return locks;
}
