import { formatDuration } from '@guichet/contract';
import type { Session } from './sessions.ts';

type Named = Pick<Session, 'pid' | 'application' | 'user' | 'kind'>;

/** `'orders-migration'`, or who it is where the application gives no name. */
export function nameOf({ application, user, kind }: Named): string {
  if (application !== '') return `'${application}'`;
  return user === null ? `the ${kind}` : `user '${user}'`;
}

/** `idle in transaction for 3m12s`, `active for 4s`. */
export function doing(session: Session): string {
  const { state, kind, statementAge, stateAge } = session;
  const age = state === 'active' ? statementAge : stateAge;
  return `${state ?? kind}${age === null ? '' : ` for ${formatDuration(age)}`}`;
}

/** `'orders-migration' (pid 14024, idle in transaction for 3m12s)` */
export function introduce(session: Session): string {
  return `${nameOf(session)} (pid ${session.pid}, ${doing(session)})`;
}

/** The address that it comes from, without its port; null for one on the server itself. */
export function hostOf({ client }: Pick<Session, 'client'>): string | null {
  return client === null ? null : client.replace(/:-?\d+$/, '');
}

/** Its transaction is open: what it has done so far is neither kept nor given up. */
export function inTransaction({ transactionAge, state }: Session): boolean {
  return transactionAge !== null && state !== 'idle';
}

/** The command that does it, to copy into a shell. */
export function commandLine(action: string, flags: Readonly<Record<string, string | number | true | readonly string[]>>): string {
  const given = Object.entries(flags).flatMap(([flag, value]) =>
    value === true ? [`--${flag}`] : [value].flat().map((one) => `--${flag} ${quoted(String(one))}`),
  );
  return ['guichet postgres', action, ...given].join(' ');
}

/** Names of tables and databases may have any character. */
function quoted(word: string): string {
  return /^[\w.:/@+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
