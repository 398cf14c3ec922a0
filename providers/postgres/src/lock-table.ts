import type { Instance } from './estate.ts';

/** One who holds or wants a lock that somebody waits for. */
export interface LockEntry {
  /** The same for all entries of one lock. */
  readonly lock: string;
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

/**
 * The locks that somebody waits for, with all who hold or want them. In pg_locks a prepared transaction has no pid: which one
 * it is shows by the lock that each of them has on its own transaction id. Who waits for a row waits for the transaction
 * that changed it, and has locked the tuple while it waits: that tells the table. Each join is by equality, for thousands may wait.
 */
const LOCKS = `
with l as materialized (
  select *, (locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid)::text as lock
  from pg_locks),
waited as (select distinct lock from l where not granted),
tuples as (select distinct on (pid) pid, relation, database from l where granted and locktype = 'tuple'),
prepared as (
  select l.virtualtransaction, p.gid from l join pg_prepared_xacts p on p.transaction = l.transactionid
  where l.pid is null and l.locktype = 'transactionid')
select l.lock, l.pid, l.granted, l.mode, l.locktype as type, d.datname::text as database,
  coalesce(l.relation, t.relation)::text as relation, p.gid
from l join waited using (lock)
left join tuples t on t.pid = l.pid and not l.granted
left join prepared p on l.pid is null and p.virtualtransaction = l.virtualtransaction
left join pg_database d on d.oid = coalesce(l.database, t.database)`;

/** Rejects with an InstanceError. */
export async function readLockTable(instance: Instance): Promise<LockEntry[]> {
  return instance.observer.query<LockEntry>(LOCKS);
}

/** The entries of each lock. */
export function byLock(entries: readonly LockEntry[]): Map<string, LockEntry[]> {
  const locks = new Map<string, LockEntry[]>();
  for (const entry of entries) {
    const known = locks.get(entry.lock);
    if (known === undefined) locks.set(entry.lock, [entry]);
    else known.push(entry);
  }
  return locks;
}
