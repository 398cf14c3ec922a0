import type { ActionKind, ApprovalMinimum, ApproverGroup, Gate, Operation, Principal, Resource, Risk } from '@guichet/contract';

export type DecidePrincipal = Pick<Principal, 'id' | 'kind' | 'person' | 'manager' | 'scope'> & {
  readonly name?: string | undefined;
  readonly email?: string | undefined;
  readonly teams: readonly string[];
  readonly onCall: readonly string[];
};

export interface DecideAction {
  readonly id: string;
  readonly kind: ActionKind;
  readonly risk: Risk;
  readonly approval?: ApprovalMinimum | undefined;
  /** The team that owns its provider. */
  readonly team?: string | undefined;
}

/** An approval as it counts now: with the groups that the approver belongs to now. */
export interface CountedApproval {
  readonly person: string;
  readonly groups: readonly ApproverGroup[];
  /**
   * Set for an approval that was given for an earlier, identical request: how old it was, in seconds, when this one was
   * filed. It counts for gates with a longer `reuseSeconds`, and for no other gate.
   */
  readonly reusedAfter?: number | undefined;
}

export interface Question {
  readonly operation: Operation;
  readonly principal: DecidePrincipal;
  readonly action?: DecideAction | undefined;
  /** `owner` is the team that owns the resource. */
  readonly resource?: (Resource & { readonly owner: string; readonly service?: string | undefined }) | undefined;
  readonly environment?: string | undefined;
  /** The input of the action; policies see its plain fields. */
  readonly input?: Readonly<Record<string, unknown>> | undefined;
  /** Of a write that is asked for a while: so long after its success it is undone. Absent: it is for good. */
  readonly lastsSeconds?: number | undefined;
  readonly context?: {
    /** Who filed the request that is spoken of. */
    readonly requesterId?: string | undefined;
    /** The persons behind it: the requester, whoever made its token, whoever it was filed on behalf of. */
    readonly behind?: readonly string[] | undefined;
    /** Gates that its plan set when it was filed: never fewer later. */
    readonly gates?: readonly Gate[] | undefined;
    /** Its glass was broken: its gates no longer hold it up. What is forbidden stays forbidden. */
    readonly brokenGlass?: boolean | undefined;
    /** Nobody filed it: the time of what it undoes was over. */
    readonly byClock?: boolean | undefined;
    /** Who owns the token or the schedule that is spoken of, and, of a machine's token, which team. */
    readonly tokenOwner?: { readonly principalId: string; readonly team?: string | undefined } | undefined;
  };
  readonly approvals?: readonly CountedApproval[] | undefined;
}
