import { digestOf } from '@guichet/contract/digest';
import { digestOfWhatCame } from '../catalog/index.ts';
import type { Queryable } from '../db/index.ts';
import { type EndHeard, type GrantOutcome, type JudgedReceipt, judgeReceipt } from '../receipts/index.ts';
import { type LifeEvent, type RequestRow, requestName, type Told } from '../requests/index.ts';

/** The receipt of a run's end; undefined when nobody said how it ended, or its provider signs none. */
export async function judgeEnd(db: Queryable, row: RequestRow, end: EndHeard | undefined): Promise<JudgedReceipt | undefined> {
  if (end === undefined || row.runId === null) return undefined;
  const [provider = '', ...name] = row.action.split('.');
  const subject = {
    provider,
    runId: row.runId,
    request: requestName(row),
    action: name.join('.'),
    environment: row.environment,
    input: digestOf(row.input),
  };
  const masked = end.said.digest !== digestOfWhatCame(end.shown);
  return judgeReceipt(db, { subject, said: end.said, declared: end.declared, masked });
}

/** Failures that the handler of the provider has told, as opposed to those with which it was not entered. */
const HANDLERS = new Set(['run.failed', 'run.deadline_exceeded']);

/** What an event says of the grant of a run that was dispatched; undefined when it says nothing of its end. */
export function outcomeOf(row: RequestRow, event: LifeEvent, heard: boolean): GrantOutcome | undefined {
  if (row.dispatchedAt === null) return undefined;
  switch (event.type) {
    case 'succeed':
      return 'succeeded';
    case 'fail':
      return HANDLERS.has(event.failure.code) ? 'failed' : 'refused';
    case 'confirm_cancel':
      return heard ? 'cancelled' : 'unsent';
    case 'requeue':
      if (event.unsent) return 'unsent';
      return heard ? 'failed' : 'unknown';
    case 'lose':
      return 'unknown';
    case 'settle': {
      const { observation } = event;
      if (observation.status === 'failed') return observation.failure.kind === 'cancelled' ? 'cancelled' : 'failed';
      return observation.status === 'running' ? undefined : observation.status;
    }
    default:
      return undefined;
  }
}

/** What is told of a receipt that is not as it should be. */
export function toldOfReceipt(receipt: JudgedReceipt | undefined): Told[] {
  if (receipt === undefined || receipt.verdict === 'verified') return [];
  const { runId: run, grantId: grant, reason, kid, verdict } = receipt;
  const type = verdict === 'missing' ? 'request.receipt_missing' : 'request.receipt_refused';
  return [{ type, data: { run, grant, message: reason, ...(kid !== null && { kid }) } }];
}
