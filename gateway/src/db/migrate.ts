import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { GuichetError } from '@guichet/contract';
import pg from 'pg';

const FOLDER = new URL('../../migrations/', import.meta.url);
/** Any number that all gateways share: only one of them migrates at a time. */
const LOCK = 7_283_461;
/** The oldest major version of PostgreSQL that has all that the schema uses (xid8, gen_random_uuid). */
const OLDEST = 13;
/** Between two looks whether another gateway has migrated, in ms. */
const TURN_MS = 100;

/** How migrations wait for tables that others use, in ms. */
export interface Patience {
  /** For one lock: whoever comes behind us waits as long, so it is well below the time limit of their statements. */
  readonly lockMs: number;
  /** Between two tries, in which those who waited behind us go on. */
  readonly pauseMs: number;
  /** For a migration, or a step of one, altogether. */
  readonly allMs: number;
}

const PATIENCE: Patience = { lockMs: 3000, pauseMs: 1000, allMs: 120_000 };

export interface Migration {
  readonly number: number;
  readonly name: string;
  /** True when a gateway that does not know this migration must not work with the schema that it makes. */
  readonly breaking: boolean;
  readonly sql: string;
  readonly checksum: string;
}

/** The migrations that this gateway knows, in order: files `NNNN-name.sql` whose first line says `-- breaking: true|false`. */
export async function knownMigrations(folder: URL = FOLDER): Promise<Migration[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(names.map((name) => readMigration(folder, name)));
}

async function readMigration(folder: URL, name: string): Promise<Migration> {
  const sql = await readFile(new URL(name, folder), 'utf8');
  const number = /^(\d{4})-[a-z0-9-]+\.sql$/.exec(name)?.[1];
  const breaking = /^-- breaking: (true|false)\n/.exec(sql)?.[1];
  if (number === undefined || breaking === undefined)
    throw new GuichetError(
      'config.invalid',
      `Migration ${name}: want a name like 0002-some-words.sql and a first line '-- breaking: true|false'.`,
    );
  return {
    number: Number(number),
    name,
    breaking: breaking === 'true',
    sql,
    checksum: createHash('sha256').update(sql).digest('hex'),
  };
}

/**
 * Brings the schema up to date, each migration in a transaction of its own, or in steps; concurrent gateways wait for each other.
 * Other gateways may be at work meanwhile: it never stands in front of them for long.
 * Refuses with `schema.too_new` when the database has a breaking migration that this gateway does not know.
 * Returns the names applied now.
 */
export async function migrate(url: string, migrations?: readonly Migration[], patience: Patience = PATIENCE): Promise<string[]> {
  const known = migrations ?? (await knownMigrations());
  refuseTwins(known);
  const client = await connected(url);
  try {
    await refuseOld(client);
    await takeTurn(client);
    await client.query(`create table if not exists migrations (
      number integer primary key, name text not null, breaking boolean not null,
      checksum text not null, applied_at timestamptz not null default now())`);
    const { rows } = await client.query<{ number: number; name: string; breaking: boolean; checksum: string }>(
      'select number, name, breaking, checksum from migrations order by number',
    );
    refuseForeign(rows, known);
    const applied: string[] = [];
    for (const migration of known.filter(({ number }) => !rows.some((row) => row.number === number))) {
      await applyPatiently(client, migration, patience);
      applied.push(migration.name);
    }
    return applied;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code === '42501')
      throw new GuichetError('config.invalid', `The gateway may not change its database: ${error.message}.`, {
        remedy: 'Make the user of database.url the owner of the database.',
        cause: error,
      });
    throw error;
  } finally {
    await client.end();
  }
}

async function connected(url: string): Promise<pg.Client> {
  try {
    const client = new pg.Client({ connectionString: url, application_name: 'guichet-migrate', connectionTimeoutMillis: 10_000 });
    client.on('error', () => {}); // a connection that breaks makes the statement that waits on it fail
    await client.connect();
    return client;
  } catch (cause) {
    throw cannotConnect(url, cause);
  }
}

/** Errors of PostgreSQL that mean that the address is wrong, not that the server is away. */
const REFUSED = /^(28|3D)/;

function cannotConnect(url: string, cause: unknown): GuichetError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const what = cause instanceof Error && cause.message !== '' ? cause.message : code;
  return new GuichetError(
    REFUSED.test(code) ? 'config.invalid' : 'database.unavailable',
    `The database ${withoutPassword(url)} cannot be opened: ${what}.`,
    { remedy: 'Check database in the configuration (or GUICHET_DATABASE_URL), and that PostgreSQL runs.', cause },
  );
}

function withoutPassword(url: string): string {
  if (!URL.canParse(url)) return 'of the configuration';
  const { protocol, username, host, pathname } = new URL(url);
  return `${protocol}//${username === '' ? '' : `${username}@`}${host}${pathname}`;
}

/** Asked for again and again: who waited for it in a statement would be waited for by an index that is made concurrently. */
async function takeTurn(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [LOCK]);
    if (rows[0]?.mine === true) return;
    await sleep(TURN_MS);
  }
}

function refuseTwins(known: readonly Migration[]): void {
  for (const { number, name } of known) {
    const twin = known.find((other) => other.number === number && other.name !== name);
    if (twin !== undefined)
      throw new GuichetError('config.invalid', `The migrations ${name} and ${twin.name} have the same number.`, {
        remedy: 'Give the one that came later the next free number.',
      });
  }
}

