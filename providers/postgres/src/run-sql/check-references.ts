import { refuse } from '@guichet/sdk';
import type { OwnSession } from '../login.ts';
import { definitionReferences } from './read-only-statement.ts';
import type { Name, References } from './references.ts';

/**
 * Functions whose result is another each time and which change nothing. All others that are declared volatile are refused:
 * pg_terminate_backend, pg_sleep, nextval, set_config, lo_import, pg_advisory_lock, dblink ... and those nobody thought of.
 */
const HARMLESS: ReadonlySet<string> = new Set([
  ...'clock_timestamp gen_random_uuid random random_normal timeofday uuidv4 uuidv7'.split(' '),
  ...'pg_database_size pg_indexes_size pg_relation_size pg_table_size pg_tablespace_size pg_total_relation_size'.split(' '),
  ...'pg_blocking_pids pg_current_wal_lsn pg_is_in_recovery pg_last_wal_receive_lsn pg_last_wal_replay_lsn'.split(' '),
  ...'pg_last_xact_replay_timestamp pg_sequence_last_value'.split(' '),
]);

/** Declared stable, but they read the table whose name they are given: what is behind it would not be looked at. */
const BY_NAME = /^(?:table|schema|database|query|cursor)_to_xml/;

/** What their functions reach is outside of the transaction, whatever they are declared as. */
const REACHING: ReadonlySet<string> = new Set(
  'adminpack aws_lambda aws_s3 dblink file_fdw http lo pg_background pg_cron pg_net postgres_fdw'.split(' '),
);

const DEEPEST = 12;

/**
 * Refuses what would run code that somebody has made, or that has effects outside the transaction: functions, operators and
 * types, of the statement and of every view that it reads. A statement that is planned and not run (`runs` false) may call
 * what the server brings: its planner evaluates no volatile function. Rejects with the error of the driver, or an InstanceError.
 */
export async function checkReferences(
  session: OwnSession,
  references: References,
  { runs }: { readonly runs: boolean } = { runs: true },
): Promise<void> {
  const seen = new Set<number>();
  let todo = [references];
  for (let depth = 0; todo.length > 0; depth++) {
    if (depth > DEEPEST) return refuse('The views that it reads are nested too deep to look through.', READ_OTHERWISE);
    const next: References[] = [];
    for (const each of todo) {
      await checkFunctions(session, each, runs);
      await checkOperatorsAndTypes(session, each);
      for (const { oid, definition } of await viewsOf(session, each.relations)) {
        if (seen.has(oid)) continue;
        seen.add(oid);
        next.push(definitionReferences(definition));
      }
    }
    todo = next;
  }
}

const READ_OTHERWISE = { remedy: 'Leave it out; what runs such code is done over a session of your own (connect).' };

interface Candidate {
  readonly name: string;
  readonly schema: string;
  readonly volatile: boolean;
  readonly extension: string | null;
}

/** Every function that the name may mean where it stands, for which of them is called depends on the types. */
const FUNCTIONS = `
select w.name, n.nspname::text as schema, p.provolatile = 'v' as volatile, e.extname::text as extension
from unnest($1::text[], $2::text[]) w(schema, name)
join pg_proc p on p.proname = w.name
join pg_namespace n on n.oid = p.pronamespace
left join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
left join pg_extension e on e.oid = d.refobjid and d.refclassid = 'pg_extension'::regclass
where case when w.schema is null then n.nspname = any (current_schemas(true)) else n.nspname = w.schema end`;

/** `t.f` is a call of f(t) where t has no column f. */
const ROW_FUNCTIONS = `
select p.proname::text as name, n.nspname::text as schema, true as volatile, null as extension
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_type t on t.oid = p.proargtypes[0]
where p.proname = any ($1) and p.pronargs - p.pronargdefaults <= 1 and p.pronargs >= 1 and t.typtype in ('c', 'p')
  and n.nspname = any (current_schemas(false))`;

async function checkFunctions(session: OwnSession, { functions, columns }: References, runs: boolean): Promise<void> {
  const candidates = [
    ...(await session.query<Candidate>(FUNCTIONS, [functions.map(({ schema }) => schema), functions.map(({ name }) => name)])),
    ...(await session.query<Candidate>(ROW_FUNCTIONS, [columns])),
  ];
  for (const candidate of candidates) {
    const no = objectionTo(candidate, runs);
    if (no !== undefined) return refuse(`The function ${candidate.name} is refused: ${no}.`, READ_OTHERWISE);
  }
}

function objectionTo({ name, schema, volatile, extension }: Candidate, runs: boolean): string | undefined {
  if (schema === 'pg_catalog') {
    if (BY_NAME.test(name)) return 'it runs what it is given as a text';
    return runs && volatile && !HARMLESS.has(name) ? 'it has, or may have, effects that no rollback takes back' : undefined;
  }
  if (extension === null) return `somebody has made it (in '${schema}'), and what it does is not to be seen here`;
  if (REACHING.has(extension)) return `the extension '${extension}' reaches outside of the database`;
  return runs && volatile ? `it is of the extension '${extension}' and declared volatile` : undefined;
}

/**
 * A type runs code where its values are checked, those of types that it is made of included, or cast by a function of its own. A cast may be made without being written,
 * so one that anybody but a superuser has made is refused wherever it would be applied.
 */
