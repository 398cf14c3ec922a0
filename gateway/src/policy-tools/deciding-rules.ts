import type { DecidingRule, Decision } from '@guichet/contract';
import type { Policy, Question } from '../policy/index.ts';

/** A decision, with the rules that made it. */
export interface Explained {
  readonly decision: Decision;
  readonly rules: readonly DecidingRule[];
  readonly errors: readonly string[];
}

export function explained(policy: Policy, question: Question): Explained {
  const decision = policy.decide(question);
  return { decision, rules: rulesOf(decision), errors: [] };
}

function rulesOf(decision: Decision): DecidingRule[] {
  const nowhere = { path: null, line: null };
  switch (decision.effect) {
    case 'permit':
      return decision.policies.map((id) => ({ id, role: 'permits', reason: null, ...nowhere }));
    case 'needs':
      return decision.gates.map(({ policy: id, reason }) => ({ id, role: 'gate', reason, ...nowhere }));
    case 'deny':
      return decision.reasons.map(({ policy: id, message }) => ({ id, role: 'forbids', reason: message, ...nowhere }));
  }
}
