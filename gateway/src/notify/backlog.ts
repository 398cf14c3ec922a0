import { type Queryable, statement } from '../db/index.ts';
import type { Reading, Sample } from '../telemetry/index.ts';

/** Counting ends here, as for requests. */
const MOST = 10_000;

const DUE = statement(
  'metrics-outbox',
  `select q.name, due.count, due.age from unnest($1::text[]) as q (name), lateral (
     select count(*)::int as count, coalesce(extract(epoch from clock_timestamp() - min(start_after)), 0)::float8 as age
     from (select start_after from guichet_jobs.job j where j.name = q.name and j.state < 'active' and j.start_after <= clock_timestamp()
       order by start_after limit ${MOST}) waiting) as due`,
);

/** What the outbox has not done although it is due. */
export function outboxBacklog(db: Queryable, queues: readonly string[]): Reading {
  return async () => {
    const rows = await db.query<{ name: string; count: number; age: number }>(DUE, [queues]);
    return rows.flatMap(({ name: queue, count, age }): Sample[] => [
      { name: 'guichet_outbox_jobs', labels: { queue }, value: count },
      { name: 'guichet_outbox_oldest_age_seconds', labels: { queue }, value: Math.max(0, age) },
    ]);
  };
}
