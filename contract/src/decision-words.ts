import { approversInWords } from './approvers.ts';
import type { Decision, Gate } from './request.ts';

/** `1 approval from team 'payments'`. */
export function gateInWords({ count, approvers }: Pick<Gate, 'count' | 'approvers'>): string {
  return `${count} ${count === 1 ? 'approval' : 'approvals'} from ${approversInWords(approvers)}`;
}

/** A decision on one line: `permitted`, `needs 1 approval from team 'payments' (production-needs-owner)`. */
export function decisionInWords(decision: Decision): string {
  switch (decision.effect) {
    case 'permit':
      return decision.policies.length === 0 ? 'permitted' : `permitted (${decision.policies.join(', ')})`;
    case 'needs':
      return `needs ${decision.gates.map((gate) => `${gateInWords(gate)} (${gate.policy})`).join(' and ')}`;
    case 'deny':
      return `denied: ${decision.reasons.map(({ message, policy }) => `${message} (${policy})`).join(' ')}`;
  }
}
