import { type LedgerEntry, parseRequestId, type RequestState } from '@guichet/contract';
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
  /** Who settled its unknown outcome, when a person did. */
  readonly resolved: {
    readonly by: { readonly id: string; readonly name: string };
    readonly at: string;
    readonly comment: string;
  } | null;
}

const SELECT = `select g.grant_id as "grantId", g.run_id as "runId", g.request::text as request, g.provider, g.issued_at as "issuedAt",
    g.outcome, r.state, r.run_id::text as "lastRun", c.verdict, c.reason, c.result,
    case when g.outcome = 'unknown' and r.run_id::text = g.run_id::text then (select json_build_object('by', json_build_object('id', e.actor_id, 'name', e.actor_name),
        'at', to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'comment', e.data->>'comment')
      from request_events e where e.request = g.request and e.type = 'request.resolved' order by e.number desc limit 1) end as resolved
  from run_grants g join requests r on r.number = g.request left join receipts c on c.grant_id = g.grant_id`;
const BY_ID = statement('reconcile-by-id', `${SELECT} where g.grant_id = any ($1::text[])`);
const ISSUED = statement(
  'reconcile-issued',
  `${SELECT} where g.provider = $1 and g.issued_at >= $2 and g.issued_at < $3 order by g.issued_at, g.grant_id`,
);
const NEXT = statement('reconcile-next', 'select min(issued_at) as at from run_grants where provider = $1 and issued_at >= $2');

/** A gateway of before there was a record of grants names none in its event. */
const BEFORE_GRANTS = statement(
  'reconcile-before-grants',
  `select e.run from unnest($1::bigint[], $2::text[], $3::timestamptz[]) as e (request, run, at)
   where exists (select from audit_events a where a.request = e.request and a.type = 'request.started'
       and split_part(a.action, '.', 1) = $4 and a.data->>'run' = e.run)
     and exists (select from audit_events a where a.request = e.request and a.type = 'request.dispatched'
       and a.at between e.at - interval '3 minutes' and e.at + interval '3 minutes' and a.data->>'grant' is null)`,
);

/** Of runs in a ledger whose grants are not recorded: those that a gateway of before there was such a record dispatched. */
export async function runsBeforeGrants(db: Queryable, provider: string, entries: readonly LedgerEntry[]): Promise<Set<string>> {
  const named = entries.flatMap(({ request, run, startedAt }) => {
    const number = parseRequestId(request);
    return number === undefined ? [] : [{ number, run, startedAt }];
  });
  if (named.length === 0) return new Set();
  const columns = [named.map(({ number }) => number), named.map(({ run }) => run), named.map(({ startedAt }) => startedAt)];
  const rows = await db.query<{ run: string }>(BEFORE_GRANTS, [...columns, provider]);
  return new Set(rows.map(({ run }) => run));
}

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
