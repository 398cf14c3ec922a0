import pg from 'pg';
import { EVENT_SQL, INDEXED_SQL, MONTHS_SQL, PARTS_SQL, REQUEST_SQL, searchSql, WORDS_SQL } from './fill-sql.ts';

export interface Scale {
  readonly requests: number;
  readonly events: number;
}

/** Of the rows that are made: raise it when they become others, so that no old data are taken for new. */
const GENERATION = 1;
const BATCH = 50_000;

/**
 * Fills the database of a gateway (migrated already) with a year of a company's life, always the same one. What is there
 * stays when it is of the same size; a database with other requests or events in it is refused.
 */
export async function fill(url: string, scale: Scale, say: (line: string) => void): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    if (await isFilled(client, scale)) {
      say(`reusing ${scale.requests} requests and ${scale.events} events`);
      return;
    }
    await client.query('set synchronous_commit = off');
    await client.query(WORDS_SQL);
    await client.query(PARTS_SQL);
    await batches(client, { name: 'requests', count: scale.requests, sql: REQUEST_SQL, scale, say });
    await batches(client, { name: 'audit events', count: scale.events, sql: EVENT_SQL, scale, say });
    await client.query(`select setval(pg_get_serial_sequence('requests', 'number'), ${scale.requests})`);
    await index(client, say);
    say('vacuum and analyze');
    await client.query('vacuum (analyze) requests');
    await client.query('vacuum (analyze) audit_events');
    await client.query('vacuum (analyze) audit_search');
    await client.query('insert into bench_fill values ($1, $2, $3)', [GENERATION, scale.requests, scale.events]);
  } finally {
    await client.end();
  }
}

async function index(client: pg.Client, say: (line: string) => void): Promise<void> {
  await client.query("set maintenance_work_mem = '1GB'");
  const { rows } = await client.query<{ month: string }>(MONTHS_SQL);
  for (const [done, { month }] of rows.entries()) {
    say(`index of the search, month ${done + 1} of ${rows.length}`);
    await client.query(searchSql(month));
  }
  await client.query(INDEXED_SQL);
}

async function isFilled(client: pg.Client, { requests, events }: Scale): Promise<boolean> {
  await client.query('create table if not exists bench_fill (generation integer, requests bigint, events bigint)');
  const { rows } = await client.query<{ generation: number; requests: string; events: string }>('select * from bench_fill');
  const found = rows[0];
  if (found !== undefined)
    return found.generation === GENERATION && Number(found.requests) === requests && Number(found.events) === events;
  const { rows: any } = await client.query('select from requests limit 1');
  if (any.length > 0) throw new Error('there are requests in this database already: fill an empty one');
  return false;
}

async function batches(
  client: pg.Client,
  options: { name: string; count: number; sql: string; scale: Scale; say: (line: string) => void },
): Promise<void> {
  const { name, count, sql, scale, say } = options;
  const started = performance.now();
  let told = started;
  for (let first = 1; first <= count; first += BATCH) {
    const last = Math.min(count, first + BATCH - 1);
    await client.query(sql, [first, last, scale.requests, count]);
    const now = performance.now();
    if (now - told < 5000 && last < count) continue;
    told = now;
    const seconds = (now - started) / 1000;
    say(
      `${last} of ${count} ${name}, ${Math.round(last / seconds)} a second, ${Math.round(((count - last) / last) * seconds)} s to go`,
    );
  }
}
