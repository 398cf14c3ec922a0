import autocannon from 'autocannon';
import pg from 'pg';
import { type BenchGateway, startGateway } from './gateway.ts';
import type { Recorded } from './recorder.ts';
import { type Result, round } from './statistics.ts';

const CONNECTIONS = 16;
const SECONDS = 8;
const ROUNDS = 3;

/**
 * Submissions a second through the whole gateway, against the same SQL statements sent by bare pg on as many connections,
 * by turns in the same run. The worker runs in another process in a company; here it is off, in a second line on.
 */
export async function benchSubmit(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: false });
  const recorded = await recordSubmit(gateway);
  const pairs: { floor: number; guichet: number; p50: number; p99: number }[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const floor = await floorRate(databaseUrl, recorded);
    pairs.push({ floor, ...(await submitRate(gateway)) });
  }
  await gateway.close();
  const working = await startGateway(databaseUrl, { worker: true });
  const running = await submitRate(working);
  await working.close();
  const ratios = pairs.map(({ guichet, floor }) => guichet / floor).sort((a, b) => a - b);
  const middle = pairs.toSorted((a, b) => a.guichet / a.floor - b.guichet / b.floor)[Math.floor(ROUNDS / 2)] ?? {
    floor: 0,
    guichet: 0,
    p50: 0,
    p99: 0,
  };
  const ratio = ratios[Math.floor(ROUNDS / 2)] ?? 0;
  return [
    {
      name: `submit, ${CONNECTIONS} connections`,
      figures: {
        'floor/s': round(middle.floor, 0),
        'guichet/s': round(middle.guichet, 0),
        ratio: round(ratio),
        'p50 ms': middle.p50,
        'p99 ms': middle.p99,
        statements: recorded.length,
      },
      bound: 'ratio at least 0.4',
      holds: ratio >= 0.4,
    },
    {
      name: 'submit while the same process also runs them',
      figures: { 'guichet/s': round(running.guichet, 0), 'p50 ms': running.p50, 'p99 ms': running.p99 },
      bound: 'none',
      holds: true,
    },
  ];
}

const SUBMISSION = JSON.stringify({
  action: 'noop.change',
  environment: 'staging',
  input: { target: 'thing' },
  reason: 'because it is measured',
});

/** What one submission sends to PostgreSQL; the wake-up of other replicas is not part of its answer. */
async function recordSubmit(gateway: BenchGateway): Promise<Recorded[]> {
  const submit = async (): Promise<void> => {
    const headers = { authorization: `Bearer ${gateway.requester}`, 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}/v1/requests`, { method: 'POST', headers, body: SUBMISSION });
    if (response.status !== 201) throw new Error(`submit answered ${response.status}: ${await response.text()}`);
    await response.text();
  };
  await submit(); // the first one also notes when the token was last used
  const recorded = await gateway.record(submit);
  return recorded.filter(({ name }) => name !== 'bus-notify');
}

async function submitRate(gateway: { url: string; requester: string }): Promise<{ guichet: number; p50: number; p99: number }> {
  const result = await autocannon({
    url: `${gateway.url}/v1/requests`,
    method: 'POST',
    connections: CONNECTIONS,
    duration: SECONDS,
    headers: { authorization: `Bearer ${gateway.requester}`, 'content-type': 'application/json' },
    body: SUBMISSION,
  });
  if (result.non2xx > 0 || result.errors > 0)
    throw new Error(`submit: ${result.non2xx} answers were not 2xx, ${result.errors} errors`);
  return { guichet: result['2xx'] / result.duration, p50: result.latency.p50, p99: result.latency.p99 };
}

/** The recorded statements, as prepared statements, one submission after the other on each connection. */
async function floorRate(databaseUrl: string, recorded: readonly Recorded[]): Promise<number> {
  const clients = await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
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
        for (const { name, text, values } of recorded)
          await (name === undefined ? client.query(text) : client.query({ name, text, values: [...values] }));
        done += 1;
      }
      await client.end();
    }),
  );
  return done / SECONDS;
}
