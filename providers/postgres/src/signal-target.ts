import { refuse } from '@guichet/sdk';
import { commandLine, introduce, nameOf } from './describe-session.ts';
import { nearest } from './nearest.ts';
import type { Session } from './sessions.ts';
import type { SignalKind } from './signal-kind.ts';
import type { WaitGraph } from './wait-graph.ts';
import { counted } from './words.ts';

export interface Place {
  readonly instance: string;
  readonly environment: string;
}

/** Why a session must not get the signal, and what to do instead; undefined when it may. */
export function objection(
  session: Session,
  kind: SignalKind,
  place: Place,
): { readonly message: string; readonly remedy: string } | undefined {
  const { pid, state } = session;
  if (session.own) {
    return {
      message: `The pid ${pid} is a session of Guichet itself.`,
      remedy: 'It ends by itself within seconds; choose another one.',
    };
  }
  const process = processObjection(session, place);
  if (process !== undefined) return process;
  if (session.superuser) {
    return {
      message: `The pid ${pid} is a session of '${session.user}', a superuser, whom only superusers may signal.`,
      remedy: 'Ask a superuser of the instance to end it.',
    };
  }
  if (state === null || state === 'disabled') {
    return {
      message: `What ${nameOf(session)} (pid ${pid}) does is not known: track_activities is off for it.`,
      remedy: 'A signal is bound to what was seen, so there is nothing to bind one to; ask its owner.',
    };
  }
  return kind.action === 'cancel-query' ? cancelObjection(session, place) : undefined;
}

function processObjection({ pid, kind, leaderPid }: Session, { instance, environment }: Place) {
  switch (kind) {
    case 'client backend':
      return undefined;
    case 'walsender':
      return {
        message: `The pid ${pid} sends the log to a replica or a backup (walsender).`,
        remedy: 'Ending it would break replication; look after the replica instead.',
      };
    case 'parallel worker':
      return {
        message: `The pid ${pid} is a worker of a parallel query.`,
        remedy:
          leaderPid === null
            ? 'Choose the session that runs the query.'
            : `Its session is: ${commandLine('cancel-query', { instance, pid: leaderPid, env: environment })}`,
      };
    case 'autovacuum worker':
      return {
        message: `The pid ${pid} is an autovacuum worker.`,
        remedy: 'It gives way by itself to who waits for its lock, unless it prevents wraparound: then it has to finish.',
      };
    default:
      return {
        message: `The pid ${pid} is a process of the server itself (${kind}).`,
        remedy: 'Only sessions of clients can be signalled.',
      };
  }
}

function cancelObjection(session: Session, { instance, environment }: Place) {
  const { pid, state } = session;
  if (state === 'active') return undefined;
  const command = commandLine('terminate-session', { instance, pid, env: environment });
  if (state?.startsWith('idle in transaction')) {
    return {
      message: `${introduce(session)} runs no query: it keeps its transaction, and the locks of it, open. A cancel would free nothing.`,
      remedy: `End the session: ${command}`,
    };
  }
  return {
    message: `${introduce(session)} runs no query: there is nothing to cancel.`,
    remedy: 'Nothing has to be done about the query; it had finished.',
  };
}

/** Refuses a session, or a statement, that is not the one that somebody has seen. */
export function refuseAnother(
  session: Session,
  { startedAt, statementStartedAt }: { startedAt?: string | undefined; statementStartedAt?: string | undefined },
  { instance, environment }: Place,
): void {
  const remedy = `Look at what is there now: ${commandLine('activity', { instance, env: environment })}`;
  if (startedAt !== undefined && startedAt !== session.backendStart)
    refuse(`The session that you saw with pid ${session.pid} has ended; ${introduce(session)} is another one.`, { remedy });
  if (statementStartedAt !== undefined && statementStartedAt !== session.queryStart)
    refuse(`${introduce(session)} is at another statement than the one that you saw.`, { remedy });
}

/** Refuses a pid that is not there, with those that block now. */
export function refuseUnknownPid(pid: number, sessions: readonly Session[], graph: WaitGraph, place: Place): never {
  const byPid = new Map(sessions.map((session) => [session.pid, session]));
  const blockers = graph.roots().flatMap((node) => (typeof node === 'number' ? (byPid.get(node) ?? []) : []));
  const listed = blockers
    .slice(0, 3)
    .map((session) => `${introduce(session)}, ${counted(graph.behind(session.pid).size, 'session')} behind it`);
  const meant = nearest(
    String(pid),
    blockers.map((session) => String(session.pid)),
  );
  const remedy = [
    ...(meant === undefined ? [] : [`Did you mean ${meant}?`]),
    listed.length === 0
      ? `Nobody blocks others there now; see ${commandLine('activity', { instance: place.instance, env: place.environment })}`
      : `Who blocks others now: ${listed.join('; ')}.`,
  ].join(' ');
  return refuse(`There is no session with pid ${pid} on '${place.instance}'.`, { remedy });
}
