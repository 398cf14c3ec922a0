import pg from 'pg';
import type { Instance } from '../instance.ts';
import { makeHeir } from './left-behind.ts';
import { sqlStateOf } from './sql-state.ts';

/** Before 16 whoever is a member of a role may become it, and make things in its name. */
const NO_MEMBER_BECOMES = 160_000;

const GROUPS = `
select g.oid::text, g.rolname::text as name from pg_auth_members m join pg_roles g on g.oid = m.roleid join pg_roles r on r.oid = m.member
where r.rolname = $1 and starts_with(g.rolname, 'pg_')`;

/** Of the server's own roles the list of dependencies has nothing, so it is looked where things are. What a table owns goes with it. */
const MADE = `
select format('alter table %s owner to', c.oid::regclass) as alter from pg_class c
where c.relowner = any ($1::oid[]) and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0 and d.deptype in ('a', 'i')
    and d.refclassid = 'pg_class'::regclass)
union all
select format('alter routine %s owner to', p.oid::regprocedure) from pg_proc p where p.proowner = any ($1::oid[])`;
const PREPARED = `
select gid, owner::text from pg_prepared_xacts where database = current_database() and owner = any ($1::name[])`;

interface Leaver {
  readonly role: string;
  readonly database: string;
  readonly heir: string;
  readonly signal: AbortSignal;
}

const LIMITS = { statementMs: 60_000, lockMs: 3000 };

/**
 * A lease has the rights of roles such as pg_read_all_data. Before 16 it can make things that these roles own, say a function
 * that reads every table for whoever calls it, for good: such roles own nothing on a server that is well, so what they own is
 * given away, and what they have prepared is rolled back. Rejects with an InstanceError, or with the error of the driver.
 */
export async function disownGroups(primary: Instance, { role, database, heir, signal }: Leaver): Promise<number> {
  if ((await primary.version()) >= NO_MEMBER_BECOMES) return 0;
  const groups = await primary.admin.ask<{ oid: string; name: string }>({ text: GROUPS, values: [role] });
  if (groups.length === 0) return 0;
  return primary.admin.session({ database, ...LIMITS, signal }, async (session) => {
    const names = groups.map(({ name }) => name);
    for (const { gid, owner } of await session.query<{ gid: string; owner: string }>(PREPARED, [names])) {
      await session.query(`set role ${pg.escapeIdentifier(owner)}`);
      await session.query(`rollback prepared ${pg.escapeLiteral(gid)}`).catch((error: unknown) => {
        if (sqlStateOf(error) !== '42704') throw error; // somebody was faster
      });
      await session.query('reset role');
    }
    const made = await session.query<{ alter: string }>(MADE, [groups.map(({ oid }) => oid)]);
    if (made.length > 0) await makeHeir(session, heir);
    for (const { alter } of made) await session.query(`${alter} ${pg.escapeIdentifier(heir)}`);
    return made.length;
  });
}
