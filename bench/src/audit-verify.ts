import { Database, verifyLog } from '@guichet/gateway';
import pg from 'pg';
import { startGateway } from './gateway.ts';
import { type Result, round } from './statistics.ts';

const TRANSACTIONS = 300;
const EVENTS_EACH = 1000;
/** What else a machine does makes a round slower and never faster: the best of each counts. */
const ROUNDS = 3;

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
  const db = new Database({ url: databaseUrl, poolSize: 4, onError: () => {} });
  let [floor, rate, events, findings] = [0, 0, 0, 0];
  for (let turn = 0; turn < ROUNDS; turn++) {
    floor = Math.max(floor, await perSecond(async () => Number((await client.query('select * from audit_events')).rowCount)));
    const checked = await perSecond(async () => {
      const verified = await verifyLog(db);
      events = verified.events;
      findings += verified.findings.length;
      return events;
    });
    rate = Math.max(rate, checked);
  }
  await client.end();
  await db.close();
  return [
    {
      name: `verify the audit log, ${events} events`,
      figures: {
        'read alone/s': round(floor, 0),
        'checked/s': round(rate, 0),
        ratio: round(rate / floor),
        findings,
      },
      bound: 'at least 100,000 a second',
      holds: rate >= 100_000 && findings === 0 && events >= TRANSACTIONS * EVENTS_EACH,
    },
  ];
}

async function perSecond(work: () => Promise<number>): Promise<number> {
  const started = performance.now();
  const count = await work();
  return count / ((performance.now() - started) / 1000);
}

async function isSealed(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ all: boolean }>(
    'select (select count(*) from audit_events) = coalesce((select max(size) from audit_heads), 0) as all',
  );
  return rows[0]?.all === true;
}
