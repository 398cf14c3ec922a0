import type { ApproverGroup } from './principal.ts';

/** The groups of approvers that somebody belongs to; a machine approves nothing and belongs to none. */
export function approverGroupsOf({
  person,
  teams,
  onCall,
}: {
  readonly person: string | null;
  readonly teams: readonly string[];
  readonly onCall: readonly string[];
}): ApproverGroup[] {
  if (person === null) return [];
  return [person, ...teams.map((team) => `team:${team}`), ...onCall.map((team) => `on-call:${team}`)];
}

/** `team 'payments'`, `whoever is on call for 'payments'`, `marta`. */
export function approversInWords(group: ApproverGroup): string {
  const name = group.slice(group.indexOf(':') + 1);
  if (group.startsWith('team:')) return `team '${name}'`;
  return group.startsWith('on-call:') ? `whoever is on call for '${name}'` : name;
}
