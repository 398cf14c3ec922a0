import type { Principal } from '@guichet/contract';
import type { Policy } from './policy.ts';
import type { DecideAction } from './question.ts';

/** Tells the actions that somebody sees in the catalogue from all others. */
export const seenBy =
  (policy: Policy, principal: Principal) =>
  (action: DecideAction): boolean =>
    policy.decide({ operation: 'action.see', principal, action }).effect === 'permit';
