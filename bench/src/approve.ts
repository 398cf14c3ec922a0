import { once } from 'node:events';
import pg from 'pg';
import { startGateway } from './gateway.ts';
import { median, nowMs, quantile, type Result, round } from './statistics.ts';

const TIMES = 200;

/** The approval, the claim and the dispatch: each is durable before the next begins. */
const COMMITS = 3;

/**
 * From the moment at which the approver sends the approval to the moment at which the provider's handler is entered. The
 * floor, measured between them: as many transactions of one row each, one after the other on one connection.
 */
export async function benchApprove(databaseUrl: string): Promise<Result[]> {
  const gateway = await startGateway(databaseUrl, { worker: true });
  const send = async (token: string, path: string, body: unknown): Promise<{ id: string }> => {
    const response = await fetch(`${gateway.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${answer}`);
    return JSON.parse(answer);
  };
  const times: number[] = [];
  const floor: number[] = [];
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query('create table bench_approve (number int)');
  await client.query('insert into bench_approve values (0)');
  for (let index = 0; index < TIMES + 20; index++) {
    const target = `thing-${index}`;
    const { id } = await send(gateway.requester, '/v1/requests', {
      action: 'noop.change',
      environment: 'production',
      input: { target },
      reason: 'because it is measured',
    });
    const entered = once(gateway.entries, target);
    const start = nowMs();
    await send(gateway.approver, `/v1/requests/${id}/approve`, { comment: 'go' });
    const [at] = (await entered) as [number]; // what gateway-process sends
    const ended = nowMs();
    for (let commit = 0; commit < COMMITS; commit++) await client.query('update bench_approve set number = number + 1');
    if (index < 20) continue; // what comes first warms up
    times.push(at - start);
    floor.push(nowMs() - ended);
  }
  await client.end();
  await gateway.close();
  const [p50, p99] = [median(times), quantile(times, 0.99)];
  return [
    {
      name: `approve to provider handler entered, ${TIMES} times`,
      figures: {
        [`floor of ${COMMITS} commits p50 ms`]: round(median(floor)),
        'p50 ms': round(p50),
        'p99 ms': round(p99),
        'max ms': round(Math.max(...times)),
        ratio: round(p50 / median(floor)),
      },
      bound: 'p50 at most 10 ms, p99 at most 50 ms',
      holds: p50 <= 10 && p99 <= 50,
    },
  ];
}
