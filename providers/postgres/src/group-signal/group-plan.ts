import { formatDuration } from '@guichet/contract';
import { digestOf } from '@guichet/contract/digest';
import { type PlanResult, refuse } from '@guichet/sdk';
import { commandLine, inTransaction, introduce } from '../describe-session.ts';
import type { Instance } from '../estate.ts';
import { checkActor } from '../send-signal.ts';
import type { Session } from '../sessions.ts';
import type { SignalKind } from '../signal-kind.ts';
import { comesThroughPooler, seenOf } from '../signal-plan.ts';
import { objection, type Place } from '../signal-target.ts';
import { waitingBehind } from '../waiting-behind.ts';
import { counted } from '../words.ts';
import { MOST_TARGETS, type SeenGroup } from './seen-group.ts';

export interface GroupWanted {
  readonly instance: Instance;
  readonly environment: string;
  /** Every session of the server. */
  readonly sessions: readonly Session[];
  /** Those that the signal is for, the first of them first. */
  readonly wanted: readonly Session[];
  /** What they have in common, behind their number: `sessions that are idle in transaction for more than 5m`. */
  readonly whose: (count: number) => string;
  /** What was asked for: as long as it finds somebody, the approval holds. */
  readonly asked: Readonly<Record<string, string | undefined>>;
  /** Refuses because nobody is like that. */
  readonly refuseNobody: () => never;
}

/**
 * Says what the signal would do to each of them, or refuses. The fingerprint is that of the question, not of the answer:
 * the request is bound to the sessions that its plan lists, whatever ends or comes by the time it runs. Who has moved on is
 * not signalled, and who comes later is not in the list. Rejects with an InstanceError when the instance cannot be asked.
 */
export async function planGroup(kind: SignalKind, group: GroupWanted): Promise<PlanResult<SeenGroup>> {
  const { instance, environment, sessions, whose, asked } = group;
  const place: Place = { instance: instance.name, environment };
  // A worker of a parallel query ends with the query, whose session is in the list itself.
  const wanted = group.wanted.filter((session) => session.kind !== 'parallel worker');
  const judged = wanted.map((session) => ({ session, no: objection(session, kind, place) }));
  const allowed = judged.flatMap(({ session, no }) => (no === undefined ? [session] : []));
  const refused = judged.flatMap(({ no }) => (no === undefined ? [] : [no]));
  const [first] = refused;
  if (allowed.length === 0 && first === undefined) return group.refuseNobody();
  if (allowed.length === 0 && first !== undefined) {
    const [none, others] = refused.length === 1 ? ['it may not', ''] : ['none of them may', ' So it is with the others.'];
    return refuse(`Found ${whose(refused.length)}, but ${none} be signalled. ${first.message}${others}`, {
      remedy: first.remedy,
    });
  }
  await checkActor(instance);
  const targets = allowed.slice(0, MOST_TARGETS);
  const pids = targets.map(({ pid }) => pid);
  const frees = waitingBehind(pids, sessions).expected.size;
  return {
    summary: `${titleOf(kind)} ${whose(targets.length)}${frees === 0 ? '' : `, frees ${counted(frees, 'waiting session')}`}`,
    effects: targets.map((session) => effectOn(kind, session)),
    warnings: [
      ...warningsOf(kind, targets, group),
      ...(allowed.length > targets.length
        ? [`There are ${allowed.length}: these are the first ${targets.length}. Ask again for the rest.`]
        : []),
      ...refused.slice(0, MOST_REFUSED).map(({ message }) => `Not signalled: ${message}`),
      ...(refused.length > MOST_REFUSED ? [`Not signalled: ${refused.length - MOST_REFUSED} more, for reasons like these.`] : []),
    ],
    resource: { type: 'postgres.instance', id: instance.name, owner: instance.settings.owner },
    fingerprint: digestOf({ instance: instance.name, signal: kind.sends, asked }),
    seen: { sessions: targets.map((session) => seenOf(session, 'statement')) },
  };
}

const MOST_REFUSED = 5;

const isCancel = (kind: SignalKind): boolean => kind.sends === 'pg_cancel_backend';

function titleOf(kind: SignalKind): string {
  return isCancel(kind) ? 'Cancels the query of' : 'Ends';
}

function effectOn(kind: SignalKind, session: Session): string {
  const { user, database, client, transactionAge } = session;
  const from = client === null ? 'on the server itself' : `from ${client}`;
  const open =
    transactionAge === null || isCancel(kind) ? '' : `; its transaction, open for ${formatDuration(transactionAge)}, is lost`;
  return `${introduce(session)} of user '${user}' ${from} in database '${database}'${open}`;
}

function warningsOf(kind: SignalKind, targets: readonly Session[], { instance, environment }: GroupWanted): string[] {
  const warnings: string[] = [];
  const ages = targets.flatMap((session) => (inTransaction(session) ? (session.transactionAge ?? []) : []));
  if (ages.length > 0) {
    warnings.push(
      isCancel(kind)
        ? 'Each statement is rolled back, and with it the transaction that it is part of; it must be run again.'
        : `${ages.length === 1 ? 'Its transaction,' : 'Their transactions, the oldest'} open for ${formatDuration(Math.max(...ages))}, will be rolled back: what has been changed in ${ages.length === 1 ? 'it' : 'them'} so far is lost.`,
    );
  }
  const waiting = targets.filter((session) => session.waiting).length;
  if (isCancel(kind) && waiting > 0) {
    const command = commandLine('blocking', { instance: instance.name, env: environment });
    warnings.push(
      `${waiting} of them ${waiting === 1 ? 'waits' : 'wait'} for a lock, and so will those that come after: who holds it is not signalled by this. See ${command}`,
    );
  }
  const pooled = targets.filter((session) => comesThroughPooler(session, instance)).length;
  if (pooled > 0) {
    warnings.push(
      `${pooled} of them ${pooled === 1 ? 'comes' : 'come'} through a connection pooler: by the time the signal arrives such a session may serve another client.`,
    );
  }
  return warnings;
}
