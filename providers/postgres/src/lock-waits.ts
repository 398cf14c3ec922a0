import type { Instance } from './estate.ts';
import { conflict } from './lock-modes.ts';
import { byLock, type LockEntry, readLockTable } from './lock-table.ts';

/** What a process waits for. */
export interface LockWait {
  readonly pid: number;
  /** As in pg_locks: `relation`, `transactionid`, `tuple`, `advisory` ... */
  readonly type: string;
  /** `AccessExclusiveLock` ... */
  readonly mode: string;
  /** Name of the table or index, where there is one. */
  readonly relation: string | null;
  /** Who holds it so that this one has to wait, and in which modes. */
  readonly holders: ReadonlyMap<number, string>;
  /** Prepared transactions that hold it so. */
  readonly preparedGids: readonly string[];
}

/** A transaction that was prepared and that nobody has committed or rolled back: it holds its locks, with no session. */
export interface PreparedTransaction {
  readonly gid: string;
  readonly owner: string;
  readonly database: string;
  /** Seconds. */
  readonly age: number;
}

const PREPARED = `
select gid, owner::text, database::text, extract(epoch from clock_timestamp() - prepared)::float8 as age
from pg_prepared_xacts`;

const NAMES = `
select c.oid::text, case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end::text as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::oid[])`;

/** In more databases names are not looked up: each costs a connection. */
const MOST_DATABASES = 4;

/** All of the server by name. Rejects with an InstanceError. */
export async function readPrepared(instance: Instance): Promise<Map<string, PreparedTransaction>> {
  const prepared = await instance.observer.query<PreparedTransaction>(PREPARED);
  return new Map(prepared.map((transaction) => [transaction.gid, transaction]));
}

/** What each session that waits for a lock waits for. Rejects with an InstanceError. */
export async function readLockWaits(instance: Instance): Promise<Map<number, LockWait>> {
  const entries = await readLockTable(instance);
  const names = await relationNames(instance, entries);
  const waits = new Map<number, LockWait>();
  for (const queue of byLock(entries).values()) {
    const against = conflicting(queue);
    for (const { pid, granted, mode, type, database, relation } of queue) {
      if (granted || pid === null) continue;
      const name = relation === null ? null : (names.get(`${database}/${relation}`) ?? `relation ${relation}`);
      waits.set(pid, { pid, type, mode, relation: name, ...against(mode) });
    }
  }
  return waits;
}

/** Who holds the lock of the queue against a mode; the same for all who want that mode, for thousands may. */
function conflicting(queue: readonly LockEntry[]): (mode: string) => Pick<LockWait, 'holders' | 'preparedGids'> {
  const held = queue.filter(({ granted }) => granted);
  const known = new Map<string, Pick<LockWait, 'holders' | 'preparedGids'>>();
  return (mode) => {
    const before = known.get(mode);
    if (before !== undefined) return before;
    const against = held.filter((holder) => conflict(holder.mode, mode));
    const found = {
      holders: new Map(against.flatMap((holder) => (holder.pid === null ? [] : [[holder.pid, holder.mode] as const]))),
      preparedGids: [...new Set(against.flatMap(({ gid }) => gid ?? []))],
    };
    known.set(mode, found);
    return found;
  };
}

/** Names by `database/oid`. The names of a database can only be read in it; one that cannot be entered gives none. */
async function relationNames(instance: Instance, entries: readonly LockEntry[]): Promise<Map<string, string>> {
  const wanted = new Map<string, Set<string>>();
  const [home = 'postgres'] = instance.settings.databases;
  for (const { database, relation, granted } of entries) {
    if (relation === null || granted) continue;
    const oids = wanted.get(database ?? home) ?? new Set();
    wanted.set(database ?? home, oids.add(relation));
  }
  const found = await Promise.all(
    [...wanted].slice(0, MOST_DATABASES).map(async ([database, oids]) => {
      const named = await instance.observer
        .ask<{ oid: string; name: string }>({ database, text: NAMES, values: [[...oids]] })
        .catch(() => []);
      return named.map(({ oid, name }): [string, string] => [`${database}/${oid}`, name]);
    }),
  );
  return new Map(found.flat());
}
