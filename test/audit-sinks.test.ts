import { createHmac } from 'node:crypto';
import { testDatabase } from '@guichet/postgres-server/testing';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AuditReceiver } from './support/audit-receiver.ts';
import { startGateway, type TestGateway } from './support/gateway.ts';

const SECRET_VARIABLE = 'GUICHET_TEST_SINK_SECRET';
const SECRET = 'a secret of the sink';
const LONG = { timeout: 20_000 };

const receiver = new AuditReceiver();
const gateways: TestGateway[] = [];
let database: Awaited<ReturnType<typeof testDatabase>>;
let client: pg.Client;

beforeEach(async () => {
  receiver.mood = 'takes';
  receiver.taken.length = 0;
  receiver.posts = 0;
  await receiver.listen();
  database = await testDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  await receiver.die();
  await client.end();
  await database.drop();
});

async function gatewayWith(sink: Record<string, unknown> = {}): Promise<TestGateway> {
  const gateway = await startGateway({
    databaseUrl: database.url,
    env: { [SECRET_VARIABLE]: SECRET },
    config: { auditSinks: [{ name: 'siem', kind: 'webhook', url: receiver.url, batch: 7, ...sink }] },
  });
  gateways.push(gateway);
  return gateway;
}

async function recorded(): Promise<string[]> {
  const { rows } = await client.query<{ id: string }>('select id from audit_events order by id');
  return rows.map(({ id }) => id);
}

const byNumber = (ids: readonly string[]): string[] => [...ids].sort((a, b) => Number(a) - Number(b));

/** Every event of the log has come: a log that goes on is looked at each time anew. */
const untilAllTaken = (): Promise<void> =>
  expect.poll(async () => (await recorded()).filter((id) => !receiver.ids.includes(id)), LONG).toEqual([]);

/** Some requests, each run to its end: what is recorded of them does not depend on the sink. */
async function live(gateway: TestGateway, count = 3): Promise<void> {
  for (let index = 0; index < count; index++) {
    const { status, body } = await gateway.submit('nadia', { action: 'lab.change' });
    expect(status).toBe(201);
    await gateway.until(body.id, 'succeeded');
  }
}

test('a sink gets every event of the log once, signed, in batches', async () => {
  const gateway = await gatewayWith({ secretFromEnv: SECRET_VARIABLE });
  await live(gateway);
  await untilAllTaken();
  expect(receiver.events).toHaveLength(receiver.ids.length);
  const { body } = await gateway.call<{ items: { id: string }[] }>('sven', 'GET', '/v1/audit?limit=200');
  expect(byNumber(receiver.ids)).toEqual(byNumber(body.items.map(({ id }) => id)));
  expect(receiver.events).toEqual(expect.arrayContaining(body.items.slice(-5)));
  for (const { headers, text } of receiver.taken) {
    const [, seconds, signature] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(headers['guichet-signature'])) ?? [];
    expect(signature).toBe(createHmac('sha256', SECRET).update(`${seconds}.${text}`).digest('hex'));
  }
});

test('a sink that is away stops nothing, is told of, and gets all of it when it comes back', async () => {
  await receiver.die();
  const gateway = await gatewayWith();
  await live(gateway);
  const metrics = async (): Promise<string> => (await fetch(`${gateway.app.url}/metrics`)).text();
  await expect.poll(metrics, LONG).toContain('guichet_audit_sink_failing{sink="siem"} 1');
  expect(await metrics()).toMatch(/guichet_audit_sink_lag_seconds\{sink="siem"\} [0-9.]+/);
  const { rows } = await client.query(
    "select failure, failing_since is not null as failing from audit_cursors where name = 'sink:siem'",
  );
  expect(rows).toEqual([{ failure: 'ECONNREFUSED', failing: true }]);
  await receiver.listen();
  await untilAllTaken();
});

test('a sink that never answers stops nothing, and loses nothing when it dies of it', async () => {
  receiver.mood = 'hangs';
  const gateway = await gatewayWith();
  await live(gateway);
  await expect.poll(() => receiver.posts, LONG).toBe(1);
  await live(gateway, 1); // while it hangs
  await receiver.die();
  receiver.mood = 'takes';
  await receiver.listen();
  await untilAllTaken();
});

