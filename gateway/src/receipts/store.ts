import type { Receipt } from '@guichet/contract';
import { type Queryable, statement, type Transaction } from '../db/index.ts';

/** What came of a grant that was issued for a run. `refused`: the provider did not enter its handler; `unsent`: it was not called. */
export type GrantOutcome = 'succeeded' | 'failed' | 'cancelled' | 'refused' | 'unsent' | 'not_started' | 'unknown';

export interface NewRunGrant {
  readonly grantId: string;
  readonly runId: string;
  /** Number of the request. */
  readonly request: string;
  readonly provider: string;
  readonly issuedAt: Date;
}

/** A receipt that was looked at, for the grant of a run. */
export interface JudgedReceipt extends Omit<Receipt, 'recordedAt'> {
  readonly grantId: string;
  readonly runId: string;
}

const INSERT = statement(
  'run-grant-insert',
  `insert into run_grants (grant_id, run_id, request, provider, issued_at) values ($1, $2, $3, $4, $5)`,
);
const OUTCOME = statement('run-grant-outcome', 'update run_grants set outcome = $2 where run_id = $1');
const GRANT_OF_RUN = statement(
  'run-grant-of-run',
  `select grant_id as "grantId", issued_at as "issuedAt" from run_grants where run_id = $1`,
);
const RECEIPT = statement(
  'receipt-insert',
  `insert into receipts (grant_id, run_id, verdict, reason, kid, status, result, finished_at, token)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (grant_id) do nothing`,
);
const OF_RUN = statement(
  'receipt-of-run',
  `select verdict, reason, kid, status, result, finished_at as "finishedAt", token, recorded_at as "recordedAt" from receipts where run_id = $1`,
);

/** In the transaction of the dispatch: no grant leaves that is not here. */
export async function insertRunGrant(
  tx: Transaction,
  { grantId, runId, request, provider, issuedAt }: NewRunGrant,
): Promise<void> {
  await tx.query(INSERT, [grantId, runId, request, provider, issuedAt]);
}

export async function writeOutcome(tx: Transaction, runId: string, outcome: GrantOutcome): Promise<void> {
  await tx.query(OUTCOME, [runId, outcome]);
}

export async function grantOfRun(db: Queryable, runId: string): Promise<{ grantId: string; issuedAt: Date } | undefined> {
  return (await db.query<{ grantId: string; issuedAt: Date }>(GRANT_OF_RUN, [runId]))[0];
}

/** In the transaction of the end that it belongs to. The first one stays. */
export async function insertReceipt(tx: Transaction, receipt: JudgedReceipt): Promise<void> {
  const { grantId, runId, verdict, reason, kid, status, result, finishedAt, token } = receipt;
  await tx.query(RECEIPT, [grantId, runId, verdict, reason, kid, status, result, finishedAt, token]);
}

/** The receipt of a run; null when its provider signs none, and before its end. */
export async function receiptOfRun(db: Queryable, runId: string): Promise<Receipt | null> {
  type Row = Omit<Receipt, 'finishedAt' | 'recordedAt'> & { readonly finishedAt: Date | null; readonly recordedAt: Date };
  const [row] = await db.query<Row>(OF_RUN, [runId]);
  if (row === undefined) return null;
  return { ...row, finishedAt: row.finishedAt?.toISOString() ?? null, recordedAt: row.recordedAt.toISOString() };
}
