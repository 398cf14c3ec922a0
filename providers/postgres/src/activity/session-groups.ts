import { hostOf } from '../describe-session.ts';
import type { Session } from '../sessions.ts';

/** By what sessions can be counted together. */
export const GROUPINGS = ['application', 'user', 'query', 'database', 'client', 'state', 'wait'] as const;
export type Grouping = (typeof GROUPINGS)[number];

/** Sessions that have something in common. */
export interface SessionGroup {
  /** What they have in common, as it is shown; null where they have none of it. */
  readonly name: string | null;
  /** Of the statement, when they are grouped by it and it has one. */
  readonly fingerprint: string | null;
  readonly sessions: number;
  readonly active: number;
  readonly waiting: number;
  readonly idleInTransaction: number;
  /** Seconds; null when none of them has a transaction open. */
  readonly oldestTransaction: number | null;
  /** Seconds that the longest of their statements runs; null when none runs. */
  readonly longestStatement: number | null;
}

/** Groups with those first in which most wait, then in which most work, then by their oldest transaction. */
export function groupSessions(sessions: readonly Session[], by: Grouping): SessionGroup[] {
  const groups = new Map<string, { readonly first: Session; readonly members: Session[] }>();
  for (const session of sessions) {
    const key = keyOf(session, by);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: session, members: [session] });
    else group.members.push(session);
  }
  return [...groups.values()].map(({ first, members }) => summaryOf(first, members, by)).sort(byWeight);
}

/** The same for those that belong together. A statement that has no fingerprint belongs with those shown like it. */
function keyOf(session: Session, by: Grouping): string {
  if (by === 'query' && session.fingerprint !== undefined) return `fingerprint ${session.fingerprint}`;
  const name = shownName(session, by);
  return name === null ? 'none' : `name ${name}`;
}

function shownName(session: Session, by: Grouping): string | null {
  switch (by) {
    case 'application':
      return session.application === '' ? null : session.application;
    case 'user':
      return session.user;
    case 'query':
      return session.query === '' ? null : session.query;
    case 'database':
      return session.database;
    case 'client':
      return hostOf(session);
    case 'state':
      return session.state;
    case 'wait':
      return session.waitEvent === null ? null : `${session.waitEventType}: ${session.waitEvent}`;
  }
}

function summaryOf(first: Session, members: readonly Session[], by: Grouping): SessionGroup {
  const count = (is: (session: Session) => boolean): number => members.filter(is).length;
  return {
    name: shownName(first, by),
    fingerprint: by === 'query' ? (first.fingerprint ?? null) : null,
    sessions: members.length,
    active: count(({ state }) => state === 'active'),
    waiting: count(({ waiting }) => waiting),
    idleInTransaction: count(({ state }) => state?.startsWith('idle in transaction') === true),
    oldestTransaction: longest(members.map(({ transactionAge }) => transactionAge)),
    // What an idle session ran last is history.
    longestStatement: longest(members.map(({ state, statementAge }) => (state === 'active' ? statementAge : null))),
  };
}

function longest(ages: readonly (number | null)[]): number | null {
  return ages.reduce((most, age) => (age !== null && (most === null || age > most) ? age : most), null);
}

function byWeight(a: SessionGroup, b: SessionGroup): number {
  return (
    b.waiting - a.waiting ||
    b.active - a.active ||
    (b.oldestTransaction ?? -1) - (a.oldestTransaction ?? -1) ||
    b.sessions - a.sessions ||
    (a.name ?? '').localeCompare(b.name ?? '')
  );
}
