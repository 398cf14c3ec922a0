import type { Instance } from '../instance.ts';

/** A role. Nothing of its password is ever read. */
export interface Role {
  readonly name: string;
  readonly login: boolean;
  /** `superuser`, `createrole` ... */
  readonly attributes: readonly string[];
  readonly memberOf: readonly string[];
  /** ISO 8601; null when its password never ends. */
  readonly validUntil: string | null;
  readonly connections: number;
  /** Null without a limit. */
  readonly connectionLimit: number | null;
  /** It came with the server: `pg_monitor` ... */
  readonly predefined: boolean;
}

const ROLES = `
select r.rolname::text as name, r.rolcanlogin as login,
  array_remove(array[
    case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end,
    case when r.rolcreatedb then 'createdb' end, case when r.rolreplication then 'replication' end,
    case when r.rolbypassrls then 'bypassrls' end, case when not r.rolinherit then 'noinherit' end], null) as attributes,
  coalesce((select array_agg(distinct g.rolname::text order by g.rolname::text) from pg_auth_members m
    join pg_roles g on g.oid = m.roleid where m.member = r.oid), '{}') as "memberOf",
  case when isfinite(r.rolvaliduntil) then to_char(r.rolvaliduntil at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end
    as "validUntil",
  (select count(*)::int from pg_stat_activity a where a.usesysid = r.oid and a.backend_type = 'client backend') as connections,
  nullif(r.rolconnlimit, -1) as "connectionLimit", r.oid < 16384 and r.rolname ^@ 'pg_' as predefined
from pg_roles r order by 1`;

/** All roles by name. Rejects with an InstanceError. */
export async function readRoles(instance: Instance): Promise<Role[]> {
  return instance.observer.query<Role>(ROLES);
}
