import type { Instance } from '../instance.ts';
import { InstanceError } from '../instance-error.ts';

/** A database. Sizes are bytes. */
export interface Database {
  readonly name: string;
  readonly owner: string;
  /** Null where it could not be measured. */
  readonly size: number | null;
  readonly connections: number;
  /** Null without a limit of its own. */
  readonly connectionLimit: number | null;
  readonly encoding: string;
  readonly collation: string;
  /** Transactions since the oldest row that is not frozen: at about two thousand million the server takes no more writes. */
  readonly xidAge: number;
  /** `pg_trgm 1.6`; undefined where we may not connect. */
  readonly extensions: readonly string[] | undefined;
}

type Row = Omit<Database, 'extensions' | 'size'> & { readonly connectable: boolean };

const DATABASES = `
select d.datname::text as name, pg_get_userbyid(d.datdba)::text as owner,
  (select count(*)::int from pg_stat_activity a where a.datid = d.oid and a.backend_type = 'client backend') as connections,
  nullif(d.datconnlimit, -1) as "connectionLimit", pg_encoding_to_char(d.encoding) as encoding, d.datcollate::text as collation,
  age(d.datfrozenxid)::int as "xidAge",
  d.datallowconn and has_database_privilege(d.oid, 'CONNECT') as connectable
from pg_database d where not d.datistemplate order by 1`;

/** Walks the files of every database, so it is slow where there are many of them. */
const SIZES = `
select datname::text as name, pg_database_size(oid)::float8 as size from pg_database
where not datistemplate and (has_database_privilege(oid, 'CONNECT') or pg_has_role('pg_read_all_stats', 'usage'))`;

const EXTENSIONS = `select extname || ' ' || extversion as extension from pg_extension where extname <> 'plpgsql' order by 1`;

/** Each look into a database is a connection of its own; the login has few. */
const AT_ONCE = 3;
/** In more databases than these extensions are not looked for: an answer is due. */
const MOST_LOOKED_INTO = 40;

/** All databases but templates, by name. Rejects with an InstanceError. */
export async function readDatabases(instance: Instance): Promise<Database[]> {
  const rows = await instance.observer.query<Row>(DATABASES);
  const open = rows.filter(({ connectable }) => connectable).map(({ name }) => name);
  const [extensions, sizes] = await Promise.all([readExtensions(instance, open), readSizes(instance)]);
  return rows.map(({ connectable: _, ...row }) => ({
    ...row,
    size: sizes.get(row.name) ?? null,
    extensions: extensions.get(row.name),
  }));
}

/** Not being able to measure them in time must not hide the databases. */
async function readSizes(instance: Instance): Promise<Map<string, number>> {
  try {
    const rows = await instance.observer.query<{ name: string; size: number }>(SIZES);
    return new Map(rows.map(({ name, size }) => [name, size]));
  } catch (error) {
    if (error instanceof InstanceError) return new Map();
    throw error;
  }
}

async function readExtensions(instance: Instance, databases: readonly string[]): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  const left = databases.slice(0, MOST_LOOKED_INTO);
  const look = async () => {
    for (let database = left.shift(); database !== undefined; database = left.shift()) {
      try {
        const rows = await instance.observer.ask<{ extension: string }>({ text: EXTENSIONS, database });
        found.set(
          database,
          rows.map(({ extension }) => extension),
        );
      } catch (error) {
        // One that does not let us in is listed all the same.
        if (!(error instanceof InstanceError)) throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return found;
}
