export { approvedFor, liftsGate } from './counting.ts';
export { denied } from './denied.ts';
export { Policy } from './policy.ts';
export type { CountedApproval, DecideAction, DecidePrincipal, Question } from './question.ts';
