import type { Choice } from '@guichet/contract';
import { z } from 'zod';
import { doing, nameOf } from '../describe-session.ts';
import { refusing } from '../instance-error.ts';
import { matchesFuzzily } from '../nearest.ts';
import { readSessions, type Session } from '../sessions.ts';
import type { SignalKind } from '../signal-kind.ts';
import { objection } from '../signal-target.ts';
import { graphOf } from '../wait-graph.ts';
import { counted, shortened } from '../words.ts';
import type { Workplace } from './workplace.ts';

export const Pid = z.int().min(1).max(2_147_483_647).describe('Process id of the session, as activity and blocking show it');

/** Which session, and which statement of it, somebody has seen: a pid is given again, and a session goes on. */
export const SEEN_BEFORE = {
  startedAt: z.iso
    .datetime()
    .optional()
    .describe('When the session began, exactly as activity has it (-o json): refused when another one has its pid by now'),
  statementStartedAt: z.iso
    .datetime()
    .optional()
    .describe('When its statement began, exactly as activity has it (-o json): refused when it is at another one by now'),
};

const MOST_CHOICES = 100;

/** The sessions that the signal may be sent to: who holds others up first, then who waits, then the rest by age. */
export function pidOptions({ estate, mask }: Workplace, kind: SignalKind) {
  return ({ input, environment, query }: { input: { instance?: string }; environment: string; query: string }) =>
    refusing(async (): Promise<Choice[]> => {
      if (input.instance === undefined) return []; // there is nothing to choose from yet
      const instance = await estate.find(environment, input.instance);
      const sessions = await readSessions(instance, await mask());
      const graph = graphOf(sessions);
      return sessions
        .filter((session) => objection(session, kind, { instance: instance.name, environment }) === undefined)
        .map((session) => ({ session, behind: graph.behind(session.pid).size }))
        .sort((a, b) => b.behind - a.behind || compareWaits(a.session, b.session))
        .map(({ session, behind }) => choiceOf(session, behind))
        .filter(({ value, label }) => matchesFuzzily(query, `${value} ${label}`))
        .slice(0, MOST_CHOICES);
    });
}

function compareWaits(a: Session, b: Session): number {
  return Number(b.waiting) - Number(a.waiting) || (b.transactionAge ?? 0) - (a.transactionAge ?? 0) || a.pid - b.pid;
}

function choiceOf(session: Session, behind: number): Choice & { label: string } {
  const { pid, user, database, query } = session;
  const detail = [
    ...(behind > 0 ? [`${counted(behind, 'session')} behind it`] : session.waiting ? ['waits for a lock'] : []),
    `${user} in ${database}`,
    ...(query === '' ? [] : [shortened(query, 120)]),
  ];
  return { value: pid, label: `${pid} ${nameOf(session)} ${doing(session)}`, detail: detail.join(' · ') };
}
