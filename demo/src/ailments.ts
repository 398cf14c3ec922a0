import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { applicationUrl, DATABASE, type Instance } from './estate.ts';
import { keepSession } from './sessions.ts';

/** The start of the demo has the machine for itself first. */
const LATER_MS = 4000;

/**
 * What `health` and `slow-queries` find, one of each. The last table is the mark that all is there, so a start that was
 * stopped in the middle is made up for by the next one; what people mend stays mended.
 */
const AILMENTS: readonly string[] = [
  // Nothing here refers to customers: the migration holds locks on them, and this would queue in front of the checkouts.
  'create table if not exists depots (id int primary key, town text not null)',
  "insert into depots select n, 'Depot ' || n from generate_series(1, 40) n on conflict do nothing",
  // Read whole for each look-up by tracking number, and for each depot that is closed.
  `create table if not exists shipments (id bigint generated always as identity primary key, depot int references depots (id),
    tracking text not null, carrier text not null, state text not null default 'on its way', note text not null)`,
  `insert into shipments (depot, tracking, carrier, note)
    select 1 + n % 40, 'TRK-' || md5(n::text), (array['north', 'south', 'parcel'])[1 + n % 3], repeat('left with a neighbour ', 4)
    from generate_series(1, 60000) n where not exists (select from shipments)`,
  'create index if not exists shipments_by_lower_tracking on shipments (lower(tracking))', // no query wants it
  // Nine tenths of it are gone, and the file has kept its size.
  'create table if not exists carts (id int primary key, content text not null)',
  `insert into carts select n, repeat('one of these, two of those; ', 9) from generate_series(1, 40000) n where not exists (select from carts)`,
  'delete from carts where id % 10 <> 0',
  'vacuum analyze carts',
  'analyze shipments',
  'analyze depots',
];

/** Its creation fails, for a carrier has many shipments, and leaves an invalid index behind. */
const INVALID = 'create unique index concurrently shipments_by_carrier on shipments (carrier)';

const MARK: readonly string[] = [
  // Nearly all numbers of an integer are used up.
  'create table exports (id int generated always as identity primary key, made_at timestamptz not null default now())',
  "select setval(pg_get_serial_sequence('exports', 'id'), 2040000000)",
  'insert into exports (made_at) select now() from generate_series(1, 20)',
];

/** Nobody reads from it; how much log it keeps is bounded by max_slot_wal_keep_size. */
const SLOT = `select pg_create_physical_replication_slot('old_reporting_replica', true)
  where not exists (select from pg_replication_slots where slot_name = 'old_reporting_replica')`;

/** Makes what is wrong with the database, once in its life, beside everything else; then the traffic that suffers from it. */
export function startAilments(instance: Instance, signal: AbortSignal): Promise<void>[] {
  const made = makeAilments(instance, signal);
  const lookUps = made.then(() =>
    keepSession({
      url: applicationUrl(instance, 'tracking-page'),
      round: (client) => client.query('select id, state from shipments where tracking = $1', [`TRK-${Math.random()}`]),
      pauseMs: () => 700,
      reconnectMs: 1000,
      signal,
    }),
  );
  return [lookUps];
}

async function makeAilments(instance: Instance, signal: AbortSignal): Promise<void> {
  const client = new pg.Client({ connectionString: instance.server.urlFor({ database: DATABASE }) });
  client.on('error', () => {}); // the query that is under way rejects as well
  const hangUp = (): void => void client.end().catch(() => {});
  signal.addEventListener('abort', hangUp, { once: true });
  try {
    await sleep(LATER_MS, undefined, { signal });
    await client.connect();
    const { rows } = await client.query("select to_regclass('exports') is not null as made");
    if (rows[0]?.made === true) return;
    await client.query('set role orders');
    for (const statement of AILMENTS) await client.query(statement);
    const { rows: found } = await client.query("select to_regclass('shipments_by_carrier') is null as missing");
    if (found[0]?.missing === true) await client.query(INVALID).catch(() => {});
    for (const statement of MARK) await client.query(statement);
    await client.query('reset role');
    await client.query(SLOT);
    await client.query('select pg_stat_statements_reset()'); // what made all this would stand above what suffers from it
  } catch (error) {
    if (!signal.aborted) process.stderr.write(`· what is to be found on ${instance.name} is not all there: ${String(error)}\n`);
  } finally {
    signal.removeEventListener('abort', hangUp);
    await client.end().catch(() => {});
  }
}

/** A report that has read, and then forgot its transaction: nobody waits for it, and nothing can be cleaned up behind it. */
export function startForgottenReport(instance: Instance, signal: AbortSignal): Promise<void> {
  return keepSession({
    url: applicationUrl(instance, 'nightly-report'),
    round: async (client) => {
      await client.query('begin isolation level repeatable read');
      await client.query('select count(*), sum(cents) from orders');
      await new Promise((_, reject) => {
        client.once('end', () => reject(new Error('the session was ended')));
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
    pauseMs: () => 0,
    reconnectMs: 60_000,
    signal,
  });
}
