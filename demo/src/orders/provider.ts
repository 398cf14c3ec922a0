import { action, defineProvider, PermanentFailure, type Provider, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { type Holds, holdAction, releaseAction } from './holds.ts';
import { findOrder, money, ORDERS, type Order } from './orders.ts';
import type { Refund, RefundLedger } from './refund-ledger.ts';
import { reindexAction } from './reindex.ts';

const TEAM = 'payments';

/** What the orders service keeps. */
export interface OrdersData {
  readonly refunds: RefundLedger;
  readonly holds: Holds;
}

/** The actions that the orders service offers to the whole company. */
export function ordersProvider({ refunds, holds }: OrdersData): Provider {
  return defineProvider({
    name: 'orders',
    title: 'Orders',
    version: '0.1.0',
    team: TEAM,
    actions: [
      listAction({ refunds, holds }),
      refundAction(refunds),
      holdAction(holds, TEAM),
      releaseAction(holds, TEAM),
      reindexAction(TEAM),
    ],
  });
}

function listAction({ refunds, holds }: OrdersData) {
  return action('list', {
    title: 'List orders',
    description: 'The orders of the shop, what was refunded of each, and which are held.',
    kind: 'read',
    risk: 'safe',
    input: z.strictObject({
      customer: z.string().max(100).default('').describe('Only customers whose name contains this'),
    }),
    output: 'table',
    examples: [{ title: 'Find an order by its customer', input: { customer: 'maya' } }],
    run: ({ input, environment }) => ({
      kind: 'table',
      columns: [
        { key: 'order', title: 'Order', type: 'code' },
        { key: 'customer', title: 'Customer' },
        { key: 'placed', title: 'Placed', type: 'timestamp' },
        { key: 'total', title: 'Total' },
        { key: 'refunded', title: 'Refunded' },
        { key: 'state', title: 'State', type: 'state' },
      ],
      rows: ORDERS.filter((order) => order.customer.toLowerCase().includes(input.customer.toLowerCase())).map((order) => {
        const refunded = refunds.refunded(environment, order.id);
        const held = holds.held(environment, order.id);
        return {
          order: order.id,
          customer: order.customer,
          placed: order.placedAt,
          total: money(order.totalCents, order.currency),
          refunded: money(refunded, order.currency),
          state: held ? 'held' : refunded === 0 ? 'paid' : refunded < order.totalCents ? 'partly refunded' : 'refunded',
        };
      }),
      empty: 'No order has such a customer.',
    }),
  });
}

function refundAction(ledger: RefundLedger) {
  return action('refund', {
    title: 'Refund an order',
    description: 'Pays money of an order back to its customer. A refund cannot be taken back.',
    kind: 'write',
    risk: 'destructive',
    approval: { team: TEAM, count: 1 },
    input: z.strictObject({
      order: z
        .string()
        .regex(/^A-[0-9]{4}$/, 'must look like A-1042')
        .describe('Number of the order'),
      amount: z.int().min(1).max(100_000_000).describe('How much, in cents: 1250 is 12.50'),
    }),
    output: 'record',
    examples: [{ title: 'Refund 12.50 of an order', input: { order: 'A-1042', amount: 1250 } }],
    options: {
      order: ({ query, environment }) =>
        ORDERS.map((order) => ({ order, left: order.totalCents - ledger.refunded(environment, order.id) }))
          .filter(({ order, left }) => left > 0 && `${order.id} ${order.customer}`.toLowerCase().includes(query.toLowerCase()))
          .map(({ order, left }) => ({
            value: order.id,
            label: `${order.id} ${order.customer}`,
            detail: `${money(left, order.currency)} can be refunded`,
          })),
    },

    plan: ({ input, environment }) => {
      const order = findOrder(input.order);
      const refunded = ledger.refunded(environment, order.id);
      checkRefundable(order, refunded, input.amount);
      const left = order.totalCents - refunded - input.amount;
      return {
        summary: `Refund ${money(input.amount, order.currency)} of order ${order.id} to ${order.customer}`,
        effects: [`Of ${money(order.totalCents, order.currency)}, ${money(left, order.currency)} stays paid.`],
        warnings: refunded > 0 ? [`${money(refunded, order.currency)} of this order was refunded before.`] : [],
        resource: { type: 'orders.order', id: order.id, service: 'orders', owner: TEAM },
        // The fingerprint is the digest of this: another refund in between makes the approval void.
        seen: { order: order.id, total: order.totalCents, refunded },
      };
    },

    run: async ({ input, seen, environment, caller, approvers, request, runId, log }) => {
      const order = findOrder(input.order);
      const refund = await ledger.append(runId, () => {
        const refunded = ledger.refunded(environment, order.id);
        if (refunded !== seen.refunded) {
          throw new PermanentFailure(`Order ${order.id} was refunded by someone else in the meantime.`, {
            remedy: 'Look at the order, and ask again if a refund is still due.',
          });
        }
        return {
          run: runId,
          request,
          environment,
          order: order.id,
          amountCents: input.amount,
          refundedCents: refunded + input.amount,
          requestedBy: caller.id,
          approvedBy: approvers.map(({ id }) => id),
          at: new Date().toISOString(),
        };
      });
      log(`The refund of order ${order.id} is in the ledger.`);
      return receipt(order, refund);
    },

    observe: ({ input, runId }) => {
      const refund = ledger.ofRun(runId);
      if (refund) return { status: 'succeeded', output: receipt(findOrder(input.order), refund) };
      return ledger.pending(runId) ? { status: 'running' } : { status: 'not_started' };
    },
  });
}

function checkRefundable(order: Order, refunded: number, amount: number): void {
  const left = order.totalCents - refunded;
  if (left === 0) refuse(`Order ${order.id} is refunded in full.`, { remedy: 'There is nothing left to refund.' });
  if (amount > left) {
    refuse(`Order ${order.id} cannot be refunded by ${money(amount, order.currency)}.`, {
      remedy: `Refund at most ${money(left, order.currency)} (amount ${left}).`,
    });
  }
}

function receipt(order: Order, refund: Refund) {
  const { currency, customer, id } = order;
  return {
    kind: 'record' as const,
    summary: `Refunded ${money(refund.amountCents, currency)} of order ${id} to ${customer}.`,
    fields: [
      { key: 'order', title: 'Order', type: 'code' as const, value: id },
      { key: 'amount', title: 'Amount', value: money(refund.amountCents, currency) },
      { key: 'refunded', title: 'Refunded in all', value: money(refund.refundedCents, currency) },
      { key: 'left', title: 'Still paid', value: money(order.totalCents - refund.refundedCents, currency) },
      { key: 'at', title: 'At', type: 'timestamp' as const, value: refund.at },
    ],
  };
}
