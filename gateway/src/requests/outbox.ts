import type { Transaction } from '../db/index.ts';
import type { Told } from './life.ts';
import type { NewRequest } from './row.ts';

/** What a request asks of the world outside, put down in the transaction of the change and done after its commit. */
export interface Outbox {
  /** Tells those who subscribed to these events. */
  enqueue(
    tx: Transaction,
    news: {
      request: Pick<NewRequest, 'action' | 'environment' | 'summary' | 'reason' | 'requesterId' | 'requesterName'> & {
        readonly number: string;
      };
      told: readonly Told[];
    },
  ): Promise<void>;
  /** Rings for the expiry of a request at or after the time. */
  expireLater(tx: Transaction, timer: { number: string; at: Date }): Promise<void>;
  /** Rings for the review of a request at or after the time. */
  remindLater(tx: Transaction, timer: { number: string; at: Date }): Promise<void>;
}
