import type { Instance } from './estate.ts';

/** What a process waits for. */
export interface LockWait {
  readonly pid: number;
  /** As in pg_locks: `relation`, `transactionid`, `tuple`, `advisory` ... */
  readonly type: string;
  /** `AccessExclusiveLock` ... */
  readonly mode: string;
  /** Name of the table or index, where there is one. */
  readonly relation: string | null;
  /** Prepared transactions that hold it. */
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

interface WaitRow {
  readonly pid: number;
  readonly type: string;
  readonly mode: string;
  readonly database: string | null;
  readonly relation: string | null;
  readonly holders: readonly { readonly mode: string; readonly gid: string | null }[];
}

/**
 * Waits, with the prepared transactions that hold the same thing: in pg_locks these have no pid. Whose lock it is shows by
 * the lock that each of them has on its own transaction id. Who waits for a row waits for the transaction that changed it,
 * and has locked the tuple while it waits: that tells the table.
 */
const WAITS = `
with l as materialized (select * from pg_locks)
select w.pid, w.locktype as type, w.mode, coalesce(d.datname, td.datname)::text as database,
  coalesce(w.relation, t.relation)::text as relation,
  coalesce((select json_agg(json_build_object('mode', h.mode, 'gid', p.gid))
    from l h left join l x on x.pid is null and x.locktype = 'transactionid' and x.virtualtransaction = h.virtualtransaction
    left join pg_prepared_xacts p on p.transaction = x.transactionid
    where h.pid is null and h.granted
      and (h.locktype, h.database, h.relation, h.page, h.tuple, h.virtualxid, h.transactionid, h.classid, h.objid, h.objsubid)
        is not distinct from
        (w.locktype, w.database, w.relation, w.page, w.tuple, w.virtualxid, w.transactionid, w.classid, w.objid, w.objsubid)
  ), '[]') as holders
from l w
left join lateral (select t.relation, t.database from l t where t.pid = w.pid and t.granted and t.locktype = 'tuple' limit 1) t on true
left join pg_database d on d.oid = w.database
left join pg_database td on td.oid = t.database
where not w.granted`;

const PREPARED = `
select gid, owner::text, database::text, extract(epoch from clock_timestamp() - prepared)::float8 as age
from pg_prepared_xacts`;

const NAMES = `
select c.oid::text, case when n.nspname = 'public' then c.relname else n.nspname || '.' || c.relname end::text as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = any($1::oid[])`;

/** In more databases names are not looked up: each costs a connection. */
const MOST_DATABASES = 4;

/** Rejects with an InstanceError. */
export async function readLockWaits(
  instance: Instance,
): Promise<{ waits: Map<number, LockWait>; prepared: Map<string, PreparedTransaction> }> {
  const [rows, prepared] = await Promise.all([
    instance.observer.query<WaitRow>(WAITS),
    instance.observer.query<PreparedTransaction>(PREPARED),
  ]);
  const names = await relationNames(instance, rows);
  const waits = rows.map(({ holders, database, relation, ...wait }): [number, LockWait] => {
    const gids = holders.filter((holder) => conflict(holder.mode, wait.mode)).flatMap(({ gid }) => gid ?? []);
    const name = relation === null ? null : (names.get(`${database}/${relation}`) ?? `relation ${relation}`);
    return [wait.pid, { ...wait, relation: name, preparedGids: [...new Set(gids)] }];
  });
  return { waits: new Map(waits), prepared: new Map(prepared.map((transaction) => [transaction.gid, transaction])) };
}

/** Names by `database/oid`. The names of a database can only be read in it; one that cannot be entered gives none. */
async function relationNames(instance: Instance, rows: readonly WaitRow[]): Promise<Map<string, string>> {
  const wanted = new Map<string, Set<string>>();
  const [home = 'postgres'] = instance.settings.databases;
  for (const { database, relation } of rows) {
    if (relation === null) continue;
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

/** The table of the manual, "Table-Level Lock Modes", which holds for all kinds of locks: modes by strength. */
const STRENGTH: readonly string[] = [
  'AccessShareLock',
  'RowShareLock',
  'RowExclusiveLock',
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
];
const CONFLICTS: Readonly<Record<string, string>> = {
  AccessShareLock: '.......x',
  RowShareLock: '......xx',
  RowExclusiveLock: '....xxxx',
  ShareUpdateExclusiveLock: '...xxxxx',
  ShareLock: '..xx.xxx',
  ShareRowExclusiveLock: '..xxxxxx',
  ExclusiveLock: '.xxxxxxx',
  AccessExclusiveLock: 'xxxxxxxx',
};

function conflict(held: string, wanted: string): boolean {
  const at = STRENGTH.indexOf(wanted);
  // A mode that we do not know (serializable reads have one) is taken to conflict: better named than missed.
  return CONFLICTS[held] === undefined || at === -1 || CONFLICTS[held][at] === 'x';
}
