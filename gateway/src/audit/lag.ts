import { type Queryable, statement } from '../db/index.ts';
import type { Reading } from '../telemetry/index.ts';

/** Counting ends here. */
const MOST = 10_000;

const UNSEALED = statement(
  'metrics-audit-unsealed',
  `select coalesce((select size from audit_heads order by number desc limit 1), 0)::float8 as size, count(*)::int as count,
     coalesce(extract(epoch from clock_timestamp() - min(at)), 0)::float8 as age
   from (select at from audit_events
     where xid < pg_snapshot_xmax(pg_current_snapshot())
       and xid >= coalesce((select settled_to from audit_heads order by number desc limit 1), '0'::xid8)
       and id > coalesce((select above_id from audit_heads order by number desc limit 1), 0)
     order by xid limit ${MOST}) unsealed`,
);

export interface SealLag {
  /** Events that the last head covers. */
  readonly sealed: number;
  /** Events that no head covers yet; counted to 10,000. */
  readonly unsealed: number;
  /** Age of the oldest of them. */
  readonly seconds: number;
}

/** How much of the audit log is sealed, and how late the sealer is. */
export async function sealLagOf(db: Queryable): Promise<SealLag> {
  const [found] = await db.query<{ size: number; count: number; age: number }>(UNSEALED);
  return { sealed: found?.size ?? 0, unsealed: found?.count ?? 0, seconds: Math.max(0, found?.age ?? 0) };
}

/** The same as metrics. */
export function sealLag(db: Queryable): Reading {
  return async () => {
    const { sealed, unsealed, seconds } = await sealLagOf(db);
    return [
      { name: 'guichet_audit_sealed_events', value: sealed },
      { name: 'guichet_audit_unsealed_events', value: unsealed },
      { name: 'guichet_audit_seal_lag_seconds', value: seconds },
    ];
  };
}
