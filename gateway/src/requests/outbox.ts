import type { ScheduleEventType } from '@guichet/contract';
import type { Transaction } from '../db/index.ts';
import type { Told } from './life.ts';
import type { NewRequest } from './row.ts';

/** What became of a request, or of a schedule. `data.concerns` of an event are ids and groups: they are told by name. */
export type News = AboutRequest | AboutSchedule;

interface AboutRequest {
  readonly request: Pick<NewRequest, 'action' | 'environment' | 'summary' | 'reason' | 'requesterId' | 'requesterName'> & {
    readonly number: string;
  };
  readonly told: readonly Told[];
}

interface AboutSchedule {
  readonly schedule: {
    readonly name: string;
    readonly action: string;
    readonly environment: string;
    readonly reason: string;
    readonly ownerId: string;
    readonly ownerName: string;
  };
  readonly told: readonly (Omit<Told, 'type'> & { readonly type: ScheduleEventType })[];
}

/** What is asked of the world outside, put down in the transaction of the change and done after its commit. */
export interface Outbox {
  /** Tells those who subscribed to these events. */
  enqueue(tx: Transaction, news: News): Promise<void>;
  /** Rings for the expiry of a request at or after the time. */
  expireLater(tx: Transaction, timer: { number: string; at: Date }): Promise<void>;
  /** Rings for the review of a request at or after the time. */
  remindLater(tx: Transaction, timer: { number: string; at: Date }): Promise<void>;
}
