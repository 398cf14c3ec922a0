import { type BenchGateway, startGateway } from '../gateway.ts';
import { median, nowMs, quantile, type Result, round } from '../statistics.ts';
import { SCALE, startScaled, tell } from './scaled-server.ts';
import { holdSealing } from './without-sealing.ts';

/** One thing that is asked for: the query of the route, and who asks. */
export interface Asked {
  readonly name: string;
  readonly query: Readonly<Record<string, string>>;
  readonly as?: 'requester' | 'approver';
}

export interface PagesBench {
  readonly name: string;
  readonly path: string;
  /** A cursor half way through the list. */
  readonly deep: string;
  readonly asked: readonly Asked[];
  readonly boundMs: number;
}

const CALLS = 40;

/** Each thing asked for so many times, its first page and the page after a place half way through, over HTTP, one call at a time. */
export async function benchPages({ name, path, deep, asked, boundMs }: PagesBench): Promise<Result[]> {
  const server = await startScaled();
  try {
    const letGo = await holdSealing(server.url);
    const gateway = await startGateway(server.url, { worker: false });
    const floor: number[] = [];
    for (let call = 0; call < CALLS; call++) floor.push(await timed(gateway, '/v1/me', 'requester'));
    const all: number[] = [];
    let slowest = { name: '', p95: 0 };
    for (const { name: what, query, as = 'requester' } of asked) {
      for (const [page, cursor] of [
        ['first page', {}],
        ['deep', { cursor: deep }],
      ] as const) {
        const url = `${path}?${new URLSearchParams({ ...query, ...cursor })}`;
        await timed(gateway, url, as); // the first one reads what the others find in memory, as in a gateway that is used
        const times: number[] = [];
        for (let call = 0; call < CALLS; call++) times.push(await timed(gateway, url, as));
        all.push(...times);
        const p95 = quantile(times, 0.95);
        tell(
          `${what}, ${page}: p50 ${round(median(times), 1)} ms, p95 ${round(p95, 1)} ms, max ${round(Math.max(...times), 1)} ms`,
        );
        if (p95 > slowest.p95) slowest = { name: `${what}, ${page}`, p95 };
      }
    }
    await gateway.close();
    await letGo();
    return [
      {
        name: `${name}, ${asked.length * 2} queries, ${CALLS} calls each`,
        figures: {
          'floor (GET /v1/me) p50 ms': round(median(floor)),
          'p50 ms': round(median(all)),
          'p95 ms': round(quantile(all, 0.95)),
          'slowest query': slowest.name,
          'its p95 ms': round(slowest.p95),
          ratio: round(median(all) / median(floor)),
          requests: SCALE.requests,
          events: SCALE.events,
        },
        bound: `p95 of each query at most ${boundMs} ms`,
        holds: slowest.p95 <= boundMs,
      },
    ];
  } finally {
    await server.stop();
  }
}

async function timed(gateway: BenchGateway, path: string, as: 'requester' | 'approver'): Promise<number> {
  const start = nowMs();
  const response = await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${gateway[as]}` } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`${path} answered ${response.status}: ${text}`);
  return nowMs() - start;
}
