import { refuse } from '@guichet/sdk';
import pg from 'pg';
import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';
import { quotedName } from '../quoted-name.ts';

/** Where pg_stat_statements is installed. It counts for all databases of the server, whichever one it is in. */
export interface Extension {
  readonly database: string;
  /** Quoted. */
  readonly schema: string;
  /** 12 of 1.12: the columns go by it, and not by the version of the server. */
  readonly minor: number;
}

const INSTALLED = `
select e.extversion as version, quote_ident(n.nspname) as schema, has_schema_privilege(n.oid, 'USAGE') as usable
from pg_extension e join pg_namespace n on n.oid = e.extnamespace where e.extname = 'pg_stat_statements'`;

const REACHABLE = `
select datname::text as name from pg_database
where datallowconn and not datistemplate and has_database_privilege(oid, 'connect')
order by datname limit 50`;

/** More are not looked through: each takes a connection. */
const MOST_LOOKED_THROUGH = 12;

/** Finds it in the databases of the configuration, else in others; refuses with the statements that add it. */
export async function findExtension(instance: Instance): Promise<Extension> {
  const { databases } = instance.settings;
  let closed: Found | undefined;
  for (const database of databases) {
    const found = await extensionIn(instance, database);
    if (found?.usable === true) return found;
    closed ??= found;
  }
  const others = await instance.observer.query<{ name: string }>(REACHABLE);
  for (const { name } of others.filter((other) => !databases.includes(other.name)).slice(0, MOST_LOOKED_THROUGH)) {
    const found = await extensionIn(instance, name).catch(() => undefined); // somebody else's database may be closed to us
    if (found?.usable === true) return found;
    closed ??= found;
  }
  if (closed !== undefined) throw lacksSchema(instance, closed);
  return refuseMissing(instance, { create: true });
}

interface Found extends Extension {
  /** The observer may call what is in its schema. */
  readonly usable: boolean;
}

function lacksSchema(instance: Instance, { database, schema }: Extension): InstanceError {
  const { user } = instance.observer;
  return new InstanceError(
    `The observer login '${user}' of the instance '${instance.name}' may not use the schema ${schema} of '${database}', where pg_stat_statements is.`,
    { remedy: `Its owner must run in '${database}': GRANT USAGE ON SCHEMA ${schema} TO ${quotedName(user)};`, passing: false },
  );
}

async function extensionIn(instance: Instance, database: string): Promise<Found | undefined> {
  type Row = { version: string; schema: string; usable: boolean };
  const [row] = await (database === instance.settings.databases[0]
    ? instance.observer.query<Row>(INSTALLED)
    : instance.observer.ask<Row>({ text: INSTALLED, database }));
  if (row === undefined) return undefined;
  const minor = Number(row.version.split('.')[1] ?? 0);
  if (row.version.startsWith('1.') && minor >= 7) return { database, schema: row.schema, usable: row.usable, minor };
  throw new InstanceError(
    `pg_stat_statements ${row.version} in '${database}' of '${instance.name}' is too old: 1.7 or newer is needed.`,
    { remedy: `Its owner must run in '${database}': ALTER EXTENSION pg_stat_statements UPDATE;`, passing: false },
  );
}

/** Says what a superuser must run. `create` is false where the extension is there and only the library is not loaded. */
export async function refuseMissing(instance: Instance, { create }: { create: boolean }): Promise<never> {
  const [row] = await instance.observer.query<{ libraries: string }>(
    "select current_setting('shared_preload_libraries') as libraries",
  );
  const libraries = (row?.libraries ?? '').split(',').map((name) => name.trim().replaceAll('"', ''));
  const loaded = libraries.includes('pg_stat_statements');
  const wanted = [...libraries.filter((name) => name !== ''), 'pg_stat_statements'];
  const database = instance.settings.databases[0] ?? 'postgres';
  const steps = [
    ...(loaded
      ? []
      : [
          `ALTER SYSTEM SET shared_preload_libraries = ${wanted.map((name) => `'${name.replaceAll("'", "''")}'`).join(', ')}; then restart the server`,
        ]),
    ...(create ? [`in database ${pg.escapeIdentifier(database)}: CREATE EXTENSION pg_stat_statements;`] : []),
  ];
  const why = loaded
    ? `The extension pg_stat_statements is in no database of '${instance.name}' that can be looked into`
    : `The server of '${instance.name}' does not load pg_stat_statements`;
  return refuse(`${why}, so nothing counts its statements.`, {
    remedy: `A superuser must run: ${steps.join('; then ')} (docs/guide/postgres-health.md)`,
  });
}
