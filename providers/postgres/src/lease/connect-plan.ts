import { type PlanResult, refuse } from '@guichet/sdk';
import pg from 'pg';
import { z } from 'zod';
import { findDatabase } from '../contents/find-database.ts';
import { commandLine } from '../describe-session.ts';
import type { Estate } from '../estate.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { quotedName } from '../quoted-name.ts';
import { type ConnectRules, rulesFor } from './connect-config.ts';
import type { Leases } from './leases.ts';

/** What a lease rests on: where it leads to, where its role is made, and whose rights it has. */
export const SeenConnect = z.object({
  instance: z.string(),
  primary: z.string(),
  database: z.string(),
  rights: z.enum(['read', 'write']),
  roles: z.array(z.string()),
});
export type SeenConnect = z.infer<typeof SeenConnect>;

export interface ConnectWanted {
  readonly instance: string;
  readonly database: string;
  readonly rights: 'read' | 'write';
  readonly environment: string;
  readonly callerName: string;
}

/** Says what the lease would be, or refuses. Rejects with an InstanceError. */
export async function planConnect(
  wanted: ConnectWanted,
  { estate, leases }: { estate: Estate; leases: Leases },
): Promise<PlanResult<SeenConnect>> {
  const { environment, rights, callerName } = wanted;
  const instance = await estate.find(environment, wanted.instance);
  const rules = rulesFor(leases.settings, instance.name);
  checkDatabase(wanted, rules);
  const database = await findDatabase(instance, { name: wanted.database, environment });
  const { primary } = await leases.place(instance);
  const onReplica = primary !== instance;
  if (onReplica && rights === 'write') {
    const remedy = commandLine('connect', { instance: primary.name, database, role: 'write', env: environment });
    return refuse(`'${instance.name}' is a replica: nothing can be written there.`, {
      remedy: `Write on its primary: ${remedy}`,
    });
  }
  await checkAdmin(primary, { roles: rules[rights], database });
  const verb = rights === 'read' ? 'read' : 'read and write';
  return {
    summary: `Let ${callerName} ${verb} the database '${database}' on '${instance.name}'`,
    effects: [
      `A role of its own is made${onReplica ? ` on the primary '${primary.name}'` : ''}, with the rights of ${rules[rights].join(' and ')}; nobody gets to know its password.`,
      'Each statement is written to the audit log, without its data, before it runs.',
      `In the end its sessions are ended, what it owns is given to '${rules.reassignTo}', and the role is dropped.`,
    ],
    warnings: warningsOf({ database, rights, roles: rules[rights] }),
    resource: { type: 'postgres.database', id: `${instance.name}/${database}`, owner: instance.settings.owner },
    seen: { instance: instance.name, primary: primary.name, database, rights, roles: rules[rights] },
  };
}

function warningsOf({ database, rights, roles }: Pick<SeenConnect, 'database' | 'rights' | 'roles'>): string[] {
  const warnings: string[] = [];
  if (rights === 'write' && roles.includes('pg_write_all_data')) {
    warnings.push(`Every table of '${database}' can be changed, and what is committed stays.`);
  }
  return warnings;
}

function checkDatabase({ database, instance, environment }: ConnectWanted, { databases }: ConnectRules): void {
  if (databases === undefined || databases.includes(database)) return;
  const commands = databases.slice(0, 5).map((name) => commandLine('connect', { instance, database: name, env: environment }));
  refuse(`Nobody is let into the database '${database}' of '${instance}' in this way.`, {
    remedy: `The configuration of the provider names others under connect: ${commands.join(', ')}.`,
  });
}

const RIGHTS = `
select (select rolcreaterole or rolsuper from pg_roles where rolname = current_user) as creates,
  coalesce((select bool_or(has_database_privilege(oid, $2, 'CONNECT')) from pg_roles where rolname = any($1)), true) as enters,
  coalesce((select array_agg(wanted) from unnest($1::text[]) wanted
    where not exists (select from pg_roles where rolname = wanted)), '{}')::text[] as missing,
  coalesce((select array_agg(rolname::text) from pg_roles where rolname = any($1)
    and current_setting('server_version_num')::int >= 160000
    and not pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION')), '{}')::text[] as withheld`;

interface Rights {
  readonly creates: boolean;
  readonly enters: boolean;
  readonly missing: string[];
  /** Roles that it may not grant; before 16 whoever creates roles may grant all but superusers'. */
  readonly withheld: string[];
}

/** The admin login can make the role with those rights. Rejects with an InstanceError that names what it lacks. */
async function checkAdmin(primary: Instance, { roles, database }: { roles: readonly string[]; database: string }): Promise<void> {
  const { user } = primary.admin;
  const [rights] = await primary.admin.query<Rights>(RIGHTS, [[...roles], database]);
  const lacks = (what: string, statement: string): InstanceError =>
    new InstanceError(`The admin login '${user}' of '${primary.name}' ${what}.`, {
      remedy: `A superuser must run there: ${statement}`,
      passing: false,
    });
  if (rights?.creates !== true) throw lacks('may not make roles', `ALTER ROLE ${user} CREATEROLE;`);
  const [missing] = rights.missing;
  if (missing !== undefined) {
    throw new InstanceError(`There is no role '${missing}' on '${primary.name}', whose rights a lease would have.`, {
      remedy: missing.startsWith('pg_')
        ? 'PostgreSQL has it from version 14 on; for an older one name roles of yours under connect in the configuration of the provider.'
        : 'Make it, or name another one under connect in the configuration of the provider.',
      passing: false,
    });
  }
  const [withheld] = rights.withheld;
  if (withheld !== undefined)
    throw lacks(`may not grant ${withheld}`, `GRANT ${quotedName(withheld)} TO ${quotedName(user)} WITH ADMIN OPTION;`);
  if (!rights.enters) {
    const [role] = roles;
    throw new InstanceError(`Nobody may connect to the database '${database}' on '${primary.name}' who is not told to.`, {
      remedy: `Its owner must run: GRANT CONNECT ON DATABASE ${pg.escapeIdentifier(database)} TO ${quotedName(role ?? '')};`,
      passing: false,
    });
  }
}
