import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { refusing } from '../instance-error.ts';
import { readSessions, type Session } from '../sessions.ts';
import { counted } from '../words.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import type { Workplace } from './workplace.ts';

const STATES = [
  'active',
  'idle',
  'idle in transaction',
  'idle in transaction (aborted)',
  'fastpath function call',
  'disabled',
] as const;

const Input = z.strictObject({
  instance: InstanceName,
  state: z.enum(STATES).optional().describe('Only sessions in this state'),
  application: z.string().min(1).max(100).optional().describe('Only applications whose name contains this'),
  user: z.string().min(1).max(63).optional().describe('Only this database user'),
  database: z.string().min(1).max(63).optional().describe('Only this database'),
  waitingOnly: z.boolean().default(false).describe('Only sessions that wait for a lock'),
  all: z.boolean().default(false).describe('Processes of the server, and of Guichet, too'),
  limit: z.int().min(1).max(2000).default(100).describe('Most rows'),
});

export function activityAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('activity', {
    title: 'Show who runs what',
    description:
      'Sessions of an instance: who, since when, waiting on whom. Those that wait come first, then those at work, the longest first. Literals and comments of statements are not shown.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [
      { title: 'See who runs what', input: { instance: 'pg1' } },
      { title: 'See who waits for a lock', input: { instance: 'pg1', waitingOnly: true } },
      { title: 'See transactions that were left open', input: { instance: 'pg1', state: 'idle in transaction' } },
    ],
    options: { instance: instanceOptions(workplace) },
    run: ({ input, environment }) =>
      refusing(async () => {
        const sessions = await readSessions(await estate.find(environment, input.instance), await mask());
        const found = sessions.filter((session) => isWanted(session, input)).sort(byUrgency);
        return {
          kind: 'table',
          columns: [...COLUMNS],
          rows: found.slice(0, input.limit).map(rowOf),
          notes: notesOf(found, input),
          empty: `No session on '${input.instance}' is like that now.`,
        };
      }),
  });
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
] as const;

function isWanted(session: Session, { state, application, user, database, waitingOnly, all }: z.output<typeof Input>): boolean {
  return (
    (all || (session.kind === 'client backend' && !session.own)) &&
    (state === undefined || session.state === state) &&
    (application === undefined || session.application.toLowerCase().includes(application.toLowerCase())) &&
    (user === undefined || session.user === user) &&
    (database === undefined || session.database === database) &&
    (!waitingOnly || session.waiting)
  );
}

/** Who waits first, then who works or holds a transaction open, then who idles; in each the longest first. */
function byUrgency(a: Session, b: Session): number {
  return rank(a) - rank(b) || (b.transactionAge ?? 0) - (a.transactionAge ?? 0) || a.pid - b.pid;
}

function rank({ waiting, transactionAge, state }: Session): number {
  if (waiting) return 0;
  return transactionAge !== null || state === 'active' ? 1 : 2;
}

function rowOf(session: Session) {
  const { pid, application, user, state, transactionAge, statementAge, blockedBy, query, database, client, kind } = session;
  const { waitEvent, waitEventType, backendStart } = session;
  return {
    pid,
    application,
    user,
    state,
    transactionAge: rounded(transactionAge),
    // What an idle session ran last is history: its age would read as if it ran still.
    statementAge: state === 'active' ? rounded(statementAge) : null,
    blockedBy: blockedBy.length === 0 ? null : blockedBy.map((blocker) => (blocker === 0 ? 'prepared' : blocker)).join(', '),
    query,
    database,
    client,
    wait: waitEvent === null ? null : `${waitEventType}: ${waitEvent}`,
    kind,
    startedAt: backendStart,
  };
}

function rounded(seconds: number | null): number | null {
  return seconds === null ? null : Math.max(0, Math.round(seconds * 1000) / 1000);
}

function notesOf(found: readonly Session[], { limit, instance }: z.output<typeof Input>): string[] {
  const notes: string[] = [];
  if (found.length > limit) notes.push(`The first ${limit} of ${counted(found.length, 'session')}; raise --limit, or filter.`);
  const waiting = found.filter((session) => session.waiting).length;
  if (waiting > 0) {
    notes.push(
      `${counted(waiting, 'session')} ${waiting === 1 ? 'waits' : 'wait'} for locks; see blocking --instance ${instance}.`,
    );
  }
  return notes;
}
