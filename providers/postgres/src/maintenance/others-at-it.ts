import { formatDuration } from '@guichet/contract';
import { commandLine, introduce } from '../describe-session.ts';
import type { Instance } from '../instance.ts';
import type { QueryMask } from '../query-mask.ts';
import { readSessions, type Session } from '../sessions.ts';

/** Modes that conflict with SHARE UPDATE EXCLUSIVE, which vacuum and concurrent index builds take: none of reads and writes. */
const CONFLICTING = [
  'ShareUpdateExclusiveLock',
  'ShareLock',
  'ShareRowExclusiveLock',
  'ExclusiveLock',
  'AccessExclusiveLock',
] as const;

const HOLDERS = `
select l.pid, l.mode from pg_locks l
where l.locktype = 'relation' and l.relation = $1::bigint::oid and l.mode = any ($2) and l.granted and l.pid is not null
  and l.database = (select oid from pg_database where datname = $3)`;

export interface Place {
  readonly instance: Instance;
  readonly environment: string;
  readonly database: string;
}

/**
 * Who holds the table in a way that a vacuum or an index build would have to wait for: `'orders-migration' (pid 14024, idle in
 * transaction for 3m12s)`. Rejects with an InstanceError.
 */
export async function holdersOf({ instance, database }: Place, oid: number, mask: QueryMask): Promise<string[]> {
  const held = await instance.observer.query<{ pid: number; mode: string }>(HOLDERS, [oid, CONFLICTING, database]);
  if (held.length === 0) return [];
  const sessions = new Map((await readSessions(instance, mask)).map((session) => [session.pid, session]));
  return [...new Set(held.map(({ pid }) => pid))].flatMap((pid) => {
    const session = sessions.get(pid);
    return session === undefined ? [] : [introduce(session)];
  });
}

/** Shorter ones are over before anybody has read of them. In seconds. */
const LONG = 30;
const MOST_NAMED = 3;

/** Transactions that have been open for long, the longest first; those that an index build of the database waits for alone. */
export async function longTransactions({ instance, database }: Place, mask: QueryMask): Promise<Session[]> {
  return (await readSessions(instance, mask))
    .filter((session) => !session.own && session.kind === 'client backend' && (session.transactionAge ?? 0) >= LONG)
    .filter((session) => session.database === database)
    .sort((a, b) => (b.transactionAge ?? 0) - (a.transactionAge ?? 0));
}

/**
 * `'report' (pid 12, active for 9m), its transaction open for 10m: guichet postgres terminate-session ...`. Those that wait for
 * others themselves are counted and not named: they go on when the others are gone.
 */
export function nameTransactions(sessions: readonly Session[], { instance, environment }: Place): string {
  const free = sessions.filter(({ waiting }) => !waiting);
  const named = (free.length > 0 ? free : sessions).slice(0, MOST_NAMED).map((session) => {
    const end = commandLine('terminate-session', { instance: instance.name, pid: session.pid, env: environment });
    return `${introduce(session)}, its transaction open for ${formatDuration(session.transactionAge ?? 0)} (${end})`;
  });
  const more = sessions.length - named.length;
  return `${named.join('; ')}${more > 0 ? ` and ${more} more` : ''}`;
}
