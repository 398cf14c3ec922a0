import { formatDuration } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { hostOf, inTransaction, introduce, nameOf } from './describe-session.ts';
import type { Instance } from './estate.ts';
import type { QueryMask } from './query-mask.ts';
import type { Seen } from './seen.ts';
import { checkActor } from './send-signal.ts';
import { readSessions, type Session } from './sessions.ts';
import type { SignalKind } from './signal-kind.ts';
import { objection, type Place, refuseAnother, refuseUnknownPid } from './signal-target.ts';
import { graphOf, type WaitGraph } from './wait-graph.ts';
import { counted, shortened } from './words.ts';

export interface Wanted {
  readonly instance: Instance;
  readonly pid: number;
  readonly environment: string;
  readonly boundTo: Seen['boundTo'];
  /** `backendStart` of the session that somebody has seen. */
  readonly startedAt?: string | undefined;
  /** `queryStart` of the statement that somebody has seen. */
  readonly statementStartedAt?: string | undefined;
}

/** Says what the signal would do, or refuses. Rejects with an InstanceError when the instance cannot be asked. */
export async function planSignal(kind: SignalKind, wanted: Wanted, mask: QueryMask): Promise<PlanResult<Seen>> {
  const { instance, pid, environment, boundTo } = wanted;
  const place: Place = { instance: instance.name, environment };
  const sessions = await readSessions(instance, mask);
  const graph = graphOf(sessions);
  const session = sessions.find((candidate) => candidate.pid === pid);
  if (session === undefined) return refuseUnknownPid(pid, sessions, graph, place);
  refuseAnother(session, wanted, place);
  const no = objection(session, kind, place);
  if (no !== undefined) return refuse(no.message, { remedy: no.remedy });
  await checkActor(instance);
  const frees = graph.freedBy([pid]).size;
  const seen = seenOf(session, boundTo);
  const { backendStart, queryStart, state } = seen;
  return {
    summary: `${kind.does} ${introduce(session)}${frees === 0 ? '' : `, frees ${counted(frees, 'waiting session')}`}`,
    effects: effectsOf(kind, session, { sessions, graph }),
    warnings: warningsOf(kind, { session, graph, instance, boundTo }),
    resource: { type: 'postgres.instance', id: instance.name, owner: instance.settings.owner },
    // Not the ages nor how many wait: they move all the time, and an approval must outlive that.
    fingerprint: digestOf({
      instance: instance.name,
      pid,
      backendStart,
      ...(boundTo === 'statement' && { queryStart, state }),
    }),
    seen,
  };
}

/** What a signal is bound to. The session has a state: one without was objected to. */
export function seenOf(session: Session, boundTo: Seen['boundTo']): Seen {
  const { pid, backendStart, queryStart, user, application, database } = session;
  const state = session.state ?? '';
  return { pid, backendStart, queryStart, state, boundTo, who: nameOf(session), user, application, database };
}

const MOST_NAMED = 5;

function effectsOf(
  kind: SignalKind,
  session: Session,
  { sessions, graph }: { sessions: readonly Session[]; graph: WaitGraph },
): string[] {
  const { user, client, database, query, state } = session;
  const from = client === null ? 'on the server itself' : `from ${client}`;
  const effects = [
    kind.action === 'terminate-session'
      ? `The connection of user '${user}' ${from} to database '${database}' is closed.`
      : `The statement of user '${user}' ${from} in database '${database}' stops with an error; its session stays.`,
  ];
  if (query !== '') effects.push(`${state === 'active' ? 'It runs' : 'Its last statement was'}: ${shortened(query, 300)}`);
  const freed = graph.freedBy([session.pid]);
  if (freed.size > 0) {
    const names = sessions.filter(({ pid }) => freed.has(pid)).map((waiting) => introduce(waiting));
    const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
    effects.push(`Can go on: ${names.slice(0, MOST_NAMED).join(', ')}${more}.`);
  }
  return effects;
}

/** Connection poolers that can be told by what they call themselves. */
const POOLER = /pgbouncer|pgcat|odyssey|pgpool|supavisor|rds[ _-]?proxy/i;

/** As far as it can be told: it may serve another client by the time a signal arrives. */
export function comesThroughPooler(session: Session, { settings }: Instance): boolean {
  const address = hostOf(session);
  return POOLER.test(`${session.application} ${session.user}`) || (address !== null && settings.poolers.includes(address));
}

function warningsOf(
  kind: SignalKind,
  { session, graph, instance, boundTo }: { session: Session; graph: WaitGraph; instance: Instance; boundTo: Seen['boundTo'] },
): string[] {
  const { pid, transactionAge, statementAge, state } = session;
  const warnings: string[] = [];
  if (inTransaction(session) && transactionAge !== null) {
    warnings.push(
      kind.action === 'terminate-session'
        ? `Its transaction, open for ${formatDuration(transactionAge)}, will be rolled back: what it has changed so far is lost.`
        : 'The statement is rolled back, and with it the transaction that it is part of; it must be run again.',
    );
  }
  if (comesThroughPooler(session, instance)) {
    warnings.push('It comes through a connection pooler: by the time the signal arrives it may serve another client.');
  }
  const still = graph.behind(pid).size - graph.freedBy([pid]).size - (graph.inCycle(pid) ? 1 : 0);
  if (still > 0) warnings.push(`${counted(still, 'more session')} behind it would still wait, for others hold them up as well.`);
  if (graph.inCycle(pid)) warnings.push('It is part of a deadlock, which the server ends by itself within deadlock_timeout.');
  const busy = statementAge !== null && transactionAge !== null && transactionAge - statementAge > 10;
  if (kind.action === 'terminate-session' && boundTo === 'statement' && state === 'active' && busy) {
    warnings.push(
      'It runs one statement after another. If it is at the next one by then, nothing is ended; --any-statement ends it whatever it runs.',
    );
  }
  return warnings;
}
