import type { Instance } from '../estate.ts';
import type { OwnSession } from '../login.ts';
import { checkReferences } from '../run-sql/check-references.ts';
import { reading } from '../run-sql/reading-session.ts';
import type { Explainable } from './explainable.ts';
import { type Explained, nodesOf, type PlanNode, type TableRows } from './plan-node.ts';
import type { WorkMem } from './plan-warnings.ts';

export interface Wanted {
  readonly instance: Instance;
  readonly database: string;
  readonly statement: Explainable;
  /** Whose settings it is planned under; the admin's own when absent. */
  readonly user?: string | undefined;
  readonly signal: AbortSignal;
}

export interface Explanation {
  readonly explained: Explained;
  readonly tables: TableRows;
  readonly workMem: WorkMem;
}

/** Planning takes milliseconds, but for joins of very many tables. */
const PLANNING_SECONDS = 10;

/**
 * Asks for the plan; runs nothing. The transaction is read-only all the same, and what would run code of somebody while it is
 * planned (functions whose arguments are known are evaluated) is refused. Rejects with an InstanceError.
 */
export async function explainStatement({ instance, database, statement, user, signal }: Wanted): Promise<Explanation> {
  const as = statement.kind === 'reads' ? 'reader' : 'admin'; // a plan of what changes rows is given to who may change them
  return reading(instance, { database, seconds: PLANNING_SECONDS, as, signal }, async (session) => {
    await session.query('set local max_parallel_workers_per_gather to default'); // it is the plan of the application that is asked for
    if (user !== undefined) await likeUser(session, user);
    await checkReferences(session, statement.references, { runs: false });
    return explanationOf(session, await explain(session, statement));
  });
}

/**
 * A statement with parameters is prepared, and planned without values for them. EXPLAIN (GENERIC_PLAN), of 16, does the same,
 * but only over the protocol that takes several statements at once, and would not be bound to this one.
 */
export async function explain(session: OwnSession, { text, parameters }: Explainable): Promise<Explained> {
  if (parameters === 0) return only(await session.alone(`explain (format json, settings) ${text}`));
  await session.query('set local plan_cache_mode = force_generic_plan');
  await session.alone(`prepare guichet_explained as ${text}`);
  const nulls = Array.from({ length: parameters }, () => 'null').join(', ');
  return only(await session.alone(`explain (format json, settings) execute guichet_explained(${nulls})`));
}

export function only(rows: readonly object[]): Explained {
  const [row] = rows as readonly { 'QUERY PLAN'?: readonly Explained[] }[]; // shape of EXPLAIN (FORMAT JSON)
  const [explained] = row?.['QUERY PLAN'] ?? [];
  if (explained === undefined) throw new Error('EXPLAIN gave no plan');
  return explained;
}

/** What the warnings on a plan need to know of the server. */
export async function explanationOf(session: OwnSession, explained: Explained): Promise<Explanation> {
  const names = [...new Set(nodesOf(explained.Plan).flatMap((node: PlanNode) => node['Relation Name'] ?? []))];
  const rows = await session.query<{ name: string; rows: number }>(
    'select n.name, c.reltuples::float8 as rows from unnest($1::text[]) n(name) join pg_class c on c.oid = to_regclass(quote_ident(n.name))',
    [names],
  );
  const [workMem] = await session.query<WorkMem>(
    "select pg_size_bytes(current_setting('work_mem'))::float8 as bytes, current_setting('work_mem') as setting",
  );
  return {
    explained,
    tables: new Map(rows.map(({ name, rows: count }) => [name, count])),
    workMem: workMem ?? { bytes: Number.POSITIVE_INFINITY, setting: '' },
  };
}

/** Settings that change what a name means, or which plan is chosen. */
const PLANNING =
  '^(search_path|work_mem|hash_mem_multiplier|effective_cache_size|(seq|random)_page_cost|cpu_.*_cost|enable_.*|jit(_(inline_|optimize_)?above_cost)?|(from|join)_collapse_limit|geqo.*|parallel_.*_cost|min_parallel_.*|max_parallel_workers_per_gather|constraint_exclusion|cursor_tuple_fraction|default_statistics_target)$';

/** Takes over what ALTER ROLE ... SET says of planning for that user; in the path, `$user` is that user. */
async function likeUser(session: OwnSession, user: string): Promise<void> {
  await session.query(
    `select set_config(name, case when name = 'search_path' then replace(value, '"$user"', quote_ident($1)) else value end, true)
    from (
      select distinct on (name) name, value from (
        select split_part(setting, '=', 1) as name, substr(setting, strpos(setting, '=') + 1) as value, s.setdatabase::int8 as nearness
        from pg_db_role_setting s join pg_roles r on r.oid = s.setrole cross join unnest(s.setconfig) setting
        where r.rolname = $1 and s.setdatabase in (0, (select oid from pg_database where datname = current_database()))
        union all select 'search_path', current_setting('search_path'), -1
      ) all_of_them where name ~ $2 order by name, nearness desc
    ) chosen`,
    [user, PLANNING],
  );
}
