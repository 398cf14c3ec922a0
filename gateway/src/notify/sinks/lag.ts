import { type Queryable, statement } from '../../db/index.ts';
import type { Reading, Sample } from '../../telemetry/index.ts';

const LAG = statement(
  'metrics-audit-sinks',
  `select substr(c.name, 6) as sink, c.failing_since is not null as failing,
     coalesce(extract(epoch from clock_timestamp() - oldest.at), 0)::float8 as age
   from audit_cursors c left join lateral (
     select at from (
       (select at from audit_events where c.catch_up_to is null and (xid, id) > (c.xid, c.id) and id > c.floor order by xid, id limit 1)
       union all
       (select at from audit_events where c.catch_up_to is not null and id > c.floor order by id limit 1)) next) oldest on true
   where c.name = any ($1::text[])`,
);

/** How far each sink is behind the log, and whether the last try failed. */
export function sinkLag(db: Queryable, sinks: readonly { readonly name: string }[]): Reading {
  const names = sinks.map(({ name }) => `sink:${name}`);
  return async () => {
    if (names.length === 0) return [];
    const rows = await db.query<{ sink: string; failing: boolean; age: number }>(LAG, [names]);
    return rows.flatMap(({ sink, failing, age }): Sample[] => [
      { name: 'guichet_audit_sink_failing', labels: { sink }, value: failing ? 1 : 0 },
      { name: 'guichet_audit_sink_lag_seconds', labels: { sink }, value: Math.max(0, age) },
    ]);
  };
}
