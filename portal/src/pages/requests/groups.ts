import type { Gate } from '@guichet/contract';
import type { Messages } from '../../messages/en/index.ts';

type RequestMessages = Messages['request'];

/** `team payments`, `whoever is on call for payments`, `marta`. */
export function groupInWords(group: Gate['approvers'], m: RequestMessages): string {
  const name = group.slice(group.indexOf(':') + 1);
  if (group.startsWith('team:')) return m.gates.team(name);
  return group.startsWith('on-call:') ? m.gates.onCall(name) : name;
}

/** What gates still ask for: `1 approval from team payments and 1 approval from marta`; undefined when nothing. */
export function missingInWords(
  gates: readonly (Pick<Gate, 'approvers' | 'count'> & { readonly approved?: number })[],
  m: RequestMessages,
): string | undefined {
  const open = gates.filter(({ approved = 0, count }) => approved < count);
  if (open.length === 0) return undefined;
  return open
    .map(({ approvers, count, approved = 0 }) => m.standing.approvals(count - approved, groupInWords(approvers, m)))
    .join(m.standing.and);
}
