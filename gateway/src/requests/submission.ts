import type { ProviderCalls } from '../catalog/index.ts';
import type { Bus, Database, Transaction } from '../db/index.ts';
import type { Limits } from '../limits/index.ts';
import type { Sealer } from '../sealing/index.ts';
import type { Kept } from './holder.ts';
import type { Outbox } from './outbox.ts';
import type { RequestRow } from './row.ts';
import type { World } from './standing.ts';

/** How long a request waits, in milliseconds: for its approvals, and, from then on, for its start. */
export interface Windows {
  readonly approvalMs: number;
  readonly startMs: number;
}

export interface RequestsOptions extends World {
  readonly db: Database;
  readonly bus: Bus;
  readonly calls: ProviderCalls;
  readonly outbox: Outbox;
  readonly sealer: Sealer;
  readonly limits: Limits;
  readonly windows: Windows;
}

export interface WriteCall {
  readonly action: string;
  readonly environment: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly lastsSeconds?: number | undefined;
}

export interface SubmitCall extends WriteCall {
  readonly reason?: string | undefined;
  /** Fingerprint of the plan that the requester was shown. */
  readonly fingerprint?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  /** Who made the token that it is filed with, or whom it is filed on behalf of: no second person for it. */
  readonly tokenMakerId?: string | undefined;
  /** For a while: so long after its success it is undone. */
  readonly lastsSeconds?: number | undefined;
  /** The call does not say for how long: `lastsSeconds` is what its action has for such. */
  readonly lastsByDefault?: boolean | undefined;
  /** Not before this time. */
  readonly startAt?: string | undefined;
  /** Number of the request that it undoes. */
  readonly undoOf?: string | undefined;
  /** The same, when this undo was approved with it: its approvals count. */
  readonly approvedWith?: RequestRow | undefined;
  /** Nobody files it: the time of what it undoes is over. */
  readonly byClock?: boolean | undefined;
  /** Persons behind it, beside its requester. */
  readonly behind?: readonly string[] | undefined;
  /** Done in the transaction that files it; what it throws files nothing. */
  readonly within?: ((tx: Transaction, number: string) => Promise<void>) | undefined;
  /** Number of the request whose end it puts off, by `lastsSeconds`. */
  readonly extensionOf?: string | undefined;
  /** The same, and whoever has what is kept on. */
  readonly keeps?: Kept | undefined;
}
