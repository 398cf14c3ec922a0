import type { RequestState } from '@guichet/contract';
import { type Queryable, statement } from '../db/index.ts';
import type { GrantOutcome } from './store.ts';

/** A grant that was issued for a run, with what the gateway knows of it. */
export interface IssuedGrant {
  readonly grantId: string;
  readonly runId: string;
  readonly request: string;
  readonly provider: string;
  readonly issuedAt: Date;
  readonly outcome: GrantOutcome | null;
  readonly state: RequestState;
  /** The last run of the request. */
  readonly lastRun: string | null;
  readonly verdict: 'verified' | 'missing' | 'refused' | null;
  readonly reason: string | null;
  readonly result: string | null;
}

const SELECT = `select g.grant_id as "grantId", g.run_id as "runId", g.request::text as request, g.provider, g.issued_at as "issuedAt",
    g.outcome, r.state, r.run_id::text as "lastRun", c.verdict, c.reason, c.result
  from run_grants g join requests r on r.number = g.request left join receipts c on c.grant_id = g.grant_id`;
const BY_ID = statement('reconcile-by-id', `${SELECT} where g.grant_id = any ($1::text[])`);
const ISSUED = statement(
  'reconcile-issued',
  `${SELECT} where g.provider = $1 and g.issued_at >= $2 and g.issued_at < $3 order by g.issued_at, g.grant_id`,
);
const NEXT = statement('reconcile-next', 'select min(issued_at) as at from run_grants where provider = $1 and issued_at >= $2');

export async function grantsById(db: Queryable, ids: readonly string[]): Promise<Map<string, IssuedGrant>> {
  const rows = await db.query<IssuedGrant>(BY_ID, [ids]);
  return new Map(rows.map((row) => [row.grantId, row]));
}

export const grantsIssued = (db: Queryable, provider: string, { from, to }: { from: Date; to: Date }): Promise<IssuedGrant[]> =>
  db.query<IssuedGrant>(ISSUED, [provider, from, to]);

/** When the next grant was issued, from a time on. */
export async function nextGrantAt(db: Queryable, provider: string, from: Date): Promise<Date | undefined> {
  return (await db.query<{ at: Date | null }>(NEXT, [provider, from]))[0]?.at ?? undefined;
}
