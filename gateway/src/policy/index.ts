export { isNarrowed } from './built-in.ts';
export { approvedFor, liftsGate } from './counting.ts';
export { denied } from './denied.ts';
export { type ExplainedDecision, Policy } from './policy.ts';
export { DEFAULT_POLICIES, readPolicyFiles } from './policy-files.ts';
export { loadPolicies, PolicyKeeper } from './policy-keeper.ts';
export { PolicySet } from './policy-set.ts';
export type { CountedApproval, DecideAction, DecidePrincipal, Question } from './question.ts';
export type { Vocabulary } from './vocabulary.ts';
