import { EVENT_PERMISSIONS, type Operation, type Principal } from '@guichet/contract';
import type { Policy } from '../policy/index.ts';
import { aboutRequest, type RequestRow } from '../requests/index.ts';

/** Which types of events of a request the principal may see: one that declares no permission is seen by nobody. */
export function visibleEvents({ policy, row, principal }: { policy: Policy; row: RequestRow; principal: Principal }) {
  const permissions: Readonly<Record<string, Operation | undefined>> = EVENT_PERMISSIONS;
  const answers = new Map<Operation, boolean>();
  return (type: string): boolean => {
    const operation = permissions[type];
    if (operation === undefined) return false;
    const answer = answers.get(operation) ?? policy.decide({ ...aboutRequest(row), operation, principal }).effect === 'permit';
    answers.set(operation, answer);
    return answer;
  };
}
