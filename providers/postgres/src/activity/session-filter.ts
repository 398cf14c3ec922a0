import type { Session } from '../sessions.ts';

/** Which sessions somebody asks about. All that is given must hold. */
export interface SessionFilter {
  readonly state?: string | undefined;
  /** A part of its name, in any case. */
  readonly application?: string | undefined;
  readonly user?: string | undefined;
  readonly database?: string | undefined;
  /** Seconds: so long its transaction is open at least. */
  readonly minAge?: number | undefined;
  readonly waitingOnly?: boolean | undefined;
  /** Processes of the server, and our own sessions, too. */
  readonly all?: boolean | undefined;
}

export function matchesFilter(session: Session, filter: SessionFilter): boolean {
  const { state, application, user, database, minAge, waitingOnly = false, all = false } = filter;
  return (
    (all || (session.kind === 'client backend' && !session.own)) &&
    (state === undefined || session.state === state) &&
    (application === undefined || session.application.toLowerCase().includes(application.toLowerCase())) &&
    (user === undefined || session.user === user) &&
    (database === undefined || session.database === database) &&
    (minAge === undefined || (session.transactionAge ?? -1) >= minAge) &&
    (!waitingOnly || session.waiting)
  );
}

/** Who waits first, then who works or holds a transaction open, then who idles; in each the longest first. */
export function byUrgency(a: Session, b: Session): number {
  return rank(a) - rank(b) || (b.transactionAge ?? 0) - (a.transactionAge ?? 0) || a.pid - b.pid;
}

function rank({ waiting, transactionAge, state }: Session): number {
  if (waiting) return 0;
  return transactionAge !== null || state === 'active' ? 1 : 2;
}
