import { formatDuration } from '@guichet/contract';
import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { matchesFilter } from '../activity/session-filter.ts';
import { planGroup } from '../group-signal/group-plan.ts';
import { refusing } from '../instance-error.ts';
import { readSessions, type Session } from '../sessions.ts';
import { CANCEL } from '../signal-kind.ts';
import { counted, shortened } from '../words.ts';
import { Duration, secondsOf } from './duration-field.ts';
import { Fingerprint, fingerprintOptions, refuseFingerprint } from './fingerprint-field.ts';
import { groupRunning } from './group-running.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { SESSION_FILTER, sessionFilterOptions } from './session-fields.ts';
import type { Workplace } from './workplace.ts';

const Input = z.strictObject({
  instance: InstanceName,
  fingerprint: Fingerprint,
  olderThan: Duration.optional().describe('Only where the statement has run for longer than this, such as 30s or 5m'),
  ...SESSION_FILTER,
});

/** Reversible and idempotent for the same reasons as cancel-query: it is the same signal, bound in the same way. */
export function cancelByFingerprintAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('cancel-by-fingerprint', {
    title: 'Cancel a statement wherever it runs',
    description:
      'Stops the same statement in all the sessions that run it, whatever its literals; the sessions stay. The plan lists them: only these, each only at the run of the statement that was seen, are signalled.',
    kind: 'write',
    risk: 'reversible',
    input: Input,
    output: 'table',
    idempotent: true,
    timeoutSeconds: 90,
    examples: [
      { title: 'Stop a statement that floods the server', input: { instance: 'pg1', fingerprint: '126ba33adf8722fd' } },
      {
        title: 'Stop only those that have run for long',
        input: { instance: 'pg1', fingerprint: '126ba33adf8722fd', olderThan: '1m' },
      },
    ],
    options: {
      instance: instanceOptions(workplace),
      fingerprint: fingerprintOptions(workplace),
      ...sessionFilterOptions(workplace),
    },
    plan: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const sessions = await readSessions(instance, await mask());
        const { fingerprint, olderThan, application, user, database } = input;
        const least = olderThan === undefined ? 0 : secondsOf(olderThan);
        const wanted = sessions
          .filter((session) => session.state === 'active' && (session.statementAge ?? 0) >= least && !session.own)
          .filter((session) => matchesFilter(session, { application, user, database, all: true }))
          .filter((session) => session.fingerprint === fingerprint)
          .sort(longestFirst);
        const statement = shortened(wanted[0]?.query ?? '', 80);
        const since = olderThan === undefined ? '' : ` for more than ${formatDuration(least)}`;
        return planGroup(CANCEL, {
          instance,
          environment,
          sessions,
          wanted,
          whose: (count) => `${counted(count, 'session')} that ${count === 1 ? 'runs' : 'run'} '${statement}'${since}`,
          asked: { ...input },
          refuseNobody: () => refuseFingerprint(fingerprint, sessions, { instance: instance.name, environment }),
        });
      }),
    ...groupRunning(CANCEL, workplace),
  });
}

function longestFirst(a: Session, b: Session): number {
  return (b.statementAge ?? 0) - (a.statementAge ?? 0) || a.pid - b.pid;
}
