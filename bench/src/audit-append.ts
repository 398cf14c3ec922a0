import pg from 'pg';
import { startGateway } from './gateway.ts';
import { type Result, round } from './statistics.ts';

const WRITERS = 16;
const SECONDS = 6;
const ROUNDS = 3;
const COLUMNS = '(type, actor_id, actor_name, outcome, action, environment, resource, request, data)';
const VALUES = [
  'read.answered',
  'user:nadia',
  'Nadia',
  'ok',
  'noop.look',
  'staging',
  'noop.thing:thing',
  null,
  JSON.stringify({
    input: { target: 'thing', note: 'as long as the input of a read commonly is, which is not long' },
    result: '1 row',
  }),
];

/** Events a second that 16 writers append while the log is sealed, against the same row in a plain table, by turns. */
export async function benchAuditAppend(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: false });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(`create table floor_events (id bigint generated always as identity primary key, at timestamptz not null default clock_timestamp(),
    type text not null, actor_id text not null, actor_name text not null, action text, environment text, resource text, request bigint,
    outcome text not null, data json not null)`);
  const pairs: { floor: number; sealed: number }[] = [];
  for (let turn = 0; turn < ROUNDS; turn++)
    pairs.push({ floor: await rate(databaseUrl, 'floor_events'), sealed: await rate(databaseUrl, 'audit_events') });
  const started = performance.now();
  let behind = await unsealed(client);
  const left = behind;
  while (behind > 0 && performance.now() - started < 120_000) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    behind = await unsealed(client);
  }
  const caughtUp = (performance.now() - started) / 1000;
  await client.end();
  await gateway.close();
  const middle = pairs.toSorted((a, b) => a.sealed / a.floor - b.sealed / b.floor)[Math.floor(ROUNDS / 2)] ?? {
    floor: 1,
    sealed: 0,
  };
  const ratio = middle.sealed / middle.floor;
  return [
    {
      name: `append to the audit log, ${WRITERS} writers, sealing on`,
      figures: {
        'floor/s': round(middle.floor, 0),
        'events/s': round(middle.sealed, 0),
        ratio: round(ratio),
        'not sealed at the end': left,
        'sealed after s': round(caughtUp, 1),
      },
      bound: 'ratio at least 0.7',
      holds: ratio >= 0.7 && behind === 0,
    },
  ];
}

async function unsealed(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    'select (select count(*) from audit_events) - coalesce((select max(size) from audit_heads), 0) as count',
  );
  return Number(rows[0]?.count);
}

async function rate(databaseUrl: string, table: string): Promise<number> {
  const text = `insert into ${table} ${COLUMNS} values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`;
  const clients = await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      const client = new pg.Client({ connectionString: databaseUrl });
      await client.connect();
      return client;
    }),
  );
  let done = 0;
  const end = Date.now() + SECONDS * 1000;
  await Promise.all(
    clients.map(async (client) => {
      while (Date.now() < end) {
        await client.query({ name: table, text, values: VALUES });
        done += 1;
      }
      await client.end();
    }),
  );
  return done / SECONDS;
}
