import type { Gate } from '@guichet/contract';
import type { CountedApproval } from './question.ts';

type Counted = Pick<Gate, 'approvers' | 'reuseSeconds'>;

/** True when the approval counts for the gate: one that is used again only where the gate says so, and for so long. */
export function liftsGate({ groups, reusedAfter }: CountedApproval, { approvers, reuseSeconds }: Counted): boolean {
  if (!groups.includes(approvers)) return false;
  return reusedAfter === undefined || (reuseSeconds !== undefined && reusedAfter < reuseSeconds);
}

/** How many different people have approved for a gate. `own`: the persons behind the request, who never count. */
export function approvedFor(
  gate: Counted,
  { approvals, own }: { approvals: readonly CountedApproval[]; own: readonly (string | null)[] },
): number {
  const persons = approvals.filter((approval) => liftsGate(approval, gate)).map(({ person }) => person);
  return new Set(persons.filter((person) => !own.includes(person))).size;
}
