import pg from 'pg';
import { startGateway } from './gateway.ts';
import { type Result, round } from './statistics.ts';

const SECONDS = 60;
/** A connection that idles reports what it did after 10 s: what the start cost must not count as idling. */
const SETTLED_SECONDS = 15;

/**
 * Transactions a second that an idle gateway costs its database, as PostgreSQL counts them. Those of autovacuum, which looks
 * through tables that were just made, are counted with them: it is off meanwhile.
 */
export async function benchIdle(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: true });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('alter system set autovacuum = off');
  await client.query('select pg_reload_conf()');
  await wait(SETTLED_SECONDS);
  const before = await transactions(client);
  await wait(SECONDS);
  const after = await transactions(client);
  await client.query('alter system reset autovacuum');
  await client.query('select pg_reload_conf()');
  await client.end();
  await gateway.close();
  const rate = (after - before - 1) / SECONDS; // one of them was our own look
  return [
    { name: `idle for ${SECONDS} s`, figures: { 'transactions/s': round(rate) }, bound: 'at most 2 a second', holds: rate <= 2 },
  ];
}

async function transactions(client: pg.Client): Promise<number> {
  await client.query('select pg_stat_force_next_flush()');
  await wait(1.5); // other backends report their counts at most once a second
  await client.query('select pg_stat_clear_snapshot()');
  const { rows } = await client.query<{ count: string }>(
    'select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()',
  );
  return Number(rows[0]?.count);
}

const wait = (seconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
