import type { Instance } from '../estate.ts';
import { InstanceError } from '../instance-error.ts';
import type { Login } from '../login.ts';
import { DATABASE_CHECKS, SERVER_CHECKS } from './checks.ts';
import type { Check, Finding, Severity, Site } from './finding.ts';
import { LIMITS, type Limits } from './limits.ts';

/** One check takes no longer, in ms: a catalogue of a hundred thousand tables must not hold the others up. */
const CHECK_MS = 4000;
/** So many databases are looked at side by side; each is a connection. */
const AT_ONCE = 3;
const MOST_DATABASES = 50;

export interface Wanted {
  readonly environment: string;
  /** All that the login may connect to when absent. */
  readonly database?: string | undefined;
  readonly limits?: Partial<Limits>;
  readonly signal: AbortSignal;
  readonly progress: (said: { message: string; done: number; total: number }) => void;
}

export interface Examination {
  readonly findings: readonly Finding[];
  readonly databases: readonly string[];
  /** Databases that were left out, for there are too many. */
  readonly leftOut: number;
  readonly checks: number;
  /** A replica: its tables are its primary's, so they are not looked at here. */
  readonly replica: boolean;
}

const DATABASES = `
select datname::text as name from pg_database
where datallowconn and not datistemplate and has_database_privilege($1::text, oid, 'connect')
order by pg_database_size(oid) desc, 1`;

/** Looks the whole server over. A check that fails is a finding. Rejects with an InstanceError when it cannot be asked at all. */
export async function lookOver(instance: Instance, wanted: Wanted): Promise<Examination> {
  const { environment, database, signal, progress } = wanted;
  const version = await instance.version();
  const [state] = await instance.observer.query<{ replica: boolean }>('select pg_is_in_recovery() as replica');
  const replica = state?.replica === true;
  // Statistics of columns and values of sequences are shown to who may read the rows: the observer sees them as if there were none.
  const login = instance.settings.admin === undefined ? instance.observer : instance.admin;
  const databases = replica ? [] : await databasesOf(instance, { login, database });
  const chosen = databases.slice(0, MOST_DATABASES);
  const site = { version, instance: instance.name, environment, limits: { ...LIMITS, ...wanted.limits } };
  const total = 1 + chosen.length;
  let done = 0;
  const look = async (where: Omit<Look, 'site' | 'signal'>): Promise<Finding[]> => {
    const findings = await runChecks({ ...where, site, signal });
    done += 1;
    progress({ message: 'databases looked at', done, total });
    return findings;
  };
  const first = instance.settings.databases[0] ?? 'postgres';
  // Awaited together: when one of them rejects, the other's rejection has somebody to go to.
  const [server, found] = await Promise.all([
    look({ login: instance.observer, database: first, checks: SERVER_CHECKS, scope: 'server' }),
    inTurns(chosen, (name) => look({ login, database: name, checks: DATABASE_CHECKS, scope: 'database' })),
  ]);
  return {
    findings: [...server, ...found.flat()].sort(byUrgency),
    databases: chosen,
    leftOut: databases.length - chosen.length,
    checks: SERVER_CHECKS.length + chosen.length * DATABASE_CHECKS.length,
    replica,
  };
}

async function databasesOf(
  { observer, settings }: Instance,
  { login, database }: { login: Login; database: string | undefined },
): Promise<string[]> {
  if (database !== undefined) return [database];
  const rows = await observer.query<{ name: string }>(DATABASES, [login.user]);
  // One of the configuration that cannot be connected to is tried, so that it is told.
  return [...new Set([...settings.databases, ...rows.map(({ name }) => name)])];
}

/** The same for each, a few at a time, in their order. */
async function inTurns<Item, Value>(items: readonly Item[], work: (item: Item) => Promise<Value>): Promise<Value[]> {
  const values: Value[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) {
      const item = items[at];
      if (item !== undefined) values[at] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return values;
}

interface Look {
  readonly login: Login;
  readonly database: string;
  readonly checks: readonly Check[];
  readonly scope: 'server' | 'database';
  readonly site: Omit<Site, 'ask' | 'database'>;
  readonly signal: AbortSignal;
}

async function runChecks({ login, database, checks, scope, site, signal }: Look): Promise<Finding[]> {
  const where = scope === 'database' ? database : undefined;
  try {
    return await login.session({ database, statementMs: CHECK_MS, lockMs: 500, signal }, async ({ query }) => {
      // Names come out qualified, and nothing of the database can stand in for what these statements call.
      await query("select set_config('search_path', '', false), set_config('default_transaction_read_only', 'on', false)");
      const findings: Finding[] = [];
      for (const { name, run } of checks) {
        try {
          findings.push(...(await run({ ...site, ask: query, database })));
        } catch (error) {
          signal.throwIfAborted();
          findings.push(unlooked(`the check of ${name}`, where, reasonOf(error)));
        }
      }
      return findings;
    });
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InstanceError) return [unlooked(scope === 'server' ? 'the server' : 'the whole database', where, error)];
    throw error;
  }
}

interface Reason {
  readonly message: string;
  readonly remedy: string;
}

const unlooked = (what: string, database: string | undefined, { message, remedy }: Reason): Finding => ({
  severity: 'unknown',
  finding: 'not looked at',
  database,
  object: what,
  figure: message,
  why: 'What it would have found is not in this list.',
  mend: remedy,
});

/** Errors of the server may quote what is none of the reader's business, so only those of known causes are told in full. */
function reasonOf(error: unknown): Reason {
  if (error instanceof InstanceError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === '57014') return { message: `no answer within ${CHECK_MS / 1000} s`, remedy: 'try again when it is quieter' };
  if (code === '55P03') return { message: 'what it looks at is locked', remedy: 'look at blocking, and try again' };
  if (code === '42501') return { message: 'a right is lacking', remedy: 'docs/guide/postgres.md has what the logins need' };
  return { message: code === '' ? 'it failed' : `it failed (SQLSTATE ${code})`, remedy: 'tell the team of this provider' };
}

const ORDER: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, unknown: 2, info: 3 };

function byUrgency(a: Finding, b: Finding): number {
  return ORDER[a.severity] - ORDER[b.severity] || compare(a.finding, b.finding) || compare(a.database ?? '', b.database ?? '');
}

const compare = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);
