import type { Choice, OutputInput } from '@guichet/contract';
import type { Caller, ObservationInput, RunContext } from '@guichet/sdk';
import type { z } from 'zod';
import type { Instance } from '../estate.ts';

/** A replica that somebody wants. */
export interface WantedReplica {
  readonly source: Instance;
  /** `SOURCE-SUFFIX`; no instance that the estate knows has it. */
  readonly name: string;
  readonly environment: string;
  /** Class of the machine (`db.r5.2xlarge`); undefined where none was asked for. */
  readonly instanceType: string | undefined;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

export interface UnwantedReplica {
  readonly replica: Instance;
  readonly environment: string;
  readonly caller: Caller;
  readonly signal: AbortSignal;
}

/** What a maker says of a plan; the action adds summary and resource. */
export interface ReplicaPlan {
  readonly effects: readonly string[];
  readonly warnings: readonly string[];
  /** What run and observe need, as plain JSON. It is frozen with the request, so an id that is made here marks this request. */
  readonly seen: Readonly<Record<string, unknown>>;
  /** What must be the same when it runs, as plain JSON: the approval holds as long as this does. Not ids, ages and loads. */
  readonly rests: Readonly<Record<string, unknown>>;
  /** Of a deletion: what makes the same replica again, for its undo. Absent where create-read-replica would not make the same. */
  readonly again?: CreateAgain | undefined;
}

/** Input of create-read-replica. */
export interface CreateAgain {
  readonly sourceInstance: string;
  readonly replicaSuffix: string;
  readonly instanceType?: string | undefined;
}

/** The run of a plan. `seen` is the maker's own, as its plan gave it; each maker checks its shape. */
export interface ReplicaWork
  extends Pick<
    RunContext<z.ZodObject, unknown>,
    'seen' | 'runId' | 'request' | 'environment' | 'caller' | 'log' | 'progress' | 'signal'
  > {}

/** A question about a run whose end nobody saw. */
export interface LostWork extends Pick<ReplicaWork, 'seen' | 'runId' | 'environment' | 'signal'> {}

/** What a run has done, in words and facts. */
export type ReplicaReceipt = Extract<OutputInput, { kind: 'record' }>;

/**
 * One way of making replicas: `plain` on machines of our own, `rds` by AWS. Which one it is, the instance says
 * (`settings.kind`).
 *
 * Every method rejects with an InstanceError when somebody who must be asked cannot be, and with a refusal (`refuse`) for what
 * must not happen. A run may also throw PermanentFailure and RetryableFailure; the latter only when nothing was begun, or
 * when a run of the same `seen` goes on with what was begun.
 *
 * A run may come twice with the same `seen` (after a retryable failure, or a crash): it goes on with what the first has made,
 * and never takes what another request has made. What is made is in the inventory when the run ends, and gone from it when
 * it was deleted (`Estate.refresh`).
 */
export interface ReplicaMaker {
  /** Changes nothing, and refuses all that can be known to fail. Answers within 10 s. */
  planCreate(wanted: WantedReplica): Promise<ReplicaPlan>;
  create(work: ReplicaWork): Promise<ReplicaReceipt>;
  /** `not_started` only when nothing is there, and nothing can come any more. Answers within 10 s. */
  observeCreate(lost: LostWork): Promise<ObservationInput>;
  /** Refuses what is no replica, and what this maker cannot delete. */
  planDelete(unwanted: UnwantedReplica): Promise<ReplicaPlan>;
  delete(work: ReplicaWork): Promise<ReplicaReceipt>;
  observeDelete(lost: LostWork): Promise<ObservationInput>;
  /** The machine classes that a replica of this instance may have; absent where there are none to choose from. */
  instanceTypes?(source: Instance, question: { readonly query: string; readonly signal: AbortSignal }): Promise<Choice[]>;
  /** Whether `delete` would take it: what is offered while somebody types. Does not ask anybody. */
  isReplica(instance: Instance): boolean;
}

/** The ways that this provider has; one that is absent is refused in words. */
export type ReplicaMakers = { readonly [Kind in Instance['settings']['kind']]?: ReplicaMaker };
