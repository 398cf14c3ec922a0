import { refuse } from '@guichet/sdk';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { notMember } from '../maintenance/not-member.ts';
import { nearest } from '../nearest.ts';

/** Whose statements: those of a role, in a database, or of a role in a database. */
export interface Level {
  readonly role?: string | undefined;
  readonly database?: string | undefined;
}

/** The level as it stands on the server. Times are milliseconds; 0 is no limit; null where nothing is set. */
export interface LevelNow {
  readonly timeout: number | null;
  /** The same further away from a session, which holds where this one says nothing, and where it is from. */
  readonly otherwise: { readonly timeout: number; readonly from: string };
  /** Sessions that are open and keep what they have. */
  readonly sessions: number;
  /** Levels nearer to a session, which win over this one: `role 'orders' in database 'shop'`. */
  readonly overridden: readonly string[];
}

interface Setting {
  readonly role: string | null;
  readonly database: string | null;
  readonly text: string;
}

const SETTINGS = `
select r.rolname::text as role, d.datname::text as database, substr(c.setting, length('statement_timeout=') + 1) as text
from pg_db_role_setting s left join pg_roles r on r.oid = s.setrole left join pg_database d on d.oid = s.setdatabase
cross join unnest(s.setconfig) c(setting)
where c.setting like 'statement\\_timeout=%' and (s.setrole = 0 or r.oid is not null) and (s.setdatabase = 0 or d.oid is not null)`;

const SESSIONS = `
select count(*)::int as sessions from pg_stat_activity
where backend_type = 'client backend' and pid <> pg_backend_pid() and ($1::text is null or usename = $1) and ($2::text is null or datname = $2)`;

const OF_SERVER = "select setting::int as timeout from pg_settings where name = 'statement_timeout'";

/** What holds at the level. Rejects with an InstanceError. */
export async function readLevel(instance: Instance, level: Level): Promise<LevelNow> {
  const { role = null, database = null } = level;
  const settings = await instance.observer.query<Setting>(SETTINGS);
  const at = (wantedRole: string | null, wantedDatabase: string | null): number | null => {
    const found = settings.find((setting) => setting.role === wantedRole && setting.database === wantedDatabase);
    return found === undefined ? null : millisecondsOf(found.text);
  };
  const [server] = await instance.observer.ask<{ timeout: number }>({ text: OF_SERVER, limits: 'server' });
  const [open] = await instance.observer.query<{ sessions: number }>(SESSIONS, [role, database]);
  // From the nearest to a session to the furthest, as the server applies them.
  const further: [number | null, string][] = [
    ...(role !== null && database !== null ? [[at(role, null), `role '${role}'`] as [number | null, string]] : []),
    ...(role !== null && database !== null ? [[at(null, database), `database '${database}'`] as [number | null, string]] : []),
    [at(null, null), 'all roles'],
  ];
  const [timeout, from] = further.find(([set]) => set !== null) ?? [server?.timeout ?? 0, 'the server'];
  return {
    timeout: at(role, database),
    otherwise: { timeout: timeout ?? 0, from },
    sessions: open?.sessions ?? 0,
    overridden: settings.filter((setting) => wins(setting, { role, database })).map(nameOfLevel),
  };
}

function wins(setting: Setting, { role, database }: { role: string | null; database: string | null }): boolean {
  if (role !== null && database !== null) return false;
  if (role !== null) return setting.role === role && setting.database !== null;
  return setting.role !== null && (setting.database === null || setting.database === database);
}

/** `role 'orders' in database 'shop'` */
export function nameOfLevel({
  role,
  database,
}: {
  role?: string | null | undefined;
  database?: string | null | undefined;
}): string {
  const named = [role == null ? [] : `role '${role}'`, database == null ? [] : `database '${database}'`].flat();
  return named.join(' in ');
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, min: 60_000, h: 3_600_000, d: 86_400_000 };

/** Of a value as the server takes it: `30s`, `5 min`, `30000`. */
export function millisecondsOf(text: string): number {
  const [, amount, unit] = /^\s*(-?[\d.]+)\s*(us|ms|s|min|h|d)?\s*$/.exec(text) ?? [];
  return Math.round(Number(amount ?? 0) * (UNITS[unit ?? 'ms'] ?? 1));
}

interface Rights {
  readonly superuser: boolean;
  readonly may: boolean;
}

const ROLE_RIGHTS = (version: number): string => `
select r.rolsuper as superuser, a.rolsuper or (a.rolcreaterole
  ${version >= 160_000 ? "and (r.rolname = a.rolname or pg_has_role(a.rolname, r.oid, 'USAGE WITH ADMIN OPTION'))" : ''}) as may
from pg_roles r, pg_roles a where r.rolname = $1 and a.rolname = $2`;

const DATABASE_RIGHTS = `
select false as superuser, pg_has_role($2, datdba, 'USAGE') as may, pg_get_userbyid(datdba)::text as owner, quote_ident(datname) as quoted
from pg_database where datname = $1`;

const ROLES = "select rolname::text as name from pg_roles where rolname !~ '^pg_'";

/** Refuses a role that is not there, and one that the admin login may not change. Rejects with an InstanceError. */
export async function checkRole(instance: Instance, role: string): Promise<void> {
  const admin = instance.admin.user;
  const [rights] = await instance.observer.query<Rights>(ROLE_RIGHTS(await instance.version()), [role, admin]);
  if (rights === undefined) {
    const roles = await instance.observer.query<{ name: string }>(ROLES);
    const meant = nearest(
      role,
      roles.map(({ name }) => name),
    );
    return refuse(`There is no role '${role}' on '${instance.name}'.`, {
      remedy: meant === undefined ? 'See roles.' : `Did you mean '${meant}'?`,
    });
  }
  if (rights.superuser) {
    return refuse(`The role '${role}' is a superuser's, whom only superusers may change.`, {
      remedy: 'Ask a superuser of the instance.',
    });
  }
  if (rights.may) return;
  const [quoted] = await instance.observer.query<{ role: string; admin: string }>(
    'select quote_ident($1) as role, quote_ident($2) as admin',
    [role, admin],
  );
  throw new InstanceError(`The admin login '${admin}' may not change the role '${role}'.`, {
    remedy: `A superuser must run there: GRANT ${quoted?.role} TO ${quoted?.admin} WITH ADMIN OPTION;`,
    passing: false,
  });
}

/** Refuses a database that the admin login may not change. Rejects with an InstanceError. */
export async function checkDatabase(instance: Instance, database: string): Promise<void> {
  const admin = instance.admin.user;
  const [rights] = await instance.observer.query<Rights & { owner: string; quoted: string }>(DATABASE_RIGHTS, [database, admin]);
  if (rights === undefined || rights.may) return;
  throw await notMember(instance, {
    owner: rights.owner,
    owned: `the database '${database}'`,
    giveAway: `ALTER DATABASE ${rights.quoted} OWNER TO`,
  });
}
