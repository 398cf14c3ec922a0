import {
  type Decision,
  GuichetError,
  type RequestCommand,
  type RequestState,
  type Resolution,
  type ReviewVerdict,
} from '@guichet/contract';
import { deniedAndRecorded } from '../policy/index.ts';
import type { Transition } from './life.ts';
import type { Observed } from './observe.ts';
import type { RequestRow } from './row.ts';
import { requestName } from './store.ts';

export interface Verdict {
  readonly comment: string;
  /** approve: the digest of what the approver looked at. */
  readonly digest?: string | undefined;
}

export interface Emergency {
  /** Id of the incident. */
  readonly incident: string;
  readonly reason: string;
  readonly digest?: string | undefined;
}

export interface ReviewAnswer {
  readonly comment: string;
  readonly verdict: ReviewVerdict;
}

export interface ResolutionAnswer {
  readonly outcome: Resolution;
  readonly reason: string;
  /** Although the provider says that it still runs. */
  readonly force: boolean;
}

/** What the provider said of a run, asked just before. */
export interface AskedProvider {
  readonly runId: string | null;
  readonly observed: Observed;
}

/** What somebody wants of a request that is there. */
export type Command =
  | ({ readonly type: 'approve' } & Verdict)
  | ({ readonly type: 'reject' } & Verdict)
  | ({ readonly type: 'withdraw' } & Verdict)
  | ({ readonly type: 'cancel' } & Verdict)
  | ({ readonly type: 'break_glass' } & Emergency)
  | ({ readonly type: 'review' } & ReviewAnswer)
  | ({ readonly type: 'resolve'; readonly asked: AskedProvider | undefined } & ResolutionAnswer);

export type CommandOf<Type extends Command['type']> = Extract<Command, { type: Type }>;

/** What a command leads to. What refuses may change the request all the same. */
export type Outcome = { readonly next: Transition } | { readonly refusal: GuichetError; readonly next?: Transition };

const JUDGING: ReadonlySet<RequestCommand> = new Set(['approve', 'reject', 'review']);
/** Reasons for which somebody is no approver; with any other a rule forbids it to them. */
const NO_APPROVER: ReadonlySet<string> = new Set(['default', 'people-approve', 'approver-is-of-the-team']);

/** What is said to who may not. */
export function denialError(decision: Exclude<Decision, { effect: 'permit' }>, command: RequestCommand): GuichetError {
  const reason = decision.effect === 'deny' && JUDGING.has(command) ? decision.reasons[0] : undefined;
  if (reason?.policy === 'no-self-approval') {
    const review = command === 'review';
    return new GuichetError(
      'approval.own_request',
      review ? 'Whoever broke the glass or stands behind the request does not review it.' : reason.message,
      {
        remedy: review ? 'Somebody else of its approvers reviews it.' : 'Ask somebody else of its approvers.',
        details: { decision },
      },
    );
  }
  if (reason !== undefined && NO_APPROVER.has(reason.policy))
    return new GuichetError('approval.not_approver', reason.message, { details: { decision } });
  return deniedAndRecorded(decision);
}

export function voided(row: RequestRow, message: string): GuichetError {
  return new GuichetError('request.state_conflict', `${requestName(row)} is void: ${message}`, {
    remedy: 'Ask the requester to file it again.',
  });
}

/** What was looked at is not what is there. */
export function digestMismatch(row: RequestRow): GuichetError {
  return new GuichetError('approval.digest_mismatch', `${requestName(row)} is not what you looked at.`, {
    remedy: 'Look at it again, then decide.',
  });
}

/** Undefined when an emergency may pass the gates of it; what is asked for later can be approved until then. */
export function glassRefusal(
  row: Pick<RequestRow, 'number' | 'state' | 'review' | 'startAt' | 'readAt'>,
): GuichetError | undefined {
  if (row.state !== 'awaiting_approval') return stateConflict(row, 'break_glass');
  if (row.startAt === null || row.startAt <= row.readAt) return undefined;
  const startAt = row.startAt.toISOString();
  return new GuichetError(
    'request.state_conflict',
    `${requestName(row)} does not start before ${startAt}: its glass is not broken.`,
    {
      remedy: 'Until then it can be approved. For an emergency file one that starts at once.',
      details: { state: row.state, startAt },
    },
  );
}

const CANNOT: Readonly<Record<Command['type'] & Exclude<RequestCommand, 'review'>, string>> = {
  approve: 'it cannot be approved',
  reject: 'it cannot be rejected',
  withdraw: 'it cannot be withdrawn',
  cancel: 'it cannot be cancelled',
  break_glass: 'there is no gate to pass',
  resolve: 'only a run whose outcome is unknown is resolved',
};
const REMEDY: Partial<Record<`${RequestState}:${RequestCommand}`, string>> = {
  'queued:withdraw': 'It is approved and about to run: guichet requests cancel stops it.',
  'running:withdraw': 'It is running: guichet requests cancel stops it.',
  'awaiting_approval:cancel': 'It has not started: guichet requests withdraw takes it back.',
  'queued:break_glass': 'It is about to run as it is.',
  'running:break_glass': 'It is running already.',
  'running:resolve': 'If its worker is gone, that is noticed within 10 s.',
};

/** The state does not take the command. */
export function stateConflict(row: Pick<RequestRow, 'number' | 'state' | 'review'>, command: Command['type']): GuichetError {
  const id = requestName(row);
  const { state, review } = row;
  if (command === 'review') {
    const message =
      review === null
        ? `Nobody broke the glass of ${id}: there is nothing to review.`
        : `The review of ${id} was closed by ${review.closedBy?.name ?? 'somebody'}.`;
    return new GuichetError('request.state_conflict', message, {
      remedy: 'guichet requests list --to-review shows what waits for you.',
      details: { state },
    });
  }
  return new GuichetError('request.state_conflict', `${id} is ${state.replace('_', ' ')}; ${CANNOT[command]}.`, {
    remedy: REMEDY[`${state}:${command}`] ?? `guichet requests show ${id} shows what happened.`,
    details: { state },
  });
}