const MADE = `
with recursive named as (
  select t.oid from unnest($2::text[], $3::text[]) w(schema, name)
  join pg_type t on t.typname = w.name join pg_namespace n on n.oid = t.typnamespace
  where n.nspname <> 'pg_catalog' and case when w.schema is null then n.nspname = any (current_schemas(false)) else n.nspname = w.schema end
), reached as (
  select oid from named
  union
  select part.oid from reached r join pg_type t on t.oid = r.oid cross join lateral (
    select t.typelem as oid union all select t.typbasetype
    union all select a.atttypid from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
    union all select g.rngsubtype from pg_range g where t.oid in (g.rngtypid, (to_jsonb(g) ->> 'rngmultitypid')::oid)
  ) part where part.oid <> 0
)
select 'operator ' || o.oprname as what, n.nspname::text as schema from pg_operator o join pg_namespace n on n.oid = o.oprnamespace
where o.oprname = any ($1) and n.nspname <> 'pg_catalog'
  and not exists (select from pg_depend d where d.classid = 'pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e')
union all
select 'type ' || t.typname, n.nspname::text from reached r join pg_type t on t.oid = r.oid join pg_namespace n on n.oid = t.typnamespace
where n.nspname not in ('pg_catalog', 'information_schema')
  and (t.typtype = 'd' and exists (select from pg_constraint k where k.contypid = t.oid and k.contype = 'c')
    or exists (select from pg_cast k where k.casttarget = t.oid and k.castfunc <> 0))
  and not exists (select from pg_depend d where d.classid = 'pg_type'::regclass and d.objid = t.oid and d.deptype = 'e')
union all
select 'cast of ' || format_type(k.castsource, null) || ' to ' || format_type(k.casttarget, null), n.nspname::text
from pg_cast k join pg_proc p on p.oid = k.castfunc join pg_namespace n on n.oid = p.pronamespace join pg_roles r on r.oid = p.proowner
where n.nspname <> 'pg_catalog' and not r.rolsuper
  and not exists (select from pg_depend d where d.classid = 'pg_cast'::regclass and d.objid = k.oid and d.deptype = 'e')`;

/** What compares without an operator that is written; CASE, USING, NATURAL and IN of a query with this one. */
const COMPARING = ['CaseExpr', 'usingClause', 'isNatural', 'SubLink'];

function operatorsOf({ operators, kinds }: References): string[] {
  const written = operators.map(({ name }) => name);
  return [
    ...written,
    ...(COMPARING.some((kind) => kinds.has(kind)) ? ['='] : []),
    ...(written.some((name) => name.includes('BETWEEN')) ? ['<', '<=', '>', '>='] : []),
  ];
}

async function checkOperatorsAndTypes(session: OwnSession, references: References): Promise<void> {
  // The name of a type can be called like a function, and then is a cast.
  const types = [...references.types, ...references.functions];
  const [made] = await session.query<{ what: string; schema: string }>(MADE, [
    operatorsOf(references),
    types.map(({ schema }) => schema),
    types.map(({ name }) => name),
  ]);
  if (made === undefined) return;
  return refuse(`The ${made.what} is refused: somebody has made it (in '${made.schema}'), and it may run code.`, READ_OTHERWISE);
}

interface Relation {
  readonly oid: number;
  readonly kind: string;
  readonly name: string;
  /** It came with the server. */
  readonly system: boolean;
  readonly definition: string | null;
}

/** Views that come with the server are trusted, and a materialized view is data. */
const RELATIONS = `
select c.oid::bigint::float8 as oid, case when exists (
    with recursive below as (select c.oid union select i.inhrelid from below b join pg_inherits i on i.inhparent = b.oid)
    select from below b join pg_class k on k.oid = b.oid where k.relkind = 'f') then 'f' else c.relkind::text end as kind, c.relname::text as name, s.system,
  case when c.relkind = 'v' and not s.system then pg_get_viewdef(c.oid) end as definition
from unnest($1::text[], $2::text[]) w(schema, name)
join pg_class c on c.oid = to_regclass(case when w.schema is null then format('%I', w.name) else format('%I.%I', w.schema, w.name) end)
join pg_namespace n on n.oid = c.relnamespace
cross join lateral (select n.nspname in ('pg_catalog', 'information_schema')) s(system)`;

/** pg_read_all_data reads these too: hashes of passwords, passwords of other servers, rules of who may log in. */
const SECRET_CATALOGS: ReadonlySet<string> = new Set([
  ...'pg_authid pg_shadow pg_user_mapping pg_user_mappings pg_foreign_server pg_foreign_data_wrapper'.split(' '),
  ...'pg_subscription pg_db_role_setting pg_file_settings pg_hba_file_rules pg_ident_file_mappings'.split(' '),
  ...'user_mapping_options foreign_server_options foreign_data_wrapper_options'.split(' '),
  // Statistics have values of all columns, those of pg_authid too.
  ...'pg_statistic pg_stats pg_statistic_ext_data pg_stats_ext pg_stats_ext_exprs'.split(' '),
  ...'_pg_user_mappings _pg_foreign_servers _pg_foreign_data_wrappers'.split(' '),
]);

async function viewsOf(session: OwnSession, relations: readonly Name[]): Promise<{ oid: number; definition: string }[]> {
  const found = await session.query<Relation>(RELATIONS, [
    relations.map(({ schema }) => schema),
    relations.map(({ name }) => name),
  ]);
  for (const { kind, name, system } of found) {
    if (system && SECRET_CATALOGS.has(name)) {
      return refuse(`The table ${name} is refused: it may hold passwords.`, {
        remedy: 'See roles, databases and settings instead.',
      });
    }
    if (kind === 'f') {
      return refuse(
        `The table ${name} is refused: it is a foreign one, or has one below it, and reading it reaches another server.`,
        READ_OTHERWISE,
      );
    }
  }
  return found.flatMap(({ oid, definition }) => (definition === null ? [] : [{ oid, definition }]));
}
