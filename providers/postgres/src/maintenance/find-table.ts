import { refuse } from '@guichet/sdk';
import { findDatabase } from '../contents/find-database.ts';
import { commandLine } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';
import { nearest } from '../nearest.ts';
import { notMember } from './not-member.ts';

/** A table that is to be looked after. Sizes are bytes. */
export interface TableFound {
  readonly database: string;
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  /** As SQL takes it: `public."Orders"`. */
  readonly quoted: string;
  readonly kind: 'table' | 'partitioned' | 'materialized view';
  readonly owner: string;
  /** Estimate of the server; -1 when it has none. */
  readonly rows: number;
  /** What the admin login may do with it. */
  readonly owns: boolean;
  readonly maintains: boolean;
  readonly createsInSchema: boolean;
}

export interface TableWanted {
  readonly instance: Instance;
  readonly environment: string;
  readonly database?: string | undefined;
  /** `orders`, `public.orders`, or as SQL writes it. */
  readonly table: string;
}

const TABLES = (version: number): string => `
select c.oid::bigint::float8 as oid, n.nspname::text as schema, c.relname::text as name,
  format('%I.%I', n.nspname, c.relname) as quoted,
  case c.relkind when 'r' then 'table' when 'p' then 'partitioned' else 'materialized view' end as kind,
  pg_get_userbyid(c.relowner)::text as owner, c.reltuples::float8 as rows, pg_has_role($2, c.relowner, 'USAGE') as owns,
  pg_has_role($2, c.relowner, 'USAGE') or pg_has_role($2, (select datdba from pg_database where datname = current_database()), 'USAGE')
    ${version >= 170_000 ? "or has_table_privilege($2, c.oid, 'MAINTAIN')" : ''} as maintains,
  has_schema_privilege($2, n.oid, 'CREATE') as "createsInSchema"
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  and $1 in (c.relname::text, n.nspname || '.' || c.relname, format('%I', c.relname), format('%I.%I', n.nspname, c.relname))
order by n.nspname = 'public' desc, 2, 3`;

const NAMES = `
select n.nspname || '.' || c.relname as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'm') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and c.relpersistence <> 't'
order by c.relpages desc, 1 limit 5000`;

/** Tables of a database as `schema.name`, the largest first. Rejects with an InstanceError. */
export async function tableNames(instance: Instance, database: string): Promise<string[]> {
  const rows = await instance.observer.ask<{ name: string }>({ text: NAMES, database });
  return rows.map(({ name }) => name);
}

/** The one table that is meant. Refuses when there is none, or more than one. Rejects with an InstanceError. */
export async function findTable({ instance, environment, table, ...wanted }: TableWanted): Promise<TableFound> {
  const database = await findDatabase(instance, { name: wanted.database, environment });
  const { user } = instance.admin;
  const found = await instance.observer.ask<Omit<TableFound, 'database'>>({
    text: TABLES(await instance.version()),
    values: [table, user],
    database,
  });
  const whole = found.filter(({ schema, name, quoted }) => table === `${schema}.${name}` || table === quoted);
  const [one, ...others] = whole.length > 0 ? whole : found;
  if (one === undefined) {
    const names = await tableNames(instance, database);
    const bare = names.map((name) => name.slice(name.indexOf('.') + 1));
    const meant = nearest(table, table.includes('.') ? names : bare);
    return refuse(`There is no table '${table}' in '${database}' on '${instance.name}'.`, {
      remedy:
        meant === undefined
          ? `See ${commandLine('tables', { instance: instance.name, database, env: environment })}`
          : `Did you mean '${meant}'?`,
    });
  }
  if (others.length > 0) {
    const all = [one, ...others].map(({ schema, name }) => `'${schema}.${name}'`).join(', ');
    return refuse(`Several tables of '${database}' are called '${table}'.`, { remedy: `Say which one: ${all}.` });
  }
  return { ...one, database };
}

/** The table lets the admin login look after it. Rejects with an InstanceError that has the GRANT which would. */
export async function mayLookAfter(instance: Instance, table: TableFound, work: 'vacuum' | 'index'): Promise<void> {
  const name = `${table.schema}.${table.name}`;
  if (work === 'vacuum' ? !table.maintains : !table.owns) {
    const maintain = work === 'vacuum' && (await instance.version()) >= 170_000;
    throw await notMember(instance, {
      owner: table.owner,
      owned: `the table '${name}'`,
      giveAway: `ALTER TABLE ${table.quoted} OWNER TO`,
      ...(maintain && { instead: `GRANT MAINTAIN ON ${table.quoted} TO` }),
    });
  }
  if (work === 'index' && !table.createsInSchema) {
    const [quoted] = await instance.observer.query<{ owner: string; schema: string }>(
      'select quote_ident($1) as owner, quote_ident($2) as schema',
      [table.owner, table.schema],
    );
    throw new InstanceError(`The admin login '${instance.admin.user}' may make nothing in the schema '${table.schema}'.`, {
      remedy: `A superuser must run there: GRANT CREATE ON SCHEMA ${quoted?.schema} TO ${quoted?.owner};`,
      passing: false,
    });
  }
}
