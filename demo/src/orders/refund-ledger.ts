import { z } from 'zod';
import { type Journal, openJournal } from './journal.ts';

const Refund = z.object({
  run: z.string(),
  request: z.string(),
  environment: z.string(),
  order: z.string(),
  amountCents: z.int().min(1),
  /** Refunded of the order in all, this refund included. */
  refundedCents: z.int().min(1),
  requestedBy: z.string(),
  approvedBy: z.array(z.string()),
  at: z.string(),
});
export type Refund = z.infer<typeof Refund>;

export interface RefundLedger extends Journal<Refund> {
  /** Refunded so far, in cents. */
  refunded(environment: string, order: string): number;
}

/** The refunds of a file, which is made when there is none. */
export async function openRefundLedger(path: string): Promise<RefundLedger> {
  const totals = new Map<string, number>();
  const journal = await openJournal({
    path,
    title: 'refund ledger',
    entry: Refund,
    remember: (refund) => totals.set(`${refund.environment}/${refund.order}`, refund.refundedCents),
  });
  return { ...journal, refunded: (environment, order) => totals.get(`${environment}/${order}`) ?? 0 };
}
