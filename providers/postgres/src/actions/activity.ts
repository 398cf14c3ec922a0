import { action, type ProviderAction } from '@guichet/sdk';
import { z } from 'zod';
import { groupTable, sessionTable } from '../activity/activity-table.ts';
import { byUrgency, matchesFilter } from '../activity/session-filter.ts';
import { GROUPINGS } from '../activity/session-groups.ts';
import { refusing } from '../instance-error.ts';
import { readSessions } from '../sessions.ts';
import { Duration, secondsOf } from './duration-field.ts';
import { InstanceName, instanceOptions } from './instance-field.ts';
import { SESSION_FILTER, sessionFilterOptions } from './session-fields.ts';
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
  groupBy: z.enum(GROUPINGS).optional().describe('Count the sessions that have this in common, instead of listing each'),
  state: z.enum(STATES).optional().describe('Only sessions in this state'),
  ...SESSION_FILTER,
  minAge: Duration.optional().describe('Only sessions whose transaction is open for at least so long, such as 30s or 5m'),
  waitingOnly: z.boolean().default(false).describe('Only sessions that wait for a lock'),
  all: z.boolean().default(false).describe('Processes of the server, and of Guichet, too'),
  limit: z.int().min(1).max(2000).default(100).describe('Most rows'),
});

export function activityAction(workplace: Workplace): ProviderAction {
  const { estate, mask } = workplace;
  return action('activity', {
    title: 'Show who runs what',
    description:
      'Sessions of an instance: who, since when, waiting on whom. Those that wait come first, then those at work, the longest first. Grouped, it counts them by application, user, statement and so on. Literals and comments of statements are not shown.',
    kind: 'read',
    risk: 'safe',
    input: Input,
    output: 'table',
    timeoutSeconds: 30,
    examples: [
      { title: 'See who runs what', input: { instance: 'pg1' } },
      {
        title: 'See which applications wait, and how many sessions each has',
        input: { instance: 'pg1', groupBy: 'application' },
      },
      { title: 'See which statements most sessions are at', input: { instance: 'pg1', groupBy: 'query' } },
      { title: 'See who waits for a lock', input: { instance: 'pg1', waitingOnly: true } },
      { title: 'See transactions that were left open', input: { instance: 'pg1', state: 'idle in transaction', minAge: '5m' } },
    ],
    options: {
      instance: instanceOptions(workplace),
      ...sessionFilterOptions(workplace),
    },
    run: ({ input, environment }) =>
      refusing(async () => {
        const instance = await estate.find(environment, input.instance);
        const sessions = await readSessions(instance, await mask());
        const { groupBy, limit, minAge, ...filter } = input;
        const wanted = { ...filter, ...(minAge !== undefined && { minAge: secondsOf(minAge) }) };
        const found = sessions.filter((session) => matchesFilter(session, wanted));
        const shown = { instance: instance.name, environment, limit };
        return groupBy === undefined ? sessionTable(found.sort(byUrgency), shown) : groupTable(found, groupBy, shown);
      }),
  });
}
