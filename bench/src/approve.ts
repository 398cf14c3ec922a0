import { once } from 'node:events';
import { startGateway } from './gateway.ts';
import { median, nowMs, quantile, type Result, round } from './statistics.ts';

const TIMES = 200;

/** From the moment at which the approver sends the approval to the moment at which the provider's handler is entered. */
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
    if (index >= 20) times.push(at - start);
  }
  await gateway.close();
  const [p50, p99] = [median(times), quantile(times, 0.99)];
  return [
    {
      name: `approve to provider handler entered, ${TIMES} times`,
      figures: { 'p50 ms': round(p50), 'p99 ms': round(p99), 'max ms': round(Math.max(...times)) },
      bound: 'p50 at most 10 ms, p99 at most 50 ms',
      holds: p50 <= 10 && p99 <= 50,
    },
  ];
}
