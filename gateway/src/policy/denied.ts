import { type Decision, GuichetError, type Principal } from '@guichet/contract';
import type { Policy } from './policy.ts';
import type { DecideAction } from './question.ts';

type Refusal = Exclude<Decision, { effect: 'permit' }>;

const RECORDED = new WeakSet<Error>();

/** The error of a decision that is not a permit. Whoever answers the call records it. */
export function denied(decision: Refusal): GuichetError {
  const message =
    decision.effect === 'deny' ? decision.reasons.map((reason) => reason.message).join(' ') : 'It takes an approval first.';
  return new GuichetError('policy.denied', message, { details: { decision } });
}

/** The same, of a refusal that is in the audit log already, with what was asked for. */
export function deniedAndRecorded(decision: Refusal): GuichetError {
  const error = denied(decision);
  RECORDED.add(error);
  return error;
}

/** True of a refusal by policy that the audit log says nothing of yet. */
export const isUnrecorded = (error: unknown): error is GuichetError =>
  error instanceof GuichetError && error.code === 'policy.denied' && !RECORDED.has(error);

/** Throws `policy.denied` for an action that the principal may not see. */
export function refuseUnseen(policy: Policy, principal: Principal, action: DecideAction): void {
  const seen = policy.decide({ operation: 'action.see', principal, action });
  if (seen.effect !== 'permit') throw denied(seen);
}
