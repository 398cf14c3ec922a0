import { type Check, command, type Finding, type Severity, type Site } from './finding.ts';

interface Aged {
  readonly name: string;
  readonly age: number;
  readonly multixactAge: number;
}

/** `age` is of transaction ids, `multixactAge` of row locks shared by several transactions. */
const DATABASES = `
select datname::text as name, age(datfrozenxid)::float8 as age, mxid_age(datminmxid)::float8 as "multixactAge"
from pg_database where datallowconn order by 2 desc`;

const TABLES = `
select c.oid::regclass::text as name, c.relnamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) as catalog,
  greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0))::float8 as age,
  greatest(mxid_age(c.relminmxid), coalesce(mxid_age(t.relminmxid), 0))::float8 as "multixactAge"
from pg_class c left join pg_class t on t.oid = c.reltoastrelid
where c.relkind in ('r', 'm') and c.relpersistence <> 't' -- nobody but its own session can vacuum a temporary table
order by greatest(age(c.relfrozenxid), mxid_age(c.relminmxid)) desc limit 20`;

/** Databases whose oldest transaction ids are so old that the server may stop to take writes. */
export const databaseAgeCheck: Check = {
  name: 'wraparound of transaction ids',
  async run(site) {
    const rows = await site.ask<Aged>(DATABASES);
    return rows.flatMap((row) =>
      findingsOf(row, site).map((finding) => ({
        ...finding,
        database: row.name,
        object: row.name,
        mend: `the tables of ${row.name} that are named here; else a superuser in ${row.name}: VACUUM FREEZE;`,
      })),
    );
  },
};

/** The tables that make their database old. */
export const tableAgeCheck: Check = {
  name: 'age of tables',
  async run(site) {
    const rows = await site.ask<Aged & { catalog: boolean }>(TABLES);
    return rows.flatMap((row) =>
      findingsOf(row, site).map((finding) => ({
        ...finding,
        database: site.database,
        object: row.name,
        mend: row.catalog
          ? `a superuser in ${site.database}: VACUUM FREEZE ${row.name};`
          : command(site, 'vacuum-analyze', { database: site.database, table: row.name, freeze: true }),
      })),
    );
  },
};

function findingsOf({ age, multixactAge }: Aged, { limits }: Site): Omit<Finding, 'object' | 'mend'>[] {
  const ages = [
    ['old transaction ids', age],
    ['old multixact ids', multixactAge],
  ] as const;
  return ages.flatMap(([finding, old]) => {
    const severity: Severity | undefined =
      old >= limits.age.critical ? 'critical' : old >= limits.age.warning ? 'warning' : undefined;
    if (severity === undefined) return [];
    return [
      {
        severity,
        finding,
        figure: `${inMillions(old)} of 2,147 million`,
        why: 'At the end of the ids the server takes no more writes; autovacuum should have frozen them long ago, so something hinders it.',
      },
    ];
  });
}

const inMillions = (count: number): string =>
  count >= 1_000_000 ? `${Math.round(count / 1_000_000)}` : (count / 1_000_000).toPrecision(2);
