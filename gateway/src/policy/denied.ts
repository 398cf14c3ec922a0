import { type Decision, GuichetError } from '@guichet/contract';

/** The error of a decision that is not a permit. */
export function denied(decision: Exclude<Decision, { effect: 'permit' }>): GuichetError {
  const message =
    decision.effect === 'deny' ? decision.reasons.map((reason) => reason.message).join(' ') : 'It takes an approval first.';
  return new GuichetError('policy.denied', message, { details: { decision } });
}
