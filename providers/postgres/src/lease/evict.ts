import pg from 'pg';
import type { Instance } from '../instance.ts';
import { LEASE_PREFIX } from './lease.ts';
import { becomeMember } from './membership.ts';
import { sqlStateOf } from './sql-state.ts';

/** Waited too long for a lock; changed by somebody else at the same moment. */
const IN_THE_WAY: ReadonlySet<string> = new Set(['55P03', 'XX000']);
const ATTEMPTS = 4;

/** Anybody may take an advisory lock, whose ever it is; a prepared transaction keeps it without a session. */
const HELD = `
held as (
  select l.pid, l.virtualtransaction as transaction from pg_locks l
  where l.locktype = 'advisory' and l.granted and l.objsubid = 1
    and l.database = (select oid from pg_database where datname = current_database())
    and ((l.classid::bigint << 32) | l.objid::bigint) in (hashtextextended($1, 0), hashtextextended($1, 1)))`;

const SESSIONS = `
with ${HELD}
select pg_terminate_backend(a.pid) from pg_stat_activity a join pg_roles r on r.oid = a.usesysid
where not r.rolsuper and a.usename <> $3 and (a.pid in (select pid from held) or $2::bool and a.usename = $1)`;

const PREPARED = `
with ${HELD}
select x.gid, x.owner::text, x.database::text from pg_prepared_xacts x
where $2::bool and x.owner = $1 or x.transaction in (
  select t.transactionid from pg_locks t join held h on h.transaction = t.virtualtransaction and h.pid is null
  where t.locktype = 'transactionid' and t.pid is null)`;

/**
 * Changes the role of a lease, whoever stands in the way. Holders of leases can take the lock of a role, of their own or of
 * another, and can hold a change of their own password open: that must keep no lease from its renewal or its end. `own`: what
 * the role itself has open ends as well.
 */
export async function changingRole<Value>(
  primary: Instance,
  { role, own = false }: { readonly role: string; readonly own?: boolean },
  change: () => Promise<Value>,
): Promise<Value> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await change();
    } catch (error) {
      if (!IN_THE_WAY.has(sqlStateOf(error) ?? '') || attempt === ATTEMPTS) throw error;
      await evict(primary, { role, own });
    }
  }
}

/** Ends the sessions, and rolls back what was prepared, that hold a lock of the role and are not ours. Rejects with an InstanceError. */
export async function evict(primary: Instance, { role, own }: { readonly role: string; readonly own: boolean }): Promise<void> {
  await primary.actor.query(SESSIONS, [role, own, primary.admin.user]);
  const prepared = await primary.admin.ask<{ gid: string; owner: string; database: string }>({
    text: PREPARED,
    values: [role, own],
  });
  for (const { gid, owner, database } of prepared) {
    if (!owner.startsWith(LEASE_PREFIX)) continue; // not ours to end
    await becomeMember(primary, owner);
    await primary.admin.askSeveral(
      async (ask) => {
        await ask(`set role ${pg.escapeIdentifier(owner)}`); // only its owner, and a superuser, may end one
        await ask(`rollback prepared ${pg.escapeLiteral(gid)}`).catch((error: unknown) => {
          if (sqlStateOf(error) !== '42704') throw error; // somebody was faster
        });
      },
      { database },
    );
  }
}
