/**
 * The words of guichet's own commands, apart from what they do: what is named by them is loaded from here without loading
 * them, and without importing in a circle. A test compares them with builtin/table.ts.
 */
export const OWN_COMMANDS: readonly string[] = [
  'requests list',
  'requests show',
  'requests watch',
  'requests approve',
  'requests reject',
  'requests withdraw',
  'requests cancel',
  'requests break-glass',
  'requests review',
  'requests undo',
  'requests connect',
  'requests resolve',
  'requests extend',
  'schedules list',
  'schedules show',
  'schedules create',
  'schedules pause',
  'schedules resume',
  'schedules delete',
  'actions list',
  'actions show',
  'audit list',
  'audit reconcile',
  'audit verify',
  'audit export',
  'audit heads',
  'audit proof',
  'policy list',
  'policy check',
  'policy test',
  'policy explain',
  'policy replay',
  'people list',
  'people show',
  'teams list',
  'teams show',
  'services list',
  'services show',
  'company',
  'tokens list',
  'tokens create',
  'tokens revoke',
  'sessions list',
  'sessions revoke',
  'whoami',
  'login',
  'logout',
  'profiles',
  'use',
  'completion',
  'version',
];

/** True for words that our own commands answer to: the words are one of them, or go on from one. */
export function isOurs(words: readonly string[]): boolean {
  const line = `${words.join(' ')} `;
  return OWN_COMMANDS.some((own) => line.startsWith(`${own} `));
}
