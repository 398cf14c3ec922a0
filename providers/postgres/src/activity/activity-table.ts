import type { OutputInput } from '@guichet/contract';
import { commandLine } from '../describe-session.ts';
import type { Session } from '../sessions.ts';
import { counted } from '../words.ts';
import { type Grouping, groupSessions, type SessionGroup } from './session-groups.ts';

export type Table = Extract<OutputInput, { kind: 'table' }>;

interface Shown {
  readonly instance: string;
  readonly environment: string;
  /** Most rows. */
  readonly limit: number;
}

const COLUMNS = [
  { key: 'pid', title: 'Pid', type: 'code' },
  { key: 'application', title: 'Application' },
  { key: 'user', title: 'User' },
  { key: 'state', title: 'State', type: 'state' },
  { key: 'transactionAge', title: 'Txn', type: 'duration' },
  { key: 'statementAge', title: 'Stmt', type: 'duration' },
  { key: 'blockedBy', title: 'Blocked by' },
  { key: 'query', title: 'Query', type: 'code' },
  { key: 'database', title: 'Database', wide: true },
  { key: 'client', title: 'Client', type: 'code', wide: true },
  { key: 'wait', title: 'Waits for', wide: true },
  { key: 'kind', title: 'Kind', wide: true },
  { key: 'startedAt', title: 'Connected', type: 'timestamp', wide: true },
  { key: 'statementStartedAt', title: 'Stmt began', type: 'timestamp', wide: true },
] as const;

/** A row for each session, in the order in which they come. */
export function sessionTable(sessions: readonly Session[], { instance, environment, limit }: Shown): Table {
  const notes: string[] = [];
  if (sessions.length > limit)
    notes.push(`The first ${limit} of ${counted(sessions.length, 'session')}; raise --limit, or filter.`);
  const waiting = sessions.filter((session) => session.waiting).length;
  if (waiting > 0) {
    const command = commandLine('blocking', { instance, env: environment });
    notes.push(`${counted(waiting, 'session')} ${waiting === 1 ? 'waits' : 'wait'} for locks; see whom on: ${command}`);
  }
  const unknown = sessions.filter(({ state }) => state === 'disabled').length;
  if (unknown > 0)
    notes.push(`What ${counted(unknown, 'session')} ${unknown === 1 ? 'does' : 'do'} is not known: track_activities is off.`);
  return {
    kind: 'table',
    columns: [...COLUMNS],
    rows: sessions.slice(0, limit).map(rowOf),
    notes,
    empty: `No session on '${instance}' is like that now.`,
  };
}

function rowOf(session: Session) {
  const { pid, application, user, state, transactionAge, statementAge, blockedBy, query, database, client, kind } = session;
  const { waitEvent, waitEventType, backendStart, queryStart } = session;
  return {
    pid,
    application,
    user,
    state,
    transactionAge: rounded(transactionAge),
    // What an idle session ran last is history: its age would read as if it ran still.
    statementAge: state === 'active' ? rounded(statementAge) : null,
    blockedBy: blockersInWords(blockedBy),
    query,
    database,
    client,
    wait: waitEvent === null ? null : `${waitEventType}: ${waitEvent}`,
    kind,
    startedAt: backendStart,
    statementStartedAt: queryStart,
  };
}

/** Who stands in a queue for a lock may have thousands before it. */
const MOST_NAMED = 2;

function blockersInWords(pids: readonly number[]): string | null {
  if (pids.length === 0) return null;
  const named = pids.slice(0, MOST_NAMED).map((pid) => (pid === 0 ? 'prepared' : pid));
  return `${named.join(', ')}${pids.length > MOST_NAMED ? ` and ${pids.length - MOST_NAMED} more` : ''}`;
}

const GROUP_TITLES: Readonly<Record<Grouping, string>> = {
  application: 'Application',
  user: 'User',
  query: 'Query',
  database: 'Database',
  client: 'Client',
  state: 'State',
  wait: 'Waits for',
};

const COUNTS = [
  { key: 'sessions', title: 'Sessions', type: 'number' },
  { key: 'active', title: 'Active', type: 'number' },
  { key: 'waiting', title: 'Waiting', type: 'number' },
  { key: 'idleInTransaction', title: 'Idle in txn', type: 'number' },
  { key: 'oldestTransaction', title: 'Oldest txn', type: 'duration' },
  { key: 'longestStatement', title: 'Longest stmt', type: 'duration' },
] as const;

/** A row for each group; of statements with the fingerprint that a cancel of all of them takes. */
export function groupTable(sessions: readonly Session[], by: Grouping, { instance, environment, limit }: Shown): Table {
  const groups = groupSessions(sessions, by);
  const name = { key: 'name', title: GROUP_TITLES[by], type: typeOf(by) } as const;
  const fingerprint = { key: 'fingerprint', title: 'Fingerprint', type: 'code' } as const;
  const notes = [`${counted(sessions.length, 'session')} in ${counted(groups.length, 'group')}.`];
  if (groups.length > limit) notes.push(`The first ${limit} are shown; raise --limit, or filter.`);
  const busiest = groups.find((group) => group.fingerprint !== null && group.active > 1);
  if (busiest?.fingerprint != null) {
    const flags = { instance, fingerprint: busiest.fingerprint, env: environment };
    notes.push(
      `${counted(busiest.active, 'session')} run ${busiest.fingerprint}; stop them all: ${commandLine('cancel-by-fingerprint', flags)}`,
    );
  }
  return {
    kind: 'table',
    // A statement is long, so it stands last, where it may take the room that is left.
    columns: by === 'query' ? [fingerprint, ...COUNTS, name] : [name, ...COUNTS],
    rows: groups.slice(0, limit).map((group) => groupRow(group, by)),
    notes: sessions.length === 0 ? [] : notes,
    empty: `No session on '${instance}' is like that now.`,
  };
}

function typeOf(by: Grouping): 'text' | 'code' | 'state' {
  if (by === 'state') return 'state';
  return by === 'query' || by === 'client' ? 'code' : 'text';
}

function groupRow({ name, fingerprint, ...counts }: SessionGroup, by: Grouping) {
  const { oldestTransaction, longestStatement } = counts;
  return {
    name,
    ...(by === 'query' && { fingerprint }),
    ...counts,
    oldestTransaction: rounded(oldestTransaction),
    longestStatement: rounded(longestStatement),
  };
}

function rounded(seconds: number | null): number | null {
  return seconds === null ? null : Math.max(0, Math.round(seconds * 1000) / 1000);
}