test('a sink that fails half of the time gets all of it, and what it took without saying so comes again', async () => {
  receiver.mood = 'fails half of the time';
  const gateway = await gatewayWith();
  await live(gateway);
  await untilAllTaken();
  receiver.mood = 'takes and says nothing';
  await live(gateway, 1);
  await untilAllTaken();
  const before = receiver.events.length;
  receiver.mood = 'takes';
  await expect.poll(() => receiver.events.length, LONG).toBeGreaterThan(before);
  await untilAllTaken();
});

test('an event whose transaction commits late is not left behind by later ones', async () => {
  const gateway = await gatewayWith();
  const late = new pg.Client({ connectionString: database.url });
  await late.connect();
  await late.query('begin');
  const { rows } = await late.query<{ id: string }>(
    "insert into audit_events (type, actor_id, actor_name, outcome) values ('read.answered', 'system', 'late', 'ok') returning id",
  );
  await live(gateway, 1);
  await late.query('commit');
  await late.end();
  await untilAllTaken();
  expect(receiver.ids).toContain(rows[0]?.id);
});

test('of two gateways one sends, and the other goes on when it stops', async () => {
  const [first, second] = [await gatewayWith(), await gatewayWith()];
  await live(first);
  await untilAllTaken();
  expect(receiver.events).toHaveLength(receiver.ids.length);
  await gateways.splice(gateways.indexOf(first), 1)[0]?.close();
  await live(second);
  await untilAllTaken();
});

test('a sink that begins now is not sent what was recorded before', async () => {
  const before = await gatewayWith({ name: 'other' });
  await live(before, 1);
  const old = await recorded();
  receiver.taken.length = 0;
  await gateways.splice(0)[0]?.close();
  const gateway = await gatewayWith({ name: 'fresh', from: 'now' });
  await live(gateway, 1);
  await expect
    .poll(async () => (await recorded()).filter((id) => !old.includes(id) && !receiver.ids.includes(id)), LONG)
    .toEqual([]);
  expect(receiver.ids.filter((id) => old.includes(id))).toEqual([]);
});

test('in the cluster that a dump was restored into, where transactions are counted anew, nothing is left out', async () => {
  const gateway = await gatewayWith();
  await live(gateway, 1);
  await untilAllTaken();
  await gateways.splice(0)[0]?.close();
  // As if the rows came from a cluster that had counted much further: so far that no transaction here is newer.
  await client.query("update audit_cursors set system = 'another cluster', xid = '900000000', id = 5");
  const again = await gatewayWith();
  await live(again, 1);
  await untilAllTaken();
  const { rows } = await client.query<{ same: boolean }>(
    "select system = audit_system() and catch_up_to is null as same from audit_cursors where name = 'sink:siem'",
  );
  expect(rows).toEqual([{ same: true }]);
  await live(again, 1);
  await untilAllTaken();
});

test('a collector of OpenTelemetry gets each event as a log record', async () => {
  const gateway = await gatewayWith({ kind: 'otlp' });
  const { body } = await gateway.submit('nadia', { action: 'lab.change' });
  await gateway.until(body.id, 'succeeded');
  const records = () =>
    receiver.taken.flatMap(({ text }) => {
      // The format of OTLP over HTTP, as far as it is looked at here.
      const { resourceLogs } = JSON.parse(text) as { resourceLogs: { scopeLogs: { logRecords: LogRecord[] }[] }[] };
      return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs.flatMap(({ logRecords }) => logRecords));
    });
  await expect.poll(() => records().map(({ eventName }) => eventName), LONG).toContain('guichet.request.succeeded');
  const submitted = records().find(({ eventName }) => eventName === 'guichet.request.submitted');
  expect(submitted).toMatchObject({ severityText: 'INFO' });
  expect(JSON.parse(submitted?.body.stringValue ?? '')).toMatchObject({ request: body.id, type: 'request.submitted' });
  const attributes = Object.fromEntries(submitted?.attributes.map(({ key, value }) => [key, value.stringValue]) ?? []);
  expect(attributes).toMatchObject({
    'guichet.request': body.id,
    'guichet.actor.id': 'user:nadia',
    'guichet.action': 'lab.change',
  });
});

interface LogRecord {
  readonly eventName: string;
  readonly severityText: string;
  readonly body: { readonly stringValue: string };
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[];
}
