import { once } from 'node:events';
import { type BenchGateway, startGateway } from './gateway.ts';
import { nowMs, quantile, type Result, round } from './statistics.ts';
import { startFanOut } from './watch/fan-out.ts';
import { Watchers } from './watch/watchers.ts';

const WATCHERS = 300;
const ROUNDS = 12;
const LINES = 20;
const BOUND_MS = 100;

/**
 * How long after it happened all watchers of a request have seen an event: an approval, from the moment at which the
 * approver sends it, and a line that a run says, from the moment at which the handler says it (batches of
 * lines are 50 ms apart). The floor sends a NOTIFY to a bare server that passes it on to as many streams.
 */
export async function benchWatch(databaseUrl: string): Promise<Result[]> {
  const runs = await startGateway(databaseUrl, { worker: true });
  const other = await startGateway(databaseUrl, { worker: false });
  const floor = await floorTimes(databaseUrl);
  const results: Result[] = [];
  for (const [where, watched] of [
    ['at the gateway that runs it', runs],
    ['at another gateway', other],
  ] as const) {
    const { approvals, lines } = await watch(runs, watched);
    for (const [what, times] of [
      ['an approval', approvals],
      ['a line of a run', lines],
    ] as const) {
      const p99 = quantile(times, 0.99);
      results.push({
        name: `${WATCHERS} watchers see ${what}, ${where}`,
        figures: {
          'floor p99 ms': round(quantile(floor, 0.99)),
          'p50 ms': round(quantile(times, 0.5)),
          'p99 ms': round(p99),
          'max ms': round(times.reduce((most, ms) => Math.max(most, ms), 0)),
          ratio: round(p99 / quantile(floor, 0.99)),
          sightings: times.length,
        },
        bound: `p99 at most ${BOUND_MS} ms`,
        holds: p99 <= BOUND_MS,
      });
    }
  }
  await other.close();
  await runs.close();
  return results;
}

/** Requests one after the other, each with all watchers: they wait for its approval, and then for what its run says. */
async function watch(runs: BenchGateway, watched: BenchGateway): Promise<{ approvals: number[]; lines: number[] }> {
  const approvals: number[] = [];
  const lines: number[] = [];
  for (let index = 0; index < ROUNDS; index++) {
    const target = `watched-${index}-of-${watched === runs ? 'one' : 'two'}`;
    const { id } = await send(runs, 'requester', '/v1/requests', {
      action: 'noop.talk',
      environment: 'production',
      input: { target, size: LINES },
      reason: 'because it is measured',
    });
    const watchers = await Watchers.open(
      Array.from({ length: WATCHERS }, (_, n) => ({
        url: `${watched.url}/v1/requests/${id}/events`,
        token: n % 2 === 0 ? watched.requester : watched.approver,
      })),
      'request.submitted',
    );
    const sent = nowMs();
    await send(runs, 'approver', `/v1/requests/${id}/approve`, { comment: 'go' });
    const seen = await watchers.ended();
    if (index < 2) continue; // what comes first warms up
    const events = seen.filter(({ type }) => type === 'request.approved');
    approvals.push(...events.map(({ at }) => at - sent));
    const said = seen.filter(({ type }) => type === 'run.log');
    lines.push(...said.map(({ at, data }) => at - Number((data as { data: { message: string } }).data.message))); // as noop.talk says it
    if (events.length !== WATCHERS || said.length !== WATCHERS * LINES)
      throw new Error(`${id}: ${events.length} sightings of the approval and ${said.length} of the lines`);
  }
  return { approvals, lines };
}

async function floorTimes(databaseUrl: string): Promise<number[]> {
  const fanOut = await startFanOut(databaseUrl);
  const watchers = await Watchers.open(
    Array.from({ length: WATCHERS }, () => ({ url: fanOut.url, token: 'none' })),
    'hello',
  );
  for (let index = 0; index < (ROUNDS - 2) * LINES; index++) {
    await fanOut.notify(String(nowMs()));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  fanOut.child.send('close');
  await once(fanOut.child, 'exit');
  return (await watchers.ended()).filter(({ type }) => type === 'news').map(({ at, data }) => at - Number(data));
}

async function send(
  gateway: BenchGateway,
  as: 'requester' | 'approver',
  path: string,
  body: unknown,
): Promise<{ readonly id: string }> {
  const response = await fetch(`${gateway.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway[as]}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const answer = await response.text();
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${answer}`);
  return JSON.parse(answer);
}
