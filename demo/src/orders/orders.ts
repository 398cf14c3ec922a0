import { refuse } from '@guichet/sdk';

/** An order of the demo company's shop. Amounts are in cents of its currency. */
export interface Order {
  readonly id: string;
  readonly customer: string;
  /** ISO 8601, UTC. */
  readonly placedAt: string;
  readonly totalCents: number;
  readonly currency: 'EUR' | 'GBP';
}

/** The shop has sold these; what was refunded is in the ledger. */
export const ORDERS: readonly Order[] = [
  { id: 'A-1038', customer: 'Jonas Weber', placedAt: '2026-11-02T09:14:00Z', totalCents: 12_990, currency: 'EUR' },
  { id: 'A-1039', customer: 'Priya Raman', placedAt: '2026-11-02T18:40:00Z', totalCents: 2_450, currency: 'GBP' },
  { id: 'A-1040', customer: 'Lucie Marchand', placedAt: '2026-11-04T07:55:00Z', totalCents: 8_400, currency: 'EUR' },
  { id: 'A-1041', customer: 'Tom Okafor', placedAt: '2026-11-05T12:03:00Z', totalCents: 31_900, currency: 'GBP' },
  { id: 'A-1042', customer: 'Maya Lindqvist', placedAt: '2026-11-06T16:21:00Z', totalCents: 4_990, currency: 'EUR' },
  { id: 'A-1043', customer: 'Diego Santos', placedAt: '2026-11-09T10:30:00Z', totalCents: 1_250, currency: 'EUR' },
  { id: 'A-1044', customer: 'Hanna Novak', placedAt: '2026-11-11T20:17:00Z', totalCents: 67_500, currency: 'EUR' },
  { id: 'A-1045', customer: 'Owen Price', placedAt: '2026-11-13T08:49:00Z', totalCents: 3_300, currency: 'GBP' },
];

/** `12.50 EUR` */
export function money(cents: number, currency: string): string {
  return `${(cents / 100).toFixed(2)} ${currency}`;
}

export function findOrder(id: string): Order {
  return (
    ORDERS.find((order) => order.id === id) ?? refuse(`There is no order ${id}.`, { remedy: 'Look for it with orders list.' })
  );
}