async function refuseOld(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ version: string; number: number }>(
    `select current_setting('server_version') as version, current_setting('server_version_num')::int as number`,
  );
  const found = rows[0];
  if (found === undefined || found.number >= OLDEST * 10_000) return;
  throw new GuichetError('config.invalid', `The database is PostgreSQL ${found.version}; the gateway needs ${OLDEST} or newer.`, {
    remedy: 'Point database.url at a newer server.',
  });
}

/** Codes of PostgreSQL: a lock was not to be had in time, or two waited for each other. */
const HELD = /^(55P03|40P01)$/;

/** A lock that is waited for stops all who come after: it is waited for shortly, and again once they have gone on. */
async function applyPatiently(client: pg.Client, migration: Migration, patience: Patience): Promise<void> {
  let until = performance.now() + patience.allMs;
  const steps = stepsOf(migration.sql);
  for (let done = 0; done < steps.length; ) {
    try {
      const step = steps[done] as Step; // done is below the length
      if (done < steps.length - 1) await take(client, step, patience);
      else await finish(client, { migration, sql: step.sql, lockMs: patience.lockMs });
      done += 1;
      until = performance.now() + patience.allMs;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || !HELD.test(error.code ?? '')) throw error;
      if (performance.now() > until)
        throw new GuichetError(
          'database.unavailable',
          `Migration ${migration.name} cannot get the lock of a table that somebody holds.`,
          {
            remedy: 'Look for long transactions in pg_stat_activity, end them, and start the gateway again.',
            cause: error,
          },
        );
      await sleep(patience.pauseMs);
    }
  }
}

interface Step {
  /** A query: without a row the step is left out. */
  readonly when: string | undefined;
  readonly sql: string;
}

/**
 * Lines `-- step` divide a migration that would otherwise hold a big table for long. The last step is one transaction with the
 * note that the migration was applied. Each of those before it stands for itself, and can be what no transaction can (`create
 * index concurrently`); a migration that ended half way begins anew, so they are fit to be repeated. With
 * `-- step when QUERY` it is left out unless the query gives a row.
 */
function stepsOf(sql: string): Step[] {
  const [first = '', ...rest] = sql.split(/^-- step(?: when (.+))?\n/m);
  const steps: Step[] = [{ when: undefined, sql: first }];
  for (let index = 0; index < rest.length; index += 2) steps.push({ when: rest[index], sql: rest[index + 1] ?? '' });
  return steps;
}

const CONCURRENTLY = /^create (?:unique )?index concurrently (\w+)/m;

async function take(client: pg.Client, { when, sql }: Step, { lockMs, allMs }: Patience): Promise<void> {
  if (when !== undefined && !(await isAnswered(client, when))) return;
  const index = CONCURRENTLY.exec(sql)?.[1];
  if (index !== undefined && (await isMade(client, index))) return;
  // Who makes an index concurrently waits for those who write, and nobody waits behind it.
  await client.query(`set lock_timeout = ${index === undefined ? lockMs : allMs}`);
  try {
    await client.query(sql);
  } finally {
    await client.query('set lock_timeout = 0').catch(() => {}); // the connection is gone, and with it what was set
  }
}

/** Whether a query gives a row: no more of it is asked for, and a table of millions of rows is not fetched. */
async function isAnswered(client: pg.Client, query: string): Promise<boolean> {
  const { rows } = await client.query<{ answered: boolean }>(`select exists (${query}) as answered`);
  return rows[0]?.answered === true;
}

/** False when it is not there; one that was left half made is dropped. */
async function isMade(client: pg.Client, index: string): Promise<boolean> {
  const { rows } = await client.query<{ valid: boolean }>(
    'select indisvalid as valid from pg_index where indexrelid = to_regclass($1)',
    [index],
  );
  if (rows[0]?.valid === false) await client.query(`drop index concurrently ${index}`);
  return rows[0]?.valid === true;
}

async function finish(
  client: pg.Client,
  { migration, sql, lockMs }: { migration: Migration; sql: string; lockMs: number },
): Promise<void> {
  await client.query('begin');
  try {
    await client.query(`set local lock_timeout = ${lockMs}`);
    await client.query(sql);
    await client.query('insert into migrations (number, name, breaking, checksum) values ($1, $2, $3, $4)', [
      migration.number,
      migration.name,
      migration.breaking,
      migration.checksum,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback');
    throw error;
  }
}

function refuseForeign(
  rows: readonly { number: number; name: string; breaking: boolean; checksum: string }[],
  known: readonly Migration[],
): void {
  for (const row of rows) {
    const migration = known.find(({ number }) => number === row.number);
    if (migration === undefined && row.breaking)
      throw new GuichetError(
        'schema.too_new',
        `The database has migration ${row.name}, which this gateway does not know and cannot work with.`,
        {
          remedy: 'Start a gateway of the version that made it, or a newer one.',
        },
      );
    if (migration !== undefined && migration.checksum !== row.checksum)
      throw new GuichetError('config.invalid', `Migration ${row.name} is not the one that was applied to this database.`, {
        remedy: 'Never edit a migration that has landed: add a new one.',
      });
  }
}
