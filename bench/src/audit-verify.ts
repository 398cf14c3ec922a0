import { Database, verifyLog } from '@guichet/gateway';
import pg from 'pg';
import { startGateway } from './gateway.ts';
import { type Result, round } from './statistics.ts';

const TRANSACTIONS = 300;
const EVENTS_EACH = 1000;

/** Events a second that are checked straight from the database; against reading the same rows and doing nothing with them. */
export async function benchAuditVerify(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: false });
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  for (let transaction = 0; transaction < TRANSACTIONS; transaction++)
    await client.query(`insert into audit_events (type, actor_id, actor_name, outcome, action, environment, resource, data)
      select 'read.answered', 'user:nadia', 'Nadia', 'ok', 'noop.look', 'staging', 'noop.thing:thing',
        json_build_object('input', json_build_object('target', 'thing', 'number', n), 'result', '1 row')
      from generate_series(1, ${EVENTS_EACH}) n`);
  for (let waits = 0; waits < 600 && !(await isSealed(client)); waits++) await new Promise((resolve) => setTimeout(resolve, 200));
  await gateway.close();
  await client.query('vacuum analyze audit_events');
  const floorStarted = performance.now();
  const { rowCount } = await client.query('select * from audit_events');
  const floor = Number(rowCount) / ((performance.now() - floorStarted) / 1000);
  await client.end();
  const db = new Database({ url: databaseUrl, poolSize: 2, onError: () => {} });
  const started = performance.now();
  const { events, findings } = await verifyLog(db);
  const rate = events / ((performance.now() - started) / 1000);
  await db.close();
  return [
    {
      name: `verify the audit log, ${events} events`,
      figures: {
        'read alone/s': round(floor, 0),
        'checked/s': round(rate, 0),
        ratio: round(rate / floor),
        findings: findings.length,
      },
      bound: 'at least 100,000 a second',
      holds: rate >= 100_000 && findings.length === 0 && events >= TRANSACTIONS * EVENTS_EACH,
    },
  ];
}

async function isSealed(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ all: boolean }>(
    'select (select count(*) from audit_events) = coalesce((select max(size) from audit_heads), 0) as all',
  );
  return rows[0]?.all === true;
}
