import { type Queryable, statement } from '../db/index.ts';
import type { Reading, Sample } from '../telemetry/index.ts';

/** Counting ends here: a gauge that says "very many" need not read a million rows for it. */
const MOST = 10_000;

/** Each part is answered by the partial index of its state, in its order; states that are final are not counted. */
const part = (state: string, since: string, order: string): string =>
  `select '${state}' as state, count(*)::int as count, coalesce(extract(epoch from clock_timestamp() - min(since)), 0)::float8 as age
   from (select ${since} as since from requests where state = '${state}' order by ${order} limit ${MOST}) open`;

const OPEN = statement(
  'metrics-open-requests',
  [
    part('awaiting_approval', 'created_at', 'number'),
    part('queued', 'case when run_after <= clock_timestamp() then greatest(run_after, updated_at) end', 'run_after, number'),
    part('running', 'started_at', 'lease_until'),
    part('unknown', 'started_at', 'observe_at'),
    `select 'review', count(*)::int, 0 from (select from requests where review ->> 'state' = 'open' limit ${MOST}) open`,
  ].join(' union all '),
);
/** How many requests wait for what, and since when. */
export function openRequests(db: Queryable): Reading {
  return async () => {
    const rows = await db.query<{ state: string; count: number; age: number }>(OPEN);
    return rows.flatMap(({ state, count, age }): Sample[] =>
      state === 'review'
        ? [{ name: 'guichet_reviews_open', value: count }]
        : [
            { name: 'guichet_requests', labels: { state }, value: count },
            { name: 'guichet_requests_oldest_age_seconds', labels: { state }, value: Math.max(0, age) },
          ],
    );
  };
}
