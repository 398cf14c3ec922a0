import pg from 'pg';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import type { OwnSession } from '../login.ts';
import { sqlStateOf } from './sql-state.ts';

/** A database that a lease had left something in. */
export interface CleanedDatabase {
  readonly database: string;
  /** What it owned, as PostgreSQL describes it: `table public.fix`. The first ones. */
  readonly objects: readonly string[];
  readonly count: number;
  /** Transactions that it had prepared and that were rolled back. */
  readonly prepared: number;
}

/**
 * The server keeps a list of all that depends on a role, in whichever database: there it has to be cleaned, and nowhere else.
 * A transaction that was prepared may be about to add to it.
 */
const DATABASES = `
select d.datname::text as name, d.datallowconn as open from pg_database d where d.oid in (
  select dbid from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = $1::oid)
union
select database::text, true from pg_prepared_xacts x join pg_roles r on r.rolname = x.owner where r.oid = $1::oid`;
const SHARED = `
select from pg_shdepend where refclassid = 'pg_authid'::regclass and refobjid = $1::oid and dbid = 0 limit 1`;
const PREPARED = `
select gid from pg_prepared_xacts where database = current_database() and owner = $1`;
const OWNED = `
select pg_describe_object(classid, objid, objsubid) as object from pg_shdepend
where refclassid = 'pg_authid'::regclass and refobjid = $1::oid and deptype = 'o'
  and dbid = (select oid from pg_database where datname = current_database()) order by 1`;

const MOST_NAMED = 20;
const STATEMENT_MS = 60_000;
/** Giving a table away locks it. */
const LOCK_MS = 3000;

interface Leaver {
  readonly role: string;
  readonly oid: string;
  /** Who is given what it owned. */
  readonly heir: string;
  readonly signal: AbortSignal;
}

/** Rolls back what it has prepared, gives away what it owns, takes every right from it. Rejects with an InstanceError. */
export async function cleanDatabases(primary: Instance, leaver: Leaver): Promise<CleanedDatabase[]> {
  const databases = await primary.admin.ask<{ name: string; open: boolean }>({ text: DATABASES, values: [leaver.oid] });
  const cleaned: CleanedDatabase[] = [];
  for (const { name, open } of databases) {
    if (!open) throw shut(primary, name, leaver.role);
    cleaned.push(await cleanDatabase(primary, name, leaver));
  }
  const [home = 'postgres'] = primary.settings.databases;
  const shared = await primary.admin.ask({ text: SHARED, values: [leaver.oid] });
  if (shared.length > 0 && !databases.some(({ name }) => name === home)) await cleanDatabase(primary, home, leaver);
  return cleaned;
}

async function cleanDatabase(primary: Instance, database: string, { role, oid, heir, signal }: Leaver): Promise<CleanedDatabase> {
  const wanted = { database, statementMs: STATEMENT_MS, lockMs: LOCK_MS, signal };
  const lease = pg.escapeIdentifier(role);
  try {
    return await primary.admin.session(wanted, async (session) => {
      const prepared = await session.query<{ gid: string }>(PREPARED, [role]);
      if (prepared.length > 0) {
        await session.query(`set role ${lease}`); // only its owner, and a superuser, may end one
        for (const { gid } of prepared) await session.query(`rollback prepared ${pg.escapeLiteral(gid)}`);
        await session.query('reset role');
      }
      const owned = await session.query<{ object: string }>(OWNED, [oid]);
      if (owned.length > 0) await giveAway(session, { role, heir });
      await session.query(`drop owned by ${lease}`);
      const objects = owned.slice(0, MOST_NAMED).map(({ object }) => object);
      return { database, objects, count: owned.length, prepared: prepared.length };
    });
  } catch (error) {
    throw inTheWay(primary, database, { role, error });
  }
}

/**
 * What a lease leaves behind may be made to do things in the name of whoever owns it: functions that run with the rights of
 * their owner, expressions of an index that autovacuum evaluates as the owner of the table, triggers, views. So the heir is,
 * unless the configuration names another, a role without any right, which nobody can sign in as.
 */
async function giveAway(session: OwnSession, { role, heir }: { role: string; heir: string }): Promise<void> {
  await makeHeir(session, heir);
  await session.query(`reassign owned by ${pg.escapeIdentifier(role)} to ${pg.escapeIdentifier(heir)}`);
}

/** Makes it, when it is not there, and us a member of it, so that we may give it something. */
export async function makeHeir(session: OwnSession, heir: string): Promise<void> {
  const name = pg.escapeIdentifier(heir);
  const [known] = await session.query<{ member: boolean }>(
    "select pg_has_role(current_user, oid, 'usage') as member from pg_roles where rolname = $1",
    [heir],
  );
  if (known === undefined) {
    await session.query(`create role ${name} nologin`).catch((error: unknown) => {
      if (!['42710', '23505'].includes(sqlStateOf(error) ?? '')) throw error; // somebody else has just made it
    });
  }
  if (known?.member !== true) {
    const [version] = await session.query<{ number: number }>("select current_setting('server_version_num')::int as number");
    const options = (version?.number ?? 0) >= 160_000 ? ' with inherit true, set true' : '';
    await session.query(`grant ${name} to current_user${options}`);
  }
}

function shut(primary: Instance, database: string, role: string): InstanceError {
  return new InstanceError(
    `${role} has left something in the database '${database}' of '${primary.name}', which takes no connections.`,
    {
      remedy: `Let it take connections (ALTER DATABASE … ALLOW_CONNECTIONS true); the rest is done by itself.`,
      passing: true,
    },
  );
}

function inTheWay(primary: Instance, database: string, { role, error }: { role: string; error: unknown }): unknown {
  if (error instanceof InstanceError) return error;
  const state = sqlStateOf(error);
  if (state === undefined) return error;
  const locked = state === '55P03' || state === '57014';
  const why = locked ? 'somebody uses it' : error instanceof Error ? error.message : 'it was refused';
  return new InstanceError(
    `What ${role} has left in the database '${database}' of '${primary.name}' cannot be taken from it: ${why}.`,
    {
      remedy: locked
        ? `Nobody can sign in as it, and its sessions are ended. The rest is tried again; guichet postgres blocking --instance ${primary.name} shows who is in the way.`
        : `Nobody can sign in as it, and its sessions are ended. A superuser can finish in that database: REASSIGN OWNED BY ${role} TO …; DROP OWNED BY ${role};`,
      passing: true,
      cause: error,
    },
  );
}
