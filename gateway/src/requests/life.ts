import type {
  Actor,
  Approval,
  Failure,
  Gate,
  Observation,
  Output,
  Plan,
  RequestEventType,
  RequestState,
  Resolution,
  Review,
  Undo,
} from '@guichet/contract';

/**
 * What can happen to a request. Events carry lengths of time in ms, never times: the transition adds them to the clock of
 * the database, the only one that all replicas share.
 */
export type LifeEvent =
  | {
      readonly type: 'approve';
      readonly approval: Approval;
      /** What the approver has approved. */
      readonly digest: string;
      readonly gates: readonly Gate[];
      readonly lifted: boolean;
      readonly startWindowMs: number;
    }
  | {
      /** Approvals of the identical request, given a while ago, count again. */
      readonly type: 'reuse';
      readonly approvals: readonly Approval[];
      readonly digest: string;
      readonly lifted: boolean;
      readonly startWindowMs: number;
    }
  | {
      readonly type: 'break_glass';
      readonly by: Actor;
      /** The human behind the account. */
      readonly person: string;
      readonly incident: string;
      readonly reason: string;
      /** Those that were not lifted. */
      readonly passed: readonly Gate[];
      /** Who could have approved it, and is told. */
      readonly approvers: readonly Actor[];
      readonly startWindowMs: number;
    }
  | { readonly type: 'reject'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'withdraw'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'expire' }
  | { readonly type: 'void'; readonly failure: Failure; readonly drift?: Plan }
  | { readonly type: 'request_cancel'; readonly by: Actor; readonly comment: string }
  | { readonly type: 'claim'; readonly runId: string; readonly worker: string; readonly leaseMs: number }
  | { readonly type: 'dispatch'; readonly timeoutMs: number }
  | {
      readonly type: 'requeue';
      readonly failure: Failure;
      readonly delayMs: number;
      readonly startWindowMs: number;
      /** The call is known not to have reached the provider's handler. */
      readonly unsent: boolean;
    }
  | { readonly type: 'succeed'; readonly output: Output; readonly undo?: Undo | null }
  | { readonly type: 'fail'; readonly failure: Failure }
  | { readonly type: 'confirm_cancel' }
  | { readonly type: 'lose'; readonly message: string; readonly startWindowMs: number }
  | {
      readonly type: 'settle';
      readonly observation: Observation;
      /** How it can be undone, when it was observed to have succeeded. */
      readonly undo?: Undo | null;
      /** For so long after the dispatch the lost call may still arrive. */
      readonly grantMs: number;
      readonly startWindowMs: number;
      /** When to ask again. */
      readonly againMs: number;
    }
  | {
      /** A person says what became of it, for the provider cannot. */
      readonly type: 'resolve';
      readonly by: Actor;
      readonly outcome: Resolution;
      readonly reason: string;
      /** What the provider said when it was asked just before. */
      readonly provider: ProviderSaid;
      readonly grantMs: number;
    };

/** `unreachable`: it did not answer. `unobservable`: its action has no way to ask. */
export type ProviderSaid = Observation['status'] | 'unreachable' | 'unobservable';

export type LifeEventType = LifeEvent['type'];

/** What the function needs to know of a request. */
export interface Life {
  readonly state: RequestState;
  readonly expiresAt: Date | null;
  readonly runAfter: Date;
  readonly cancelRequestedAt: Date | null;
  readonly dispatchedAt: Date | null;
  readonly idempotent: boolean;
  readonly observable: boolean;
  readonly attempt: number;
  /** What an earlier try may still have done; null when nothing. */
  readonly doubt: Doubt | null;
  /** It was asked for so long after its success, in seconds; null when it is for good. */
  readonly lastsSeconds: number | null;
  /** Number of the request whose end it puts off. */
  readonly extensionOf: string | null;
  /** Number of a request on the same resource whose outcome is unknown; null when there is none, and outside the queue. */
  readonly waitsFor: string | null;
}

/**
 * What is not known of an earlier try. `arriving`: it has not begun, but until the time of the next try its call may still
 * arrive. `unseen`: it was sent, and nobody saw how it ended. `restored`: the database was restored to a time at which it
 * was under way, and it may have been tried again, or undone, since.
 */
export type Doubt = 'arriving' | 'unseen' | 'restored';

/** How the undo of what was asked for a while stands: temporary.ts. */
export type UndoState = 'scheduled' | 'held' | 'undone';

/** Columns that a transition changes; an absent one stays. */
export interface Changes {
  readonly state: RequestState;
  readonly gates?: readonly Gate[];
  readonly expiresAt?: Date | null;
  readonly decidedBy?: Actor;
  readonly comment?: string;
  readonly cancelRequestedAt?: Date;
  readonly runId?: string;
  readonly attempt?: number;
  readonly doubt?: Doubt | null;
  readonly runAfter?: Date;
  readonly worker?: string;
  readonly leaseUntil?: Date | null;
  readonly startedAt?: Date;
  readonly dispatchedAt?: Date | null;
  readonly deadlineAt?: Date | null;
  readonly finishedAt?: Date | null;
  readonly observeAt?: Date | null;
  readonly drift?: Plan;
  readonly output?: Output;
  readonly failure?: Failure;
  /** Erases the secrets of the input: no request ends with them. */
  readonly sealed?: null;
  readonly review?: Review;
  readonly undo?: Undo | null;
  readonly undoState?: UndoState;
  readonly undoAt?: Date;
  readonly undoTryAt?: Date | null;
  readonly undoTries?: number;
  readonly undoMessage?: string | null;
  readonly reviewRemindedAt?: Date;
}

export interface Told {
  readonly type: RequestEventType;
  /** Absent: the gateway itself. */
  readonly actor?: Actor;
  readonly data: Readonly<Record<string, unknown>>;
}

export type Transition =
  | { readonly ok: true; readonly changes: Changes; readonly told: readonly Told[] }
  /** `state`: the event does not belong in this state. `early`: it does, but not yet; `late`: no more; `held`: by its resource. */
  | {
      readonly ok: false;
      readonly reason: 'state' | 'early' | 'late' | 'held' | 'dispatched' | 'not_dispatched' | 'not_cancelled';
    };
