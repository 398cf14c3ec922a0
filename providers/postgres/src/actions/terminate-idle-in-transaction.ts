import { formatDuration } from '@guichet/contract';
import { action, type ProviderAction, refuse } from '@guichet/sdk';
import { z } from 'zod';
import { matchesFilter } from '../activity/session-filter.ts';
import { commandLine, introduce } from '../describe-session.ts';
import { planGroup } from '../group-signal/group-plan.ts';
import { refusing } from '../instance-error.ts';
import { readSessions, type Session } from '../sessions.ts';
import { TERMINATE } from '../signal-kind.ts';
import type { Place } from '../signal-target.ts';
import { counted } from '../words.ts';
import { Duration, secondsOf } from './duration-field.ts';
import { groupRunning } from './group-running.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { SESSION_FILTER, sessionFilterOptions } from './session-fields.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  olderThan: Duration.describe('Only sessions that have run nothing in their open transaction for longer than this, such as 5m'),
  ...SESSION_FILTER,
});

/** Destructive and idempotent for the same reasons as terminate-session: it is the same signal, bound in the same way. */
export function terminateIdleInTransactionAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('terminate-idle-in-transaction', {
    title: 'Terminate sessions that left a transaction open',
    description:
      'Ends the sessions that keep a transaction open and have run nothing in it for longer than a limit; their transactions are rolled back, and their locks freed. The plan lists them: only these are ended, and only while they still run nothing.',
    kind: 'write',
    risk: 'destructive',
    input: Input,
    output: 'table',
    idempotent: true,
    timeoutSeconds: 90,
    examples: [
      { title: 'End what has idled in a transaction for more than five minutes', input: { instance: 'pg1', olderThan: '5m' } },
      { title: 'Of one application only', input: { instance: 'pg1', olderThan: '1h', application: 'report' } },
    ],
    options: {
      instance: instanceOptions(workplace),
      ...sessionFilterOptions(workplace),
    },
    plan: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const sessions = await readSessions(instance, await mask());
        const { olderThan, application, user, database } = input;
        const least = secondsOf(olderThan);
        const idle = sessions
          .filter((session) => session.state?.startsWith('idle in transaction') === true && !session.own)
          .filter((session) => matchesFilter(session, { application, user, database, all: true }))
          .sort(longestFirst);
        return planGroup(TERMINATE, {
          instance,
          environment,
          sessions,
          wanted: idle.filter(({ stateAge }) => (stateAge ?? 0) > least),
          whose: (count) => `${counted(count, 'session')} idle in transaction for more than ${formatDuration(least)}`,
          asked: { ...input },
          refuseNobody: () => refuseNobody(olderThan, idle, { instance: instance.name, environment }),
        });
      }),
    ...groupRunning(TERMINATE, workplace),
  });
}

function refuseNobody(olderThan: string, idle: readonly Session[], { instance, environment }: Place): never {
  const [longest] = idle;
  const command = commandLine('activity', { instance, env: environment });
  const remedy =
    longest === undefined
      ? `No session is known to be idle in transaction there now; see ${command}`
      : `The longest is ${introduce(longest)}: give a shorter --older-than.`;
  return refuse(`No session on '${instance}' has been idle in transaction for more than ${olderThan}.`, { remedy });
}

function longestFirst(a: Session, b: Session): number {
  return (b.stateAge ?? 0) - (a.stateAge ?? 0) || a.pid - b.pid;
}
